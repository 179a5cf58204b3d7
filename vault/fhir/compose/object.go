package compose

import (
	"bytes"
	"encoding/json"
)

// member and object write JSON with its members in the order given.
type member struct {
	name  string
	value any
}
type object []member

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(append(quoted(m.name), ':'))
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // Encode's line break
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (o *object) put(name string, value any) { *o = append(*o, member{name, value}) }

// bytes gives the object's JSON with characters as they were typed.
func (o object) bytes() []byte {
	b, err := o.MarshalJSON()
	if err != nil {
		panic("compose: " + err.Error()) // values are strings, numbers that were checked, and these
	}
	return b
}

// quoted writes a JSON string without escaping what needs none.
func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
