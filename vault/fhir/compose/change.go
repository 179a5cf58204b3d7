package compose

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"phivault/vault/fhir"
)

// FieldError says which field cannot be as it was written, and why. It quotes
// nothing of the record.
type FieldError struct {
	Key    Key
	Reason string // a clause: "is not a number"
}

func (e *FieldError) Error() string { return string(e.Key) + " " + e.Reason }

// Change gives a resource with fields changed; "" takes a field away. What is
// written as it stands is no change. A value that changes while a flag is stated
// for it needs the flag among the changes, kept, changed or "". The error is a
// *FieldError.
func Change(resource []byte, in Values) ([]byte, error) {
	fields := Fields(resource)
	for key := range in {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Key == key }) {
			return nil, &FieldError{key, "is no field of this record"}
		}
	}
	out, measured := resource, false
	for _, f := range fields {
		text, written := in[f.Key]
		if !written || text == f.Text {
			continue
		}
		patches, err := f.patches(text)
		if err != nil {
			return nil, err
		}
		if out, err = fhir.Apply(out, patches...); err != nil {
			return nil, &FieldError{f.Key, "stands in a place of another shape"}
		}
		measured = measured || f.Key == Value || f.Key == Unit || strings.HasPrefix(string(f.Key), component)
		if f.kind == anAnswer && !IsDecimal(text) && in[Unit] != "" {
			return nil, &FieldError{Unit, "needs a number"}
		}
	}
	if _, said := in[Flag]; measured && !said && slices.ContainsFunc(fields, func(f Field) bool { return f.Key == Flag }) {
		return nil, &FieldError{Flag, "was stated for the value before: keep it, change it or take it away"}
	}
	return out, nil
}

func (f *Field) patches(text string) ([]fhir.Patch, error) {
	switch {
	case f.Off != "":
		return nil, &FieldError{f.Key, "cannot be changed by itself: " + f.Off}
	case text == "" && f.Must:
		return nil, &FieldError{f.Key, "cannot be taken away"}
	case len(f.Of) > 0 && text != "" && !slices.Contains(f.Of, text):
		return nil, &FieldError{f.Key, "is none of " + strings.Join(f.Of, ", ")}
	}
	p := fhir.Patch{Path: f.emptied()}
	if text != "" {
		value, wrong := f.value(text)
		if wrong != "" {
			return nil, &FieldError{f.Key, wrong}
		}
		p = fhir.Patch{Path: f.path, Value: value}
		if f.kind == anAnswer && !IsDecimal(text) {
			p.Path = "valueString"
		}
	}
	list := []fhir.Patch{p}
	if text == "" && p.Path != f.path { // all around it went
		return list, nil
	}
	for _, s := range f.stale {
		list = append(list, fhir.Patch{Path: s})
	}
	return list, nil
}

// emptied is what goes when the field is taken away: what would be left empty
// around it goes with it.
func (f *Field) emptied() string {
	switch f.Key {
	case Text, Dose, Reaction, Flag:
		top, _, _ := strings.Cut(f.path, ".")
		return top
	}
	return f.path
}

// value gives a text as JSON, or what is wrong with it.
func (f *Field) value(text string) (value json.RawMessage, wrong string) {
	switch f.kind {
	case aNumber:
		if !IsDecimal(text) {
			return nil, "is not a number"
		}
		return json.RawMessage(text), ""
	case anAnswer:
		if IsDecimal(text) {
			return json.RawMessage(text), ""
		}
	case aDate:
		if !IsDateTime(text) {
			return nil, "is not a date"
		}
		if f.path == "date" && !strings.Contains(text, "T") {
			return nil, "needs a time and its zone here"
		}
	case aDay:
		if !IsDate(text) {
			return nil, "is not a date"
		}
	case aStatus:
		if f.system != "" {
			return object{{"coding", []object{{{"system", f.system}, {"code", text}}}}}.bytes(), ""
		}
	case aCoding:
		if !IsCode(text) {
			return nil, "is not a code"
		}
		return fmt.Appendf(nil, "[%s]", coding(text).bytes()), ""
	case someWords:
		var words []string
		for w := range strings.FieldsSeq(text) {
			words = append(words, string(quoted(w)))
		}
		return fmt.Appendf(nil, "[%s]", strings.Join(words, ",")), ""
	case aBody:
		return quoted(base64.StdEncoding.EncodeToString([]byte(text))), ""
	case alone:
		return nil, "can be kept or taken away"
	}
	return quoted(text), ""
}
