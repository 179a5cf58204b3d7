package fhir

import (
	"bytes"
	"strings"

	"phivault/vault"
)

// subject gives the reference to the patient that obj is about.
func (d *doc) subject(obj int, sh shape) string {
	for _, p := range sh.subject {
		if i := d.find(obj, p, isPatientReference); i != none {
			return d.text(i, "reference")
		}
	}
	return ""
}

// isPatientReference holds for a reference that names a Patient or does not say
// which type it names.
func isPatientReference(d *doc, i int) bool {
	s := d.text(i, "reference")
	if s == "" {
		return false
	}
	if t := d.text(i, "type"); t != "" && t != "Patient" {
		return false
	}
	switch ref := ParseReference(s); ref.Kind {
	case Relative, Conditional, Unsupported:
		return ref.Type == "Patient"
	case Absolute:
		return ref.Type == "Patient" || ref.Type == "" && strings.Contains(s, "/Patient")
	case Fragment:
		return d.text(d.contained(0, ref.ID), "resourceType") == "Patient"
	case URN:
		return true
	}
	return false
}

// date gives the first of a type's dates that is one.
func (d *doc) date(obj int, sh shape) string {
	for _, p := range sh.date {
		if i := d.find(obj, p, isDate); i != none {
			return d.str(i)
		}
	}
	return ""
}

func isDate(d *doc, i int) bool {
	_, ok := Day(d.str(i))
	return ok
}

// refusals are the flags of STU3 and DSTU2 for what did not happen, and R4's
// for what must not. Each changes the meaning of all the rest.
var refusals = []string{"notGiven", "wasNotGiven", "notDone", "notPerformed", "wasNotTaken"}

// status gives a status as code. What was entered in error or refuted says so
// before anything else: no list may show it as if it held.
func (d *doc) status(obj int, sh shape) string {
	if v := d.codeOf(d.get(obj, "verificationStatus")); v == "entered-in-error" || v == "refuted" {
		return v
	}
	for _, name := range refusals {
		if d.kind(d.get(obj, name)) == 't' {
			return "not-done"
		}
	}
	for _, p := range sh.status {
		if i := d.find(obj, p, hasCode); i != none {
			return d.codeOf(i)
		}
	}
	return ""
}

func hasCode(d *doc, i int) bool { return d.codeOf(i) != "" }

// codeOf gives the code of a code, Coding or CodeableConcept, or the text of
// the last when it has none.
func (d *doc) codeOf(i int) string {
	switch d.kind(i) {
	case '"':
		return d.str(i)
	case '[':
		for c, end := d.span(i); c < end; c = d.after(c) {
			if s := d.codeOf(c); s != "" {
				return s
			}
		}
	case '{':
		if s := d.text(i, "code"); s != "" {
			return s
		}
		for c, end := d.span(d.get(i, "coding")); c < end; c = d.after(c) {
			if s := d.text(c, "code"); s != "" {
				return s
			}
		}
		return d.text(i, "text")
	}
	return ""
}

// title gives a line that names obj, "" when nothing does.
func (d *doc) title(obj int, typ string, sh shape) string {
	t := ""
	switch typ {
	case "Patient", "Person", "Practitioner", "RelatedPerson":
		t = d.personName(d.get(obj, "name"))
	}
	for i := 0; t == "" && i < len(sh.title); i++ {
		t = d.labelAt(obj, sh.title[i], true)
	}
	if t == "" {
		t = d.narrative(obj)
	}
	if t != "" && d.kind(d.get(obj, "doNotPerform")) == 't' {
		t = "do not perform: " + t
	}
	return t
}

// narrative gives the beginning of what a person wrote about obj. HL7's own
// generator writes out the elements, which is no title.
func (d *doc) narrative(obj int) string {
	div := d.text(d.get(obj, "text"), "div")
	if div == "" {
		return ""
	}
	s, whole := appendClean(nil, stripMarkup(nil, []byte(div[:min(len(div), 4096)])), 120)
	if bytes.HasPrefix(s, []byte("Generated")) || bytes.HasPrefix(s, []byte("[")) {
		return ""
	}
	if !whole {
		s = append(s, "…"...)
	}
	return string(s)
}

// labelAt gives the first label found at p.
func (d *doc) labelAt(i int, p path, follow bool) string {
	for c, end := d.span(i); c < end; c = d.after(c) {
		var s string
		if len(p) == 0 {
			s = d.label(c, follow)
		} else if m := d.get(c, p[0]); m != none {
			s = d.labelAt(m, p[1:], follow)
		}
		if s != "" {
			return s
		}
	}
	return ""
}

// label gives the words that stand for a value, whatever its datatype: text
// before display before code. follow allows one step into a contained resource.
func (d *doc) label(i int, follow bool) string {
	switch d.kind(i) {
	case '"', '0':
		return strings.TrimSpace(d.literal(i))
	case '[':
		return d.labelAt(i, nil, follow)
	case '{':
	default:
		return ""
	}
	if s := d.text(i, "text"); strings.TrimSpace(s) != "" {
		return s
	}
	if coding := d.get(i, "coding"); coding != none {
		return d.codingLabel(coding)
	}
	for _, name := range [...]string{"display", "concept", "title", "name"} {
		if s := d.label(d.get(i, name), false); s != "" {
			return s
		}
	}
	if s := humanName(d, i); s != "" {
		return s
	}
	ref := d.get(i, "reference")
	if d.kind(ref) == '{' { // R5's CodeableReference
		return d.label(ref, follow)
	}
	if s := d.str(ref); follow && strings.HasPrefix(s, "#") {
		if c := d.contained(0, s[1:]); c != none {
			return d.titleOnce(c)
		}
	}
	return d.text(i, "code")
}

// titleOnce names a contained resource without following its own references:
// two of them may cite each other.
func (d *doc) titleOnce(obj int) string {
	for _, p := range shapeOf(d.text(obj, "resourceType")).title {
		if s := d.labelAt(obj, p, false); s != "" {
			return s
		}
	}
	return d.personName(d.get(obj, "name"))
}

func (d *doc) codingLabel(i int) string {
	for _, name := range [...]string{"display", "code"} {
		for c, end := d.span(i); c < end; c = d.after(c) {
			if s := d.text(c, name); s != "" {
				return s
			}
		}
	}
	return ""
}

// contained gives the resource in obj's contained with this id, if it is the
// only one.
func (d *doc) contained(obj int, id string) int {
	found := none
	if id == "" {
		return none
	}
	for c, end := d.span(d.get(obj, "contained")); c < end; c = d.after(c) {
		if d.text(c, "id") == id {
			if found != none {
				return none
			}
			found = c
		}
	}
	return found
}

// codes fills the main code and the codings that filters match.
func (d *doc) codes(r *vault.Resource, sh shape) {
	main := false
	if id, ok := strings.CutPrefix(d.medication(), "#"); ok {
		d.gather(d.contained(0, id), path{"code"}, &r.Codings)
		if main = len(r.Codings) > 0; main {
			r.Code = r.Codings[0]
		}
	}
	for _, p := range sh.code {
		if d.find(0, p, exists) == none {
			continue
		}
		before := len(r.Codings)
		d.gather(0, p, &r.Codings)
		if !main && len(r.Codings) > before {
			r.Code = r.Codings[before]
		}
		main = true // a main code of words only is not stood in for by a category
	}
	if r.Type != "Patient" {
		for _, p := range [...]path{{"component", "code"}, {"category"}, {"class"}, {"type"}} {
			if !has(sh.code, p) {
				d.gather(0, p, &r.Codings)
			}
		}
	}
}

func exists(*doc, int) bool { return true }

// medication gives the reference to what is prescribed or given.
func (d *doc) medication() string {
	if s := d.text(d.get(0, "medicationReference"), "reference"); s != "" {
		return s
	}
	return d.text(d.get(d.get(0, "medication"), "reference"), "reference")
}

func has(ps []path, p path) bool {
	for _, q := range ps {
		if len(q) == len(p) && q[0] == p[0] {
			return true
		}
	}
	return false
}

// gather appends the codings at p of CodeableConcepts, Codings and
// CodeableReferences.
func (d *doc) gather(i int, p path, to *[]vault.Coding) {
	for c, end := d.span(i); c < end && len(*to) < maxCodes; c = d.after(c) {
		if len(p) > 0 {
			if m := d.get(c, p[0]); m != none {
				d.gather(m, p[1:], to)
			}
			continue
		}
		if d.kind(c) != '{' {
			continue
		}
		if coding := d.get(c, "coding"); coding != none {
			d.gather(coding, nil, to)
		} else if concept := d.get(c, "concept"); concept != none {
			d.gather(concept, nil, to)
		} else if code := d.text(c, "code"); code != "" {
			*to = append(*to, vault.Coding{System: d.text(c, "system"), Code: code, Display: d.text(c, "display")})
		}
	}
}
