package fhir

import (
	"bytes"
	"sync"
)

// Outline is what places a resource among others: the same type, id and date
// that Parse gives.
type Outline struct{ Type, ID, Date string }

// outlineNames are the top-level members that an outline is made of.
var outlineNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{"resourceType": true, "id": true}
	add := func(sh shape) {
		for _, p := range sh.date {
			names[p[0]] = true
		}
	}
	add(generic())
	for _, sh := range shapes() {
		add(sh)
	}
	return names
})

// OutlineOf reads the outline of a resource that Parse has accepted, at a fraction
// of its cost: everything else is passed over by its quotes and brackets and not
// judged again. Of other text it gives an error or some outline, nothing worse.
func OutlineOf(json []byte) (Outline, error) {
	names := outlineNames()
	var buf [1 << 10]byte
	part := append(buf[:0], '{')
	i := skipSpaces(json, 0)
	if i >= len(json) || json[i] != '{' {
		return Outline{}, refuse(i, "it is not a JSON object")
	}
	for i = skipSpaces(json, i+1); i < len(json) && json[i] == '"'; i = skipSpaces(json, i) {
		begin, end := i, skipString(json, i)
		if i = skipSpaces(json, end); i >= len(json) || json[i] != ':' {
			return Outline{}, refuse(begin, "a member has no value")
		}
		i = skipValue(json, skipSpaces(json, i+1))
		if name := json[begin+1 : end-1]; names[string(name)] || bytes.IndexByte(name, '\\') >= 0 {
			if len(part) > 1 {
				part = append(part, ',')
			}
			part = append(part, json[begin:i]...)
		}
		if i = skipSpaces(json, i); i < len(json) && json[i] == ',' {
			i++
		}
	}
	s := newScratch()
	defer s.free()
	d, err := s.scanAs(append(part, '}'), 0, true)
	if err != nil {
		return Outline{}, err
	}
	return outlineOf(&d)
}

func outlineOf(d *doc) (o Outline, err error) {
	t := d.get(0, "resourceType")
	if t == none {
		return o, refuse(0, "it has no resourceType, so it is no FHIR resource")
	}
	o.Type, o.ID = d.str(t), d.text(0, "id")
	o.Date = d.date(0, shapeOf(o.Type))
	return o, nil
}

func skipSpaces(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\n' || p[i] == '\t' || p[i] == '\r') {
		i++
	}
	return i
}

// skipString gives the place behind the string that begins at i, at most the end.
func skipString(p []byte, i int) int {
	for i++; i < len(p); {
		n := bytes.IndexByte(p[i:], '"')
		if n < 0 {
			break
		}
		escape := bytes.IndexByte(p[i:i+n], '\\')
		if escape < 0 {
			return i + n + 1
		}
		i += escape + 2
	}
	return len(p)
}

// skipValue gives the place behind the value that begins at i, at most the end.
func skipValue(p []byte, i int) int {
	depth := 0
	for i < len(p) {
		switch p[i] {
		case '"':
			i = skipString(p, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // of what the value is in
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}
