package fhir

import (
	"fmt"
	"strings"

	"phivault/vault"
)

// observed writes an Observation's value and its components with what they are
// to be compared with.
func (p *page) observed(obj, depth int) {
	first, end := p.d.span(p.d.get(obj, "component"))
	own := p.d.measure(obj)
	if p.valueMember(obj) != none || own.Absent != "" || first >= end {
		p.measure("Value", own, obj, depth)
	}
	for c := first; c < end && !p.full(); c = p.d.after(c) {
		m := p.d.measure(c)
		p.measure(m.Name, m, c, depth)
		for i, last := p.d.members(c); i < last && !p.full(); i = p.d.after(i) {
			switch name := p.d.name(i); {
			case name == "id", name == "code", name == "interpretation", name == "referenceRange", name == "dataAbsentReason",
				matches(name, "value[x]"):
			default:
				p.member(i, depth+1)
			}
		}
	}
}

func (p *page) valueMember(obj int) int {
	for i, end := p.d.members(obj); i < end; i = p.d.after(i) {
		if matches(p.d.name(i), "value[x]") && p.d.kind(i) != 'n' {
			return i
		}
	}
	return none
}

// measure writes one value; obj is the Observation or component it is of.
func (p *page) measure(label string, m vault.Measure, obj, depth int) {
	value := p.valueMember(obj)
	switch {
	case m.Value != "":
		text := amount{value: m.Value, unit: m.Unit}.say()
		if p.d.kind(value) == '"' {
			text = p.d.when(text)
		}
		p.add(depth, label, text)
		if t := p.d.datatype(value); t != nil {
			p.leftover(value, t, depth+1)
		}
	case value != none: // signals, pictures
		p.add(depth, label, "")
		p.member(value, depth+1)
	case m.Absent != "":
		p.add(depth, label, "no value: "+m.Absent)
	default:
		p.add(depth, label, notStated)
	}
	if m.Flag != "" {
		p.add(depth+1, "Flag", sayFlag(m.Flag))
	}
	p.add(depth+1, "Range", sayRange(m))
}

func sayRange(m vault.Measure) string {
	switch {
	case m.Low != "" && m.High != "":
		return amount{value: m.Low + "–" + m.High, unit: m.Unit}.say()
	case m.Low != "":
		return amount{value: ">=" + m.Low, unit: m.Unit}.say()
	case m.High != "":
		return amount{value: "<=" + m.High, unit: m.Unit}.say()
	case m.Range != "":
		return m.Range
	}
	return noRange
}

// sayFlag gives an interpretation with the symbol and the words that HL7
// defines for it (https://terminology.hl7.org/CodeSystem-v3-ObservationInterpretation.html).
func sayFlag(flag string) string {
	switch flag {
	case "H":
		return "▲ H, high"
	case "HH":
		return "▲▲ HH, critically high"
	case "HU":
		return "▲ HU, significantly high"
	case "L":
		return "▼ L, low"
	case "LL":
		return "▼▼ LL, critically low"
	case "LU":
		return "▼ LU, significantly low"
	case "A":
		return "◆ A, abnormal"
	case "AA":
		return "◆◆ AA, critically abnormal"
	case "N":
		return "N, normal"
	}
	return flag
}

// sections writes the sections of a Composition, each with its narrative.
func (p *page) sections(obj, depth int) {
	d, i := p.d, p.d.get(obj, "section")
	for c, end := d.span(i); c < end && !p.full(); c = d.after(c) {
		title := d.text(c, "title")
		if title == "" {
			title = d.label(d.get(c, "code"), false)
		}
		p.add(depth, "Section", title)
		if s := d.text(d.get(c, "text"), "div"); s != "" {
			p.paragraph(depth+1, "Text", markupLines(s))
		}
		for m, last := d.members(c); m < last && !p.full(); m = d.after(m) {
			switch d.name(m) {
			case "id", "title", "text":
			case "section":
				p.sections(c, depth+1)
			default:
				p.member(m, depth+1)
			}
		}
	}
}

// attachment writes what a document is and, when it is text, the text.
func (p *page) attachment(i int, label string, depth int) {
	d := p.d
	parts := []string{}
	for _, name := range [...]string{"title", "contentType", "creation", "language", "url"} {
		if s := d.text(i, name); s != "" {
			parts = append(parts, d.when(s))
		}
	}
	data := d.get(i, "data")
	if size := p.size(data); size >= 0 {
		parts = append(parts, fmt.Sprintf("%d bytes", size))
	} else if s := d.literal(d.get(i, "size")); s != "" {
		parts = append(parts, s+" bytes")
	}
	p.add(depth, label, strings.Join(parts, ", "))
	p.text(data, d.text(i, "contentType"), depth+1)
}

// binary writes the content of a Binary; DSTU2 calls it content.
func (p *page) binary(obj, depth int) {
	i := p.d.get(obj, "data")
	if i == none {
		i = p.d.get(obj, "content")
	}
	size := p.size(i)
	if size < 0 {
		p.add(depth, "Content", notStated)
		return
	}
	p.add(depth, "Content", fmt.Sprintf("%d bytes", size))
	p.text(i, p.d.text(obj, "contentType"), depth+1)
}

// text writes base64 of a text type as the lines it holds.
func (p *page) text(data int, contentType string, depth int) {
	kind, ok := textType(contentType)
	if !ok || p.d.kind(data) != '"' {
		return
	}
	raw := decodeBase64(nil, []byte(p.d.str(data)))
	if kind.markup {
		kind.markup = false
		p.paragraph(depth, "Text", markupLines(string(kind.decode(raw))))
		return
	}
	if len(raw) > 0 {
		p.paragraph(depth, "Text", string(kind.decode(raw)))
	}
}

// size gives the bytes that a base64 string stands for, -1 when there is none.
func (p *page) size(data int) int64 {
	if p.d.kind(data) != '"' {
		return -1
	}
	if c, ok := cutAt(p.cuts, p.d.nodes[data].start); ok {
		return c.Size
	}
	s := p.d.str(data)
	return int64(len(strings.TrimRight(strings.Join(strings.Fields(s), ""), "="))) * 3 / 4
}
