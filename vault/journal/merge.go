package journal

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"phivault/vault"
)

var _ vault.Merger = Merge

// Merge merges two revisions of a record where FHIR.md's rule 10 allows it: of a
// Patient the fields telecom, address and contact, of an Appointment any that the
// two sides did not both touch. Everything else is nil: a person decides. The
// result is a's bytes with b's fields spliced in, the same whichever way round
// the two are given.
func Merge(ancestor, a, b *vault.Resource) []byte {
	if ancestor.Type != a.Type || a.Type != b.Type || len(ancestor.Cuts)+len(a.Cuts)+len(b.Cuts) > 0 {
		return nil
	}
	var may func(string) bool
	switch a.Type {
	case "Patient":
		may = func(k string) bool { return slices.Contains([]string{"telecom", "address", "contact"}, k) }
	case "Appointment":
		may = func(string) bool { return true }
	default:
		return nil
	}
	if bytes.Compare(a.JSON, b.JSON) > 0 {
		a, b = b, a
	}
	old, ok1 := members(ancestor.JSON)
	left, ok2 := members(a.JSON)
	right, ok3 := members(b.JSON)
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	l, r := changes(old, left), changes(old, right)
	// A member and its companion with an underscore (extensions of a primitive)
	// are one field.
	touched := map[string]bool{}
	for k := range l {
		touched[strings.TrimPrefix(k, "_")] = true
	}
	for k := range r {
		if touched[strings.TrimPrefix(k, "_")] {
			return nil
		}
		touched[strings.TrimPrefix(k, "_")] = true
	}
	for k := range touched {
		if !may(k) {
			return nil
		}
	}
	return splice(a.JSON, left, r)
}

// field is a top-level member: its text from the key to the end of the value.
type field struct {
	key        string
	start, end int
	value      []byte
}

// members finds the top-level members of a JSON object.
func members(b []byte) (fields []field, ok bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		start := int(d.InputOffset())
		for start < len(b) && b[start] != '"' {
			start++
		}
		t, err := d.Token()
		key, isText := t.(string)
		if err != nil || !isText {
			return nil, false
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, false
		}
		fields = append(fields, field{key, start, int(d.InputOffset()), v})
	}
	return fields, true
}

// changes gives what became of each member that differs: nil when it is gone.
func changes(old, now []field) map[string]*field {
	find := func(in []field, k string) *field {
		if i := slices.IndexFunc(in, func(f field) bool { return f.key == k }); i >= 0 {
			return &in[i]
		}
		return nil
	}
	out := map[string]*field{}
	for _, f := range now {
		if o := find(old, f.key); o == nil || !bytes.Equal(o.value, f.value) {
			out[f.key] = &f
		}
	}
	for _, f := range old {
		if find(now, f.key) == nil {
			out[f.key] = nil
		}
	}
	return out
}

// splice puts the changes into text, whose members are fields.
func splice(text []byte, fields []field, changes map[string]*field) []byte {
	var kept [][]byte
	for _, f := range fields {
		c, changed := changes[f.key]
		switch {
		case !changed:
			kept = append(kept, text[f.start:f.end])
		case c != nil:
			kept = append(kept, slices.Concat(text[f.start:f.end-len(f.value)], c.value))
		}
		delete(changes, f.key)
	}
	var added []string
	for k, c := range changes {
		if c != nil {
			added = append(added, k)
		}
	}
	slices.Sort(added)
	for _, k := range added {
		key, err := json.Marshal(k)
		if err != nil {
			return nil
		}
		kept = append(kept, slices.Concat(key, []byte(":"), changes[k].value))
	}
	if len(kept) == 0 || len(fields) == 0 {
		return nil
	}
	between := []byte(",")
	if len(fields) > 1 {
		between = text[fields[0].end:fields[1].start]
	}
	return slices.Concat(text[:fields[0].start], bytes.Join(kept, between), text[fields[len(fields)-1].end:])
}
