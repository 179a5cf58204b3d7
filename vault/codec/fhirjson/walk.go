package fhirjson

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// What a top-level object has turned out to be.
const (
	unknown = iota
	resource
	bundle
)

// mostNames bounds the members of a Bundle or an entry.
const mostNames = 128

// walker reads the members of an object around resources.
type walker struct {
	s     *scanner
	names []string
}

// member goes to the value of the next member and gives its name; "" and false
// at the end of the object.
func (w *walker) member() (name string, ok bool, err error) {
	c, err := w.s.space()
	if err != nil {
		return "", false, err
	}
	if len(w.names) > 0 || c == '}' {
		switch c {
		case '}':
			w.s.take(1)
			return "", false, nil
		case ',':
			w.s.take(1)
			if c, err = w.s.space(); err != nil {
				return "", false, err
			}
		default:
			return "", false, w.s.unexpected(c, "a comma or a closing bracket is missing")
		}
	}
	if c != '"' {
		return "", false, w.s.unexpected(c, "a member name is not in quotes")
	}
	name, n, err := w.s.name()
	if err != nil {
		return "", false, err
	}
	if slices.Contains(w.names, name) {
		return "", false, w.s.fault("a member name occurs twice in one object")
	}
	if len(w.names) >= mostNames {
		return "", false, w.s.fault("an object of the Bundle has too many members")
	}
	w.names = append(w.names, name)
	w.s.take(n)
	if c, err = w.s.space(); err != nil {
		return "", false, err
	}
	if c != ':' {
		return "", false, w.s.unexpected(c, "a colon is missing after a member name")
	}
	w.s.take(1)
	if c, err = w.s.space(); err == nil && (class[c] == joins || class[c] == closes) {
		err = w.s.fault("a value is missing")
	}
	return name, true, err
}

// mostName bounds a member's name, quotes included.
const mostName = 512

// name reads the member name that begins here without moving. n is its length
// in the file.
func (s *scanner) name() (name string, n int, err error) {
	p := s.src.peek(mostName)
	for n = 1; n < len(p) && p[n] != '"'; n++ {
		if p[n] == '\\' {
			n++
		}
	}
	if n >= len(p) {
		if len(p) < mostName {
			return "", 0, errEnded
		}
		return "", 0, s.fault("a member name is too long")
	}
	n++
	if bytes.IndexByte(p[:n], '\\') < 0 {
		return string(p[1 : n-1]), n, nil
	}
	b, err := jsontext.AppendUnquote(nil, p[:n])
	if err != nil {
		return "", 0, s.fault("a member name is not a valid string")
	}
	return string(b), n, nil
}

func (s *scanner) unexpected(c byte, reason string) error {
	if c == '/' {
		reason = "comments are not JSON"
	}
	return s.fault(reason)
}

// short gives the string that begins here without moving; "" when it is none,
// has more than most bytes or escapes.
func (s *scanner) short(most int) string {
	p := s.src.peek(most + 2)
	if p[0] != '"' {
		return ""
	}
	n := bytes.IndexByte(p[1:], '"')
	if n < 0 || bytes.IndexByte(p[1:n+1], '\\') >= 0 {
		return ""
	}
	return string(p[1 : n+1])
}

// top reads the object that begins here, a resource or a Bundle, and gives what
// is in it. goesOn, when not nil, says that what follows belongs to the file.
func (d *decoder) top(goesOn func() bool) error {
	d.entry, d.kind = 0, unknown
	start := d.src.mark()
	s := d.res
	s.reset(true)
	switch c := d.src.window()[0]; c {
	case '{':
		s.take(1)
	case '[':
		return s.fault("it is a JSON array; FHIR puts several resources into a Bundle or on lines")
	default:
		return s.unexpected(c, "it is not a JSON object")
	}
	typ, err := d.members()
	if d.kind == bundle {
		if err := d.flush(); err != nil {
			return err
		}
		if err == nil && typ != "Bundle" {
			err = d.refuse(start, "it has entries of a Bundle and does not say that it is one")
		}
		if err != nil {
			return err
		}
		return d.after(goesOn)
	}
	if err != nil {
		return err
	}
	found := d.found(start, typ)
	if err := d.after(goesOn); err != nil {
		return err
	}
	return d.emit(found, "")
}

// after refuses text after the end.
func (d *decoder) after(goesOn func() bool) error {
	d.res.keep = false
	c, err := d.res.space()
	if err != nil {
		return nil // the end; what else ended the reading is reported later
	}
	if goesOn != nil && goesOn() {
		d.src.byLine = true
		d.src.limit()
		return nil
	}
	return d.res.unexpected(c, "something follows after its end")
}

// members reads the members of a top-level object. A Bundle's entries are given
// on the way; of anything else, the bytes are in d.res at the end.
func (d *decoder) members() (typ string, err error) {
	s, b := d.res, bundleState{}
	w := walker{s: s}
	for {
		name, ok, err := w.member()
		if err != nil || !ok {
			return typ, err
		}
		switch {
		case name == "resourceType":
			typ = s.short(64)
			if typ == "Bundle" && d.kind == unknown {
				d.becomeBundle()
			} else if typ != "" && d.kind == unknown {
				d.kind = resource
				if err := s.value(); err != nil {
					return typ, err
				}
				return typ, s.object()
			}
			err = s.value()
		case name == "entry" && (d.kind == bundle || d.looksLikeEntries()):
			d.becomeBundle()
			err = d.entries(&b)
		case d.kind == bundle:
			err = d.around(name, &b)
		default:
			err = s.value()
		}
		if err != nil {
			return typ, err
		}
	}
}

// becomeBundle lets go of the bytes kept so far: a Bundle is not stored.
func (d *decoder) becomeBundle() {
	d.kind = bundle
	d.res.reset(false)
}

// looksLikeEntries tells the entries of a Bundle, whose type has not been said
// yet, from those of a List (https://hl7.org/fhir/R4/list.html).
func (d *decoder) looksLikeEntries() bool {
	p := d.src.peek(8 << 10)
	if len(p) == 0 || p[0] != '[' {
		return false
	}
	if p = skipSpace(p[1:]); len(p) == 0 || p[0] != '{' {
		return false
	}
	p = skipSpace(p[1:])
	for _, name := range []string{`"fullUrl"`, `"resource"`, `"request"`, `"response"`, `"search"`, `"link"`} {
		if bytes.HasPrefix(p, []byte(name)) {
			return true
		}
	}
	for _, name := range []string{`"item"`, `"flag"`, `"date"`, `"deleted"`} {
		if bytes.HasPrefix(p, []byte(name)) {
			return false
		}
	}
	return bytes.Contains(p, []byte(`"resource"`)) || bytes.Contains(p, []byte(`"fullUrl"`))
}
