package fhirjson

import (
	"bytes"

	"phivault/vault"
	"phivault/vault/fhir"
)

// wholeLine reads a line that is in memory to its end and is plainly one resource, or
// cannot hold the type asked for, as nearly all lines are. It reports false and has
// moved nowhere when the line is to be read step by step: whatever is unusual in it, and
// what is to be refused, is found there.
func (d *decoder) wholeLine() (done bool, err error) {
	if d.src.lim == d.src.end {
		return false, nil
	}
	line := skipSpace(d.src.window())
	if len(line) == 0 {
		return false, nil
	}
	if d.o.Only != "" {
		if bytes.Contains(line, d.only) || bytes.Contains(line, escapedLetter) {
			return false, nil
		}
		d.src.pos = d.src.lim
		return true, nil
	}
	if len(line) >= vault.CutAt || int64(len(line)) > d.o.Limits.Resource {
		return false, nil
	}
	if typ := firstType(line); line[0] != '{' || typ == "" || typ == "Bundle" {
		return false, nil
	}
	r, err := fhir.Options{Depth: d.o.Limits.Depth}.Parse(bytes.Clone(bytes.TrimRight(line, " \t\r")), nil)
	if err != nil {
		return false, nil
	}
	d.entry, d.kind = 0, resource
	d.src.pos = d.src.lim - len(line)
	at := d.src.mark()
	d.src.pos = d.src.lim
	return true, d.give(vault.Item{Input: d.name, Place: d.itemPlace(at), Resource: r}, nil)
}

// escapedLetter begins the only way to write a letter other than as itself.
var escapedLetter = []byte(`\u`)
