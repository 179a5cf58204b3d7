package fhir

import (
	"github.com/go-json-experiment/json/jsontext"
)

// node is one value of a document. Offsets are into its JSON; strings and names
// are without their quotes, containers with their brackets.
type node struct {
	name, nameEnd uint32 // both 0 for what is no member
	start, end    uint32
	next          uint32 // the node after this one and all that is in it
	kind          byte   // as jsontext.Kind: { [ " 0 t f n
	escaped       bool
	nameEscaped   bool
}

// doc is a scanned document. A value is named by its index in nodes, 0 being
// the whole; none is the value that is not there, and every method takes it.
type doc struct {
	json  []byte
	src   string // json again, when it is small
	nodes []node
	said  Said
}

const none = -1

func (d *doc) kind(i int) byte {
	if i < 0 {
		return 0
	}
	return d.nodes[i].kind
}

// slice gives the text between two offsets without allocating for each one.
func (d *doc) slice(a, b uint32) string {
	if d.src != "" {
		return d.src[a:b]
	}
	return string(d.json[a:b])
}

// quoted gives the text of a string or a name, given without its quotes.
func (d *doc) quoted(a, b uint32, escaped bool) string {
	if !escaped {
		return d.slice(a, b)
	}
	s, err := jsontext.AppendUnquote(nil, d.json[a-1:b+1])
	if err != nil {
		panic("fhir: a scanned string does not read: " + err.Error())
	}
	return string(s)
}

func (d *doc) name(i int) string {
	n := &d.nodes[i]
	return d.quoted(n.name, n.nameEnd, n.nameEscaped)
}

func (d *doc) named(i int, name string) bool {
	n := &d.nodes[i]
	if !n.nameEscaped {
		return string(d.json[n.name:n.nameEnd]) == name
	}
	return d.name(i) == name
}

// get gives the member of an object; nulls are not there.
func (d *doc) get(obj int, name string) int {
	if d.kind(obj) != '{' {
		return none
	}
	for i, end := obj+1, int(d.nodes[obj].next); i < end; i = int(d.nodes[i].next) {
		if d.named(i, name) {
			if d.nodes[i].kind == 'n' {
				return none
			}
			return i
		}
	}
	return none
}

// span gives the first and the end of the values in i: those of an array, or i
// alone, because versions of FHIR differ in what may repeat. Go on with after.
func (d *doc) span(i int) (first, end int) {
	switch d.kind(i) {
	case 0:
		return 0, 0
	case '[':
		return i + 1, int(d.nodes[i].next)
	}
	return i, int(d.nodes[i].next)
}

// members gives the first and the end of an object's members.
func (d *doc) members(i int) (first, end int) {
	if d.kind(i) != '{' {
		return 0, 0
	}
	return i + 1, int(d.nodes[i].next)
}

func (d *doc) after(i int) int { return int(d.nodes[i].next) }

// str gives the text of a string, "" for anything else.
func (d *doc) str(i int) string {
	if d.kind(i) != '"' {
		return ""
	}
	n := &d.nodes[i]
	return d.quoted(n.start, n.end, n.escaped)
}

// literal gives a string, or a number or boolean exactly as it is written.
func (d *doc) literal(i int) string {
	switch d.kind(i) {
	case '"':
		return d.str(i)
	case '0', 't', 'f':
		return d.slice(d.nodes[i].start, d.nodes[i].end)
	}
	return ""
}

// text gives the string member name of obj.
func (d *doc) text(obj int, name string) string { return d.str(d.get(obj, name)) }

// path is a way down through members, arrays being walked through.
type path []string

// find gives the first value at p for which ok holds, depth first.
func (d *doc) find(i int, p path, ok func(d *doc, i int) bool) int {
	for c, end := d.span(i); c < end; c = d.after(c) {
		if len(p) == 0 {
			if d.kind(c) != 'n' && ok(d, c) {
				return c
			}
			continue
		}
		if m := d.get(c, p[0]); m != none {
			if f := d.find(m, p[1:], ok); f != none {
				return f
			}
		}
	}
	return none
}
