package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// undecided is the choice of who has not chosen: nothing is taken for granted.
const undecided = -1

// part is what can be taken from one version or another: a member of the resource,
// or several that mean nothing without each other.
type part struct {
	names   []string   // of members, without the type of a choice: value[x]
	labels  []string   // of its lines
	texts   [][]string // by version, then by line; "" where it has none
	differs bool
	pick    int // the version it is taken from
}

// jsonMember is a member of a resource with its bytes as they were.
type jsonMember struct {
	name string
	raw  json.RawMessage
}

// membersOf takes a resource apart; nil when it is no object.
func membersOf(b []byte) (out []jsonMember) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var raw json.RawMessage
		if err != nil || !ok || d.Decode(&raw) != nil {
			return nil
		}
		out = append(out, jsonMember{name, raw})
	}
	return out
}

// bound are members that are only ever taken together: a value from one version
// and the range from another, a drug and another's dose, would be a record that
// nobody wrote.
var bound = map[string][][]string{
	"Observation":              {{"code", "value[x]", "component", "interpretation", "referenceRange", "dataAbsentReason"}},
	"MedicationRequest":        {{"medication[x]", "dosageInstruction", "dispenseRequest", "substitution"}, {"status", "statusReason"}},
	"MedicationStatement":      {{"medication[x]", "dosage"}, {"status", "statusReason"}},
	"MedicationAdministration": {{"medication[x]", "dosage"}, {"status", "statusReason"}},
	"MedicationDispense":       {{"medication[x]", "dosageInstruction", "quantity", "daysSupply"}, {"status", "statusReason[x]"}},
	"AllergyIntolerance":       {{"code", "reaction", "criticality", "type", "category"}, {"clinicalStatus", "verificationStatus"}},
	"Condition":                {{"code", "severity", "bodySite", "stage"}, {"clinicalStatus", "verificationStatus", "abatement[x]"}},
	"Immunization":             {{"vaccineCode", "lotNumber", "expirationDate", "manufacturer", "doseQuantity", "protocolApplied"}, {"status", "statusReason"}},
	"Procedure":                {{"status", "statusReason"}},
}

// choices are the members whose name ends with the type of their value
// (https://hl7.org/fhir/R4/formats.html#choice), of the types that people edit.
var choices = strings.Fields(`value effective onset abatement medication occurrence deceased multipleBirth performed statusReason serviced timing
	product asNeeded rate reported start due born age`)

// memberOf is the name under which a member and what belongs to it are one: "_x"
// goes with x, valueQuantity with valueString.
func memberOf(name string) string {
	name = strings.TrimPrefix(name, "_")
	for _, c := range choices {
		if rest, ok := strings.CutPrefix(name, c); ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			return c + "[x]"
		}
	}
	return name
}

// partOf is the set that a member belongs to.
func partOf(typ, name string) []string {
	name = memberOf(name)
	for _, set := range bound[typ] {
		if slices.Contains(set, name) {
			return set
		}
	}
	return []string{name}
}

// fixed are the members that every version has in common.
func fixed(name string) bool { return name == "resourceType" || name == "id" }

// partsOf compares versions: what differs first, in the order of the first version.
func partsOf(heads []Head) (parts []part) {
	typ := heads[0].Resource.Type
	members := make([][]jsonMember, len(heads))
	seen := map[string]bool{}
	for v, h := range heads {
		if !h.Deleted {
			members[v] = membersOf(h.Resource.JSON)
		}
		for _, m := range members[v] {
			set := partOf(typ, m.name)
			if fixed(m.name) || seen[set[0]] {
				continue
			}
			seen[set[0]] = true
			parts = append(parts, part{names: set, pick: undecided})
		}
	}
	bare := fhir.View(&vault.Resource{JSON: assemble(typ, nil)})
	for i := range parts {
		parts[i].read(typ, members, bare)
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		switch {
		case a.differs == b.differs:
			return rank(a) - rank(b)
		case a.differs:
			return -1
		}
		return 1
	})
	return parts
}

// rank puts what no person reads last.
func rank(p part) int { return max(0, slices.Index([]string{"", "text", "meta"}, p.names[0])) }

// of are the members of a version that belong to the part.
func (p *part) of(typ string, all []jsonMember) (out []jsonMember) {
	for _, m := range all {
		if !fixed(m.name) && partOf(typ, m.name)[0] == p.names[0] {
			out = append(out, m)
		}
	}
	return out
}

// read makes the part readable: by the words that the record's own view uses.
func (p *part) read(typ string, members [][]jsonMember, bare []fhir.Line) {
	type spot struct {
		label string
		n     int // of several with the same label
	}
	var at []spot
	p.texts = make([][]string, len(members))
	for v := range members {
		own := p.of(typ, members[v])
		if v > 0 && !sameMembers(own, p.of(typ, members[0])) {
			p.differs = true
		}
		counts, last := map[string]int{}, -1
		for _, l := range readMembers(typ, own, bare) {
			k := spot{l[0], counts[l[0]]}
			counts[l[0]]++
			i := slices.Index(at, k)
			if i < 0 { // where this version has it
				i = last + 1
				at = slices.Insert(at, i, k)
				for u := range p.texts {
					p.texts[u] = slices.Insert(p.texts[u], min(i, len(p.texts[u])), "")
				}
			}
			for len(p.texts[v]) <= i {
				p.texts[v] = append(p.texts[v], "")
			}
			p.texts[v][i], last = l[1], i
		}
	}
	for _, k := range at {
		p.labels = append(p.labels, k.label)
	}
	for v := range p.texts {
		for len(p.texts[v]) < len(p.labels) {
			p.texts[v] = append(p.texts[v], "")
		}
	}
	if p.differs && p.looksSame() {
		p.labels = []string{label(p.names[0])}
		for v := range members {
			p.texts[v] = []string{bytesText(p.of(typ, members[v]))}
		}
	}
}

func (p *part) looksSame() bool {
	for _, t := range p.texts {
		if !slices.Equal(t, p.texts[0]) {
			return false
		}
	}
	return true
}

// bytesText shows a difference that the readable view does not.
func bytesText(own []jsonMember) string {
	var b bytes.Buffer
	for _, m := range own {
		if m.name == "text" || m.name == "contained" || len(m.raw) > 2000 {
			fmt.Fprintf(&b, "%d bytes ", len(m.raw))
			continue
		}
		var c bytes.Buffer
		if json.Compact(&c, m.raw) == nil {
			b.WriteString(unbraced.Replace(c.String()) + " ")
		}
	}
	return widget.Clean(strings.TrimSpace(b.String()))
}

var unbraced = strings.NewReplacer(`"`, "", "{", "", "}", "", ",", ", ", ":", " ")

// label turns a member's name into words.
func label(name string) string {
	switch name {
	case "meta":
		return "Technical notes"
	case "text":
		return "Text for display"
	}
	w := words(strings.TrimSuffix(name, "[x]"))
	return strings.ToUpper(w[:1]) + w[1:]
}

// sameMembers compares bytes, white space apart.
func sameMembers(a, b []jsonMember) bool {
	return slices.EqualFunc(a, b, func(x, y jsonMember) bool {
		var p, q bytes.Buffer
		return x.name == y.name && json.Compact(&p, x.raw) == nil && json.Compact(&q, y.raw) == nil && bytes.Equal(p.Bytes(), q.Bytes())
	})
}

// readMembers are labels and texts of some members, as the view of a whole record
// writes them.
func readMembers(typ string, own []jsonMember, bare []fhir.Line) (out [][2]string) {
	if len(own) == 0 {
		return nil
	}
	last := ""
	for i, l := range fhir.View(&vault.Resource{JSON: assemble(typ, own)}) {
		if i == 0 || slices.Contains(bare, l) { // the title; and what is said of every other member
			continue
		}
		if l.Label != "" {
			last = strings.Repeat("  ", min(l.Depth, 4)) + widget.Clean(l.Label)
		}
		out = append(out, [2]string{last, readableText(widget.Clean(l.Text))})
	}
	if len(out) == 0 {
		out = append(out, [2]string{label(memberOf(own[0].name)), bytesText(own)})
	}
	return out
}

// readableText writes a date as the rest of the interface does.
func readableText(s string) string {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.Format("02-Jan-2006 15:04 -07:00")
	}
	if n := len(s); n == len("2006-01-02") || n == len("2006-01") {
		return dayText(s)
	}
	return s
}

// assemble writes a resource of these members.
func assemble(typ string, members []jsonMember) []byte {
	name, _ := json.Marshal(typ)
	b := append([]byte(`{"resourceType":`), name...)
	for _, m := range members {
		key, _ := json.Marshal(m.name)
		b = append(append(append(append(b, ','), key...), ':'), m.raw...)
	}
	return append(b, '}')
}

// merged writes what was chosen: each part's bytes as they stand in the version it
// is taken from, in the order of the first version.
func merged(heads []Head, parts []part) []byte {
	typ := heads[0].Resource.Type
	members := make([][]jsonMember, len(heads))
	for v, h := range heads {
		members[v] = membersOf(h.Resource.JSON)
	}
	var out []jsonMember
	for _, m := range members[0] {
		if m.name == "id" {
			out = append(out, m)
		}
	}
	done := map[string]bool{}
	for _, list := range members {
		for _, m := range list {
			key := partOf(typ, m.name)[0]
			if fixed(m.name) || done[key] {
				continue
			}
			done[key] = true
			i := slices.IndexFunc(parts, func(p part) bool { return p.names[0] == key })
			out = append(out, parts[i].of(typ, members[max(0, parts[i].pick)])...)
		}
	}
	return assemble(typ, out)
}
