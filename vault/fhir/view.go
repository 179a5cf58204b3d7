package fhir

import (
	"strings"
	"unicode"

	"phivault/vault"
)

// Line is one line of a readable view.
type Line struct {
	Depth int    // 0 for the resource's own members
	Label string // "" when the line goes on with what the one before it began
	Text  string // "" above lines of a greater depth
}

// maxLines bounds a view. What is beyond is said to be there, and is in the JSON.
const maxLines = 20_000

const (
	notStated = "not stated"
	noRange   = "no range supplied"
)

// Said is how a reader wants some things said. The zero value says them as they are
// written.
type Said struct {
	// Date says a date, dateTime or instant.
	Date func(written string) string
	// Name says what a reference means that has no words of its own; "" where
	// that is not known. With it, references with words say nothing else.
	Name func(reference string) string
}

// View writes a resource out for reading: the types that matter most in the
// order in which a clinician reads them, then whatever else they hold, and any
// other type as a tree. Nothing is judged: a flag or a range is shown when it is
// stated, and what a reader would look for and is not stated is said to be so.
// The lines hold no control characters.
func View(r *vault.Resource) []Line { return ViewSaid(r, Said{}) }

// ViewSaid is View with things said as a reader wants them.
func ViewSaid(r *vault.Resource, said Said) []Line {
	s := newScratch()
	defer s.free()
	d, err := s.scan(r.JSON, 1<<20)
	if err != nil || d.kind(0) != '{' {
		return []Line{{Label: "Problem", Text: "this record's bytes do not read as FHIR"}}
	}
	d.said = said
	p := &page{d: &d, cuts: r.Cuts}
	typ := d.text(0, "resourceType")
	p.add(0, words(typ), d.title(0, typ, shapeOf(typ)))
	p.warnings(typ)
	p.resource(0, typ, 0)
	return p.lines
}

// page collects the lines of a view.
type page struct {
	d     *doc
	cuts  []vault.Cut
	lines []Line
}

func (p *page) full() bool { return len(p.lines) >= maxLines }

// add writes one line, fit for a terminal.
func (p *page) add(depth int, label, text string) {
	switch {
	case len(p.lines) > maxLines:
		return
	case len(p.lines) == maxLines:
		p.lines = append(p.lines, Line{Label: "…", Text: "more than can be shown; the JSON has all of it"})
		return
	}
	p.lines = append(p.lines, Line{Depth: depth, Label: oneLine(label), Text: oneLine(text)})
}

// paragraph writes a text of several lines.
func (p *page) paragraph(depth int, label, text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if p.full() {
			p.add(depth, "", "")
			return
		}
		p.add(depth, label, line)
		label = ""
	}
}

// warnings says first what would mislead if it were read last.
func (p *page) warnings(typ string) {
	d := p.d
	switch d.status(0, shapeOf(typ)) {
	case "entered-in-error":
		p.add(0, "Caution", "entered in error")
	case "refuted":
		p.add(0, "Caution", "refuted")
	case "not-done":
		p.add(0, "Caution", "not done")
	}
	if d.kind(d.get(0, "doNotPerform")) == 't' {
		p.add(0, "Caution", "do not perform")
	}
	if first, end := d.span(d.get(0, "modifierExtension")); first < end {
		p.add(0, "Caution", "holds an extension that may change its meaning")
	}
}

// resource writes the fields of a type in their order, then the rest.
func (p *page) resource(obj int, typ string, depth int) {
	shown := map[string]bool{"resourceType": true, "id": true, "meta": true, "text": true, "contained": true}
	for _, f := range fields[typ] {
		p.field(obj, f, depth, shown)
	}
	for i, end := p.d.members(obj); i < end && !p.full(); i = p.d.after(i) {
		if !shown[p.d.name(i)] {
			p.member(i, depth)
		}
	}
	p.contained(obj, depth)
	p.narrative(obj, depth)
	for c, end := p.d.span(p.d.get(p.d.get(obj, "meta"), "security")); c < end && !p.full(); c = p.d.after(c) {
		p.add(depth, "Security label", p.d.label(c, false))
	}
	if id := p.d.text(obj, "id"); id != "" {
		p.add(depth, "FHIR id", id)
	}
}

// field writes one field of a type's list and marks its members as shown.
func (p *page) field(obj int, f field, depth int, shown map[string]bool) {
	before := len(p.lines)
	for _, name := range f.names {
		for i, end := p.d.members(obj); i < end && !p.full(); i = p.d.after(i) {
			n := p.d.name(i)
			if shown[n] || p.d.kind(i) == 'n' || !matches(n, name) {
				continue
			}
			shown[n] = true
			if f.whole == nil {
				p.values(i, f.label, depth, n)
			}
		}
	}
	switch {
	case f.whole != nil:
		f.whole(p, obj, depth)
	case f.absent != "" && len(p.lines) == before:
		p.add(depth, f.label, f.absent)
	}
}

// matches reports whether a member is the one named, name[x] being any of a choice.
func matches(member, name string) bool {
	prefix, choice := strings.CutSuffix(name, "[x]")
	if !choice {
		return member == name
	}
	rest, ok := strings.CutPrefix(member, prefix)
	return ok && rest != "" && unicode.IsUpper(rune(rest[0]))
}

func (p *page) contained(obj, depth int) {
	d := p.d
	for c, end := d.span(d.get(obj, "contained")); c < end && !p.full(); c = d.after(c) {
		typ := d.text(c, "resourceType")
		p.add(depth, "Contained "+strings.ToLower(words(typ)), d.title(c, typ, shapeOf(typ)))
		p.resource(c, typ, depth+1)
	}
}

// narrative writes what people wrote. One that FHIR calls generated says
// nothing that the members do not.
func (p *page) narrative(obj, depth int) {
	text := p.d.get(obj, "text")
	div := p.d.text(text, "div")
	if div == "" {
		return
	}
	if s := p.d.text(text, "status"); s == "generated" || s == "extensions" || s == "empty" {
		return
	}
	p.paragraph(depth, "Text", markupLines(div))
}

// words turns a name of FHIR's into words: "clinicalStatus" into "Clinical status".
func words(name string) string {
	var b strings.Builder
	lower := false
	for i, r := range strings.TrimPrefix(name, "_") {
		switch {
		case i == 0:
			r = unicode.ToUpper(r)
		case unicode.IsUpper(r) && lower:
			b.WriteByte(' ')
			r, lower = unicode.ToLower(r), false
			b.WriteRune(r)
			continue
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		b.WriteRune(r)
	}
	return b.String()
}
