package fhir

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// member writes one member and all that is in it under its own name.
func (p *page) member(i, depth int) {
	name := p.d.name(i)
	label := words(name)
	switch name {
	case "extension", "modifierExtension":
		for c, end := p.d.span(i); c < end && !p.full(); c = p.d.after(c) {
			p.extension(c, name, depth)
		}
		return
	case "referenceRange":
		for c, end := p.d.span(i); c < end && !p.full(); c = p.d.after(c) {
			p.add(depth, "Range", p.d.rangeText(c))
		}
		return
	}
	p.values(i, label, depth, name)
}

// values writes a value, or each of several, under a label.
func (p *page) values(i int, label string, depth int, name string) {
	for c, end := p.d.span(i); c < end && !p.full(); c = p.d.after(c) {
		switch p.d.kind(c) {
		case 'n':
		case '[':
			p.values(c, label, depth, name)
		case '{':
			p.object(c, label, depth)
		case '"':
			p.words(c, label, depth, name)
		default:
			p.add(depth, label, p.d.say(c))
		}
	}
}

// words writes a string: prose over as many lines as it has, base64 as a size.
func (p *page) words(i int, label string, depth int, name string) {
	cut, apart := cutAt(p.cuts, p.d.nodes[i].start)
	switch {
	case apart: // a long text that happens to be base64 is kept beside the others
		p.add(depth, label, fmt.Sprintf("%d characters of base64", base64.StdEncoding.EncodedLen(int(cut.Size))))
	case memberKind([]byte(name)) == binary:
		p.add(depth, label, fmt.Sprintf("%d characters of base64", len(p.d.str(i))))
	case name == "div":
		p.paragraph(depth, label, markupLines(p.d.str(i)))
	default:
		p.paragraph(depth, label, p.d.when(p.d.str(i)))
	}
}

// object writes a value of a known datatype as one line, what that line leaves
// out below it, and any other object member by member.
func (p *page) object(i int, label string, depth int) {
	t := p.d.datatype(i)
	if t == nil {
		p.add(depth, label, p.heading(i))
	} else if t == &attachmentType {
		p.attachment(i, label, depth)
	} else {
		p.add(depth, label, p.d.say(i))
	}
	p.leftover(i, t, depth+1)
}

// leftover writes the members of an object that its line does not tell.
func (p *page) leftover(i int, t *datatype, depth int) {
	for c, end := p.d.members(i); c < end && !p.full(); c = p.d.after(c) {
		if name := p.d.name(c); name != "id" && (t == nil || !t.covers(name)) {
			p.member(c, depth)
		}
	}
}

// heading gives an element of a resource a line of its own where it has words.
func (p *page) heading(i int) string {
	if t := p.d.text(i, "resourceType"); t != "" {
		return words(t)
	}
	return ""
}

// extension writes one extension under the last word of its address.
func (p *page) extension(i int, kind string, depth int) {
	url := strings.TrimRight(p.d.text(i, "url"), "/")
	label := url[strings.LastIndexByte(url, '/')+1:]
	if kind == "modifierExtension" {
		label += " (may change the meaning)"
	}
	before := len(p.lines)
	for c, end := p.d.members(i); c < end && !p.full(); c = p.d.after(c) {
		switch name := p.d.name(c); {
		case name == "url" || name == "id":
		case strings.HasPrefix(name, "value"):
			p.values(c, label, depth, name)
		default:
			if len(p.lines) == before {
				p.add(depth, label, "")
			}
			p.member(c, depth+1)
		}
	}
	if len(p.lines) == before {
		p.add(depth, label, notStated)
	}
}
