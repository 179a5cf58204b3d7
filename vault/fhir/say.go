package fhir

import (
	"slices"
	"strings"
)

// datatype is how values of one of FHIR's datatypes are told and said.
type datatype struct {
	is     func(d *doc, i int) bool
	say    func(d *doc, i int) string
	covers func(name string) bool // members that say tells, or that say nothing
}

func covering(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

// having holds for an object with one of these members.
func having(names ...string) func(*doc, int) bool {
	return func(d *doc, i int) bool {
		return slices.ContainsFunc(names, func(n string) bool { return d.get(i, n) != none })
	}
}

// only holds for an object that has no other members.
func only(names ...string) func(*doc, int) bool {
	return func(d *doc, i int) bool {
		first, end := d.members(i)
		for c := first; c < end; c = d.after(c) {
			if !slices.Contains(names, d.name(c)) && d.name(c) != "extension" && d.name(c) != "id" {
				return false
			}
		}
		return first < end
	}
}

// alike is only for members that are all of one kind, as elements of other
// types share names with these datatypes.
func alike(kind byte, names ...string) func(*doc, int) bool {
	bare := only(names...)
	return func(d *doc, i int) bool {
		some := false
		for _, n := range names {
			if c := d.get(i, n); c != none {
				if some = true; d.kind(c) != kind {
					return false
				}
			}
		}
		return some && bare(d, i)
	}
}

var attachmentType = datatype{
	is: func(d *doc, i int) bool {
		return d.get(i, "contentType") != none || d.get(i, "data") != none && d.get(i, "origin") == none && d.get(i, "sigFormat") == none
	},
	covers: covering("contentType", "title", "data", "size", "hash", "language", "url", "creation"),
}

// datatypes are tried in order: the ones with names of their own first.
var datatypes = []*datatype{
	{is: having("coding"), say: (*doc).sayConcept, covers: covering("coding", "text")},
	{is: alike('"', "text"), say: (*doc).sayConcept, covers: covering("text")},
	{is: alike('{', "concept", "reference"), say: (*doc).sayEither, covers: covering("concept", "reference")},
	{is: func(d *doc, i int) bool { return d.kind(d.get(i, "reference")) == '"' }, say: (*doc).sayReference,
		covers: covering("reference", "display", "type", "identifier")},
	{is: func(d *doc, i int) bool {
		return (d.text(i, "display") != "" || d.text(d.get(i, "identifier"), "value") != "") && only("display", "type", "identifier")(d, i)
	}, say: (*doc).sayReference, covers: covering("display", "type", "identifier")},
	{is: alike('{', "numerator", "denominator"), say: func(d *doc, i int) string { return d.ratio(i).say() }, covers: covering("numerator", "denominator")},
	{is: alike('{', "low", "high"), say: func(d *doc, i int) string { return d.rangeOf(i).say() }, covers: covering("low", "high")},
	{is: alike('"', "start", "end"), say: (*doc).sayPeriod, covers: covering("start", "end")},
	&attachmentType,
	{is: func(d *doc, i int) bool { return d.kind(d.get(i, "value")) == '0' }, say: func(d *doc, i int) string { return d.quantity(i).say() },
		covers: covering("value", "unit", "system", "code", "comparator", "currency")},
	{is: (*doc).isContact, say: (*doc).sayContact, covers: covering("system", "value", "use", "rank")},
	{is: func(d *doc, i int) bool {
		return d.kind(d.get(i, "value")) == '"' && only("value", "system", "type", "use", "period", "assigner")(d, i)
	},
		say: (*doc).sayIdentifier, covers: covering("value", "system", "type", "use")},
	{is: having("family", "given"), say: (*doc).sayName, covers: covering("family", "given", "prefix", "suffix", "text", "use")},
	{is: func(d *doc, i int) bool { return d.text(i, "text") != "" && only("use", "text", "period")(d, i) }, say: (*doc).sayName, covers: covering("text", "use")},
	{is: having("city", "line", "postalCode"), say: (*doc).sayAddress,
		covers: covering("line", "city", "district", "state", "postalCode", "country", "use", "type", "text")},
	{is: func(d *doc, i int) bool {
		return d.text(i, "code")+d.text(i, "display") != "" && only("code", "system", "display", "version", "userSelected")(d, i)
	}, say: (*doc).sayCoding,
		covers: covering("code", "system", "display", "version", "userSelected")},
}

// datatype tells which of the datatypes an object is of, nil for an element of
// the resource's own.
func (d *doc) datatype(i int) *datatype {
	if first, end := d.members(i); first >= end {
		return nil
	}
	for _, t := range datatypes {
		if t.is(d, i) {
			return t
		}
	}
	return nil
}

// say puts a value of a primitive or known datatype into words.
func (d *doc) say(i int) string {
	switch d.kind(i) {
	case 't':
		return "yes"
	case 'f':
		return "no"
	case '{':
		if t := d.datatype(i); t != nil && t.say != nil {
			return t.say(d, i)
		}
		return ""
	}
	return d.literal(i)
}

// when says a date as it is wanted, and anything else as it is.
func (d *doc) when(s string) string {
	if d.said.Date == nil {
		return s
	}
	if _, ok := Day(s); !ok {
		return s
	}
	return d.said.Date(s)
}

func (a amount) say() string { return Amount(a.value, a.unit) }

// Amount writes a value with its unit, each as it is written. The unit 1, of ratios
// and of what is counted (https://ucum.org/ucum, the unity), is said to be one:
// "2.30 1" reads as another number.
func Amount(value, unit string) string {
	if unit == "1" && value != "" {
		return value + " (unit 1)"
	}
	return strings.TrimSpace(value + " " + unit)
}

// sayConcept gives the words of a CodeableConcept and the codes behind them.
func (d *doc) sayConcept(i int) string {
	words := d.label(i, false)
	var codes []string
	for c, end := d.span(d.get(i, "coding")); c < end && len(codes) < 8; c = d.after(c) {
		code := d.text(c, "code")
		if name := systemName(d.text(c, "system")); code != "" && name != "" {
			codes = append(codes, name+" "+code)
		}
	}
	if len(codes) == 0 {
		return words
	}
	return words + " (" + strings.Join(codes, ", ") + ")"
}

func (d *doc) sayCoding(i int) string {
	words, code := d.codingLabel(i), d.text(i, "code")
	if name := systemName(d.text(i, "system")); name != "" && code != "" {
		return words + " (" + name + " " + code + ")"
	}
	return words
}

// systemName gives the name by which people know a system of codes.
func systemName(system string) string {
	switch strings.TrimRight(system, "/") {
	case "http://loinc.org", "urn:oid:2.16.840.1.113883.6.1":
		return "LOINC"
	case "http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96":
		return "SNOMED CT"
	case "http://www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88":
		return "RxNorm"
	case "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90":
		return "ICD-10"
	case "http://hl7.org/fhir/sid/icd-9-cm":
		return "ICD-9"
	case "http://hl7.org/fhir/sid/cvx":
		return "CVX"
	case "http://hl7.org/fhir/sid/ndc":
		return "NDC"
	case "http://www.whocc.no/atc":
		return "ATC"
	case "http://www.ama-assn.org/go/cpt":
		return "CPT"
	}
	return ""
}

func (d *doc) sayEither(i int) string {
	if c := d.get(i, "concept"); c != none {
		return d.sayConcept(c)
	}
	return d.sayReference(d.get(i, "reference"))
}

// sayReference gives a reference's display and where it points.
func (d *doc) sayReference(i int) string {
	words, target := d.label(i, true), d.text(i, "reference")
	switch {
	case words == "" && target == "":
		return d.text(d.get(i, "identifier"), "value")
	case words == "" && d.said.Name != nil:
		if words = d.said.Name(target); words == "" {
			words = target
		}
		return words
	case words == "":
		return target
	case d.said.Name != nil:
		return words
	case target == "" || strings.HasPrefix(target, "#"):
		return words
	}
	return words + " (" + target + ")"
}

func (d *doc) sayPeriod(i int) string {
	start, end := d.when(d.text(i, "start")), d.when(d.text(i, "end"))
	switch {
	case end == "":
		return "from " + start
	case start == "":
		return "until " + end
	}
	return start + " to " + end
}

func (d *doc) isContact(i int) bool {
	switch d.text(i, "system") {
	case "phone", "fax", "email", "pager", "url", "sms", "other":
		return d.kind(d.get(i, "value")) == '"'
	}
	return false
}

func (d *doc) sayContact(i int) string {
	return withUse(d.text(i, "system")+" "+d.text(i, "value"), d.text(i, "use"))
}

func (d *doc) sayIdentifier(i int) string {
	s := d.text(i, "value")
	if t := d.label(d.get(i, "type"), false); t != "" {
		s += " (" + t + ")"
	} else if system := d.text(i, "system"); system != "" {
		s += " (" + system + ")"
	}
	return withUse(s, d.text(i, "use"))
}

func (d *doc) sayName(i int) string { return withUse(humanName(d, i), d.text(i, "use")) }

func (d *doc) sayAddress(i int) string {
	if s := d.text(i, "text"); s != "" {
		return withUse(s, d.text(i, "use"))
	}
	var parts []string
	for _, name := range [...]string{"line", "city", "district", "state", "postalCode", "country"} {
		for c, end := d.span(d.get(i, name)); c < end; c = d.after(c) {
			if s := d.str(c); s != "" {
				parts = append(parts, s)
			}
		}
	}
	return withUse(strings.Join(parts, ", "), d.text(i, "use"))
}

func withUse(s, use string) string {
	if use == "" || s == "" {
		return s
	}
	return s + ", " + use
}
