package fhir

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"phivault/vault"
)

// Canonical gives the one form that JSON texts of equal meaning share: members
// sorted by the bytes of their names, no white space, in strings only the
// escapes that RFC 8259 demands, numbers as they are written (1.0 and 1.00 are
// two values in FHIR). It takes any JSON value; the error is a *SyntaxError.
func Canonical(json []byte) ([]byte, error) {
	s := newScratch()
	defer s.free()
	d, err := s.scan(json, 0)
	if err != nil {
		return nil, err
	}
	return d.canonical(make([]byte, 0, len(json)), 0, nil), nil
}

// ContentHash names content: the SHA-256 of the canonical form, in which each
// attachment that was cut out is stood in for by its size and hash. It is the
// identity of a resource without an id.
func ContentHash(json []byte, cuts []vault.Cut) (vault.Hash, error) {
	s := newScratch()
	defer s.free()
	d, err := s.scan(json, 0)
	if err != nil {
		return vault.Hash{}, err
	}
	if err := checkCuts(&d, cuts); err != nil {
		return vault.Hash{}, err
	}
	return sha256.Sum256(d.canonical(make([]byte, 0, len(json)), 0, cuts)), nil
}

func (d *doc) canonical(b []byte, i int, cuts []vault.Cut) []byte {
	n := &d.nodes[i]
	switch n.kind {
	case '{':
		return d.canonicalObject(b, i, cuts)
	case '[':
		b = append(b, '[')
		for c := i + 1; c < int(n.next); c = d.after(c) {
			if c > i+1 {
				b = append(b, ',')
			}
			b = d.canonical(b, c, cuts)
		}
		return append(b, ']')
	case '"':
		if c, ok := cutAt(cuts, n.start); ok {
			// A NUL stands in no canonical string, so no content looks like this.
			b = append(b, '"', 0)
			b = strconv.AppendInt(b, c.Size, 10)
			b = hex.AppendEncode(append(b, ':'), c.SHA256[:])
			return append(b, '"')
		}
		return appendQuoted(b, d.str(i))
	}
	return append(b, d.json[n.start:n.end]...)
}

func (d *doc) canonicalObject(b []byte, i int, cuts []vault.Cut) []byte {
	type entry struct {
		name  string
		value int
	}
	var few [24]entry
	all := few[:0]
	for c, end := d.members(i); c < end; c = d.after(c) {
		all = append(all, entry{d.name(c), c})
	}
	slices.SortFunc(all, func(x, y entry) int { return strings.Compare(x.name, y.name) })
	b = append(b, '{')
	for k, e := range all {
		if k > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, e.name), ':')
		b = d.canonical(b, e.value, cuts)
	}
	return append(b, '}')
}

// appendQuoted appends s as a JSON string with as few escapes as can be.
func appendQuoted(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if short := strings.IndexByte("\"\\\b\f\n\r\t", c); short >= 0 {
			b = append(b, '\\', `"\bfnrt`[short])
		} else {
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}

// cutAt gives the cut at an offset; cuts ascend.
func cutAt(cuts []vault.Cut, offset uint32) (vault.Cut, bool) {
	i, ok := slices.BinarySearchFunc(cuts, int64(offset), func(c vault.Cut, at int64) int {
		return int(c.Offset - at)
	})
	if !ok {
		return vault.Cut{}, false
	}
	return cuts[i], true
}

// Contained gives the bytes of the resource with this id in another's
// contained. ok is false when there is none, when there are several, and when
// json does not read.
func Contained(json []byte, id string) (raw []byte, ok bool) {
	s := newScratch()
	defer s.free()
	d, err := s.scan(json, 0)
	if err != nil {
		return nil, false
	}
	c := d.contained(0, id)
	if c == none || d.kind(c) != '{' {
		return nil, false
	}
	return json[d.nodes[c].start:d.nodes[c].end:d.nodes[c].end], true
}
