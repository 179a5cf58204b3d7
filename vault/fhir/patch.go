package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Patch is a change of one value of a resource. Path goes down through members
// and, by number, through arrays: "code.coding.0.code". A nil Value takes the
// member away; otherwise Value is the JSON to stand there, and what is missing
// above it is made.
type Patch struct {
	Path  string
	Value json.RawMessage
}

// ErrPath is a patch that does not fit the resource: something else than the path
// says stands in its way.
var ErrPath = errors.New("the place is of another shape")

// Apply gives json with the patches done one after the other. Every byte that no
// patch is about stays as it is, digits, order and white space; json itself is
// not changed. The error is ErrPath or a *SyntaxError.
func Apply(json []byte, patches ...Patch) ([]byte, error) {
	for _, p := range patches {
		var err error
		if json, err = apply(json, p); err != nil {
			return nil, err
		}
	}
	return json, nil
}

func apply(b []byte, p Patch) ([]byte, error) {
	s := newScratch()
	defer s.free()
	d, err := s.scan(b, 0)
	if err != nil {
		return nil, err
	}
	at, steps := 0, strings.Split(p.Path, ".")
	for n, step := range steps {
		next, found, err := d.step(at, step)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %s", err, p.Path)
		case found:
			at = next
			continue
		case p.Value == nil:
			return b, nil
		}
		return d.insert(at, step, wrapped(steps[n+1:], p.Value)), nil
	}
	if p.Value == nil {
		return d.remove(at), nil
	}
	from, to := d.extent(at)
	return splice(b, from, to, p.Value), nil
}

// step goes one step down; a step that leads to what could be added is not found.
func (d *doc) step(at int, step string) (next int, found bool, err error) {
	i, aerr := strconv.Atoi(step)
	switch d.kind(at) {
	case '{':
		if aerr == nil {
			return 0, false, ErrPath
		}
		for c, end := d.members(at); c < end; c = d.after(c) {
			if d.named(c, step) {
				return c, true, nil
			}
		}
		return 0, false, nil
	case '[':
		if aerr != nil {
			return 0, false, ErrPath
		}
		n := 0
		for c, end := d.span(at); c < end; c = d.after(c) {
			if n == i {
				return c, true, nil
			}
			n++
		}
		if n == i {
			return 0, false, nil
		}
	}
	return 0, false, ErrPath
}

// wrapped puts value under the steps that are missing above it.
func wrapped(steps []string, value []byte) []byte {
	for i := len(steps) - 1; i >= 0; i-- {
		if _, err := strconv.Atoi(steps[i]); err == nil {
			value = []byte("[" + string(value) + "]")
			continue
		}
		name, _ := json.Marshal(steps[i])
		value = []byte("{" + string(name) + ":" + string(value) + "}")
	}
	return value
}

// extent is where a value stands, the quotes of a string with it.
func (d *doc) extent(i int) (from, to int) {
	n := &d.nodes[i]
	if n.kind == '"' {
		return int(n.start) - 1, int(n.end) + 1
	}
	return int(n.start), int(n.end)
}

// head is where a member or an element begins, its name with it.
func (d *doc) head(i int) int {
	if n := &d.nodes[i]; n.nameEnd > 0 {
		return int(n.name) - 1
	}
	from, _ := d.extent(i)
	return from
}

// insert adds a member, or an element, behind the last one of container at, laid
// out as its first one is.
func (d *doc) insert(at int, name string, value []byte) []byte {
	var last, first = none, none
	for c, end := at+1, int(d.nodes[at].next); c < end; c = d.after(c) {
		if first == none {
			first = c
		}
		last = c
	}
	var add []byte
	open := int(d.nodes[at].start) + 1
	place := open
	if last != none {
		_, place = d.extent(last)
		add = append(append(add, ','), d.json[open:d.head(first)]...)
	}
	if d.kind(at) == '{' {
		quoted, _ := json.Marshal(name)
		add = append(append(add, quoted...), ':')
		if first != none {
			from, _ := d.extent(first)
			_, after, _ := bytes.Cut(d.json[d.nodes[first].nameEnd:from], []byte(":"))
			add = append(add, after...)
		}
	}
	return splice(d.json, place, place, append(add, value...))
}

// remove takes a member or an element away with the comma that belongs to it.
func (d *doc) remove(i int) []byte {
	if i == 0 {
		return d.json
	}
	parent := i - 1
	for int(d.nodes[parent].next) <= i {
		parent--
	}
	from := d.head(i)
	_, to := d.extent(i)
	if next := d.after(i); next < int(d.nodes[parent].next) {
		return splice(d.json, from, d.head(next), nil)
	}
	for before := parent + 1; before < i; before = d.after(before) {
		if d.after(before) == i {
			_, from = d.extent(before)
		}
	}
	return splice(d.json, from, to, nil)
}

func splice(b []byte, from, to int, value []byte) []byte {
	out := make([]byte, 0, len(b)-(to-from)+len(value))
	out = append(append(out, b[:from]...), value...)
	return append(out, b[to:]...)
}
