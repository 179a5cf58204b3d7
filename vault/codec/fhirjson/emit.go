package fhirjson

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
)

// found is a resource as it was cut out. Its memory is its own.
type found struct {
	at    mark
	typ   string // resourceType when it is certain, else ""
	json  []byte
	cuts  []vault.Cut
	heads [][]byte
	over  string // why it was not kept
}

// found takes over what the scanner kept since start.
func (d *decoder) found(start mark, typ string) *found {
	s := d.res
	f := &found{at: start, typ: typ, cuts: s.cuts, heads: s.heads, over: s.over}
	if f.typ == "" {
		f.typ = firstType(s.buf)
	}
	if !d.unwanted(f) {
		f.json = bytes.Clone(s.buf)
	}
	return f
}

// unwanted: another type than the one asked for, for certain.
func (d *decoder) unwanted(f *found) bool {
	return d.o.Only != "" && f.typ != "" && f.typ != d.o.Only && f.over == ""
}

// firstType gives the resourceType when it is the first member and plainly
// written, as nearly all software does.
func firstType(json []byte) string {
	rest, ok := bytes.CutPrefix(skipSpace(bytes.TrimPrefix(json, []byte{'{'})), []byte(`"resourceType"`))
	if !ok {
		return ""
	}
	if rest, ok = bytes.CutPrefix(skipSpace(rest), []byte{':'}); !ok {
		return ""
	}
	if rest, ok = bytes.CutPrefix(skipSpace(rest), []byte{'"'}); !ok {
		return ""
	}
	n := bytes.IndexByte(rest[:min(len(rest), 65)], '"')
	if n < 0 || bytes.IndexByte(rest[:n], '\\') >= 0 {
		return ""
	}
	return string(rest[:n])
}

// emit gives the resource, or its refusal.
func (d *decoder) emit(f *found, fullURL string) error {
	if f.over != "" {
		return d.refuse(f.at, f.over)
	}
	if d.unwanted(f) {
		return nil
	}
	r, err := fhir.Options{Depth: d.o.Limits.Depth, Note: f.head}.Parse(f.json, f.cuts)
	if err != nil {
		var syntax *fhir.SyntaxError
		if !errors.As(err, &syntax) {
			return err
		}
		return d.refuse(f.locate(syntax.Offset), syntax.Reason)
	}
	if d.o.Only != "" && r.Type != d.o.Only {
		return nil
	}
	return d.give(vault.Item{Input: d.name, Place: d.itemPlace(f.at), FullURL: strings.Clone(fullURL), Resource: r}, nil)
}

// head gives the beginning of an attachment to full-text search.
func (f *found) head(c vault.Cut) []byte {
	for i := range f.cuts {
		if f.cuts[i].Offset == c.Offset {
			return f.heads[i]
		}
	}
	return nil
}

func (d *decoder) itemPlace(at mark) string {
	switch {
	case d.entry > 0 && d.src.byLine:
		return fmt.Sprintf("line %d, entry %d", at.line, d.entry)
	case d.entry > 0:
		return fmt.Sprintf("entry %d", d.entry)
	case d.src.byLine:
		return fmt.Sprintf("line %d", at.line)
	}
	return ""
}

// locate gives the place in the file of an offset in the resource's JSON,
// from which attachments were cut out.
func (f *found) locate(offset int64) mark {
	offset = min(max(offset, 0), int64(len(f.json)))
	before, m := f.json[:offset], f.at
	lineStart := int64(-1)
	if i := bytes.LastIndexByte(before, '\n'); i >= 0 {
		lineStart = int64(i) + 1
		m.line += int64(bytes.Count(before, []byte{'\n'}))
		m.column = 1 + offset - lineStart
	} else {
		m.column += offset
	}
	m.offset += offset
	for _, c := range f.cuts {
		if c.Offset < offset {
			n := (c.Size + 2) / 3 * 4
			m.offset += n
			if c.Offset >= lineStart {
				m.column += n
			}
		}
	}
	return m
}
