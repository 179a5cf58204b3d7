package fhir

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"phivault/vault"
)

// personName gives the name to call a person by: the usual or official one, and
// none that is given up unless it is the only one.
func (d *doc) personName(i int) string {
	best, rank := "", 0
	for c, end := d.span(i); c < end; c = d.after(c) {
		of := 3
		switch d.text(c, "use") {
		case "official":
			of = 5
		case "usual":
			of = 4
		case "maiden", "temp":
			of = 2
		case "old":
			of = 1
		}
		if of > rank {
			if s := humanName(d, c); s != "" {
				best, rank = s, of
			}
		}
	}
	return best
}

// humanName gives a HumanName as it is spoken; also DSTU2's, whose family
// repeats.
func humanName(d *doc, i int) string {
	if s := strings.TrimSpace(d.text(i, "text")); s != "" {
		return s
	}
	if d.get(i, "family") == none && d.get(i, "given") == none {
		if d.kind(i) == '"' {
			return d.str(i)
		}
		return ""
	}
	var b strings.Builder
	for _, part := range [...]string{"prefix", "given", "family", "suffix"} {
		d.words(&b, d.get(i, part))
	}
	return b.String()
}

// words appends the strings in i, separated by spaces.
func (d *doc) words(b *strings.Builder, i int) {
	for c, end := d.span(i); c < end; c = d.after(c) {
		for w := range strings.FieldsSeq(d.str(c)) {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(w)
		}
	}
}

// person gives what tells one patient from another. Beside "family|given given"
// each name stands in its spoken order as well, without a bar: some systems
// write only that.
func (d *doc) person(ids []vault.Identifier) *vault.Person {
	p := &vault.Person{BirthDate: d.text(0, "birthDate"), Gender: d.text(0, "gender"), Identifiers: ids}
	for c, end := d.span(d.get(0, "name")); c < end && len(p.Names) < maxCodes; c = d.after(c) {
		var family, given strings.Builder
		d.words(&family, d.get(c, "family"))
		d.words(&given, d.get(c, "given"))
		f, g := fold(family.String()), fold(given.String())
		if f != "" || g != "" {
			p.Names = append(p.Names, f+"|"+g)
		}
		if f != "" && g != "" {
			p.Names = append(p.Names, g+" "+f)
		}
		text := fold(d.text(c, "text"))
		if text == "" && d.kind(c) == '"' {
			text = fold(d.str(c))
		}
		if text != "" && text != g+" "+f {
			p.Names = append(p.Names, text)
		}
	}
	return p
}

// fold makes names comparable: lower case, composed, single spaces.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFC.String(s))), " ")
}
