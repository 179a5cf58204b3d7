package compose

import (
	"fmt"
	"slices"
	"strings"
)

// observation gives the fields of a measurement: what, its value or its
// components' values, the flag that was stated for it.
func (r reader) observation() []Field {
	fields := r.concept("code")
	if n := r.count("component"); n > 0 {
		for i := range n {
			fields = append(fields, r.component(i))
		}
	} else {
		fields = append(fields, r.value()...)
	}
	if r.has("interpretation") {
		f := Field{Key: Flag, path: "interpretation.0.coding.0.code", Text: r.text("interpretation.0.coding.0.code"),
			stale: []string{"interpretation.0.coding.0.display", "interpretation.0.text"}}
		if r.count("interpretation") != 1 || r.count("interpretation.0.coding") != 1 {
			f.kind, f.Text = alone, "stated in several codes"
		}
		fields = append(fields, f)
	}
	return slices.Concat(fields, r.date(Date, "effective", "DateTime"), r.status("Observation", "status", ""), r.remark())
}

// value gives the value and its unit.
func (r reader) value() []Field {
	const q = "valueQuantity"
	value := Field{Key: Value, Must: true, path: q + ".value", kind: aNumber, Text: r.text(q + ".value"), stale: []string{"dataAbsentReason"}}
	unit := Field{Key: Unit, path: q + ".unit", Text: r.text(q + ".unit"), stale: []string{q + ".code", q + ".system"}}
	if unit.Text == "" {
		unit.Text = r.text(q + ".code")
	}
	switch {
	case r.has(q + ".comparator"):
		value.Off = "it is stated with " + r.text(q+".comparator")
	case r.has(q):
	case r.has("valueString"):
		value.path, value.kind, value.Text = "valueString", aString, r.text("valueString")
		return []Field{value}
	case r.otherValue():
		value.Off = byJSON
		return []Field{value}
	default:
		value.kind = anAnswer
	}
	if r.has("referenceRange") {
		unit.Off = "the reference range is in this unit"
	}
	return []Field{value, unit}
}

// otherValue reports whether there is a value[x] of a kind without a field.
func (r reader) otherValue() bool {
	root, _ := r.root.(map[string]any)
	for name := range root {
		if strings.HasPrefix(name, "value") {
			return true
		}
	}
	return false
}

// component begins the key of a component, and its path.
const component = "component."

// component gives the value of one of several things measured at once. Its key
// is made from its place: "component.0".
func (r reader) component(i int) Field {
	path := fmt.Sprintf("%s%d.", component, i)
	f := Field{Must: true, Key: Key(strings.TrimSuffix(path, ".")), path: path + "valueQuantity.value", kind: aNumber, Text: r.text(path + "valueQuantity.value"),
		stale: []string{path + "dataAbsentReason"}}
	if f.Name = r.text(path + "code.text"); f.Name == "" {
		f.Name = r.text(path + "code.coding.0.display")
	}
	if u := r.text(path + "valueQuantity.unit"); u != "" {
		f.Name += " (" + u + ")"
	}
	switch {
	case r.has(path + "interpretation"):
		f.Off = "a flag was stated for it"
	case r.has(path + "valueQuantity.comparator"):
		f.Off = "it is stated with " + r.text(path+"valueQuantity.comparator")
	case !r.has(path + "valueQuantity"):
		f.Off = byJSON
	}
	return f
}
