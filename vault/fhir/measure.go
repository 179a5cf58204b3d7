package fhir

import (
	"strings"

	"phivault/vault"
)

const (
	systolic  = "8480-6" // LOINC
	diastolic = "8462-4"
)

// observation fills the value, flag and measures of an Observation.
func (d *doc) observation(r *vault.Resource) {
	own := d.measure(0)
	r.Value, r.Unit, r.Flag = own.Value, own.Unit, own.Flag
	if own.Value != "" || own.Absent != "" {
		r.Measures = append(r.Measures, own)
	}
	var sys, dia *vault.Measure
	first, end := d.span(d.get(0, "component"))
	if first < end && r.Measures == nil {
		r.Measures = make([]vault.Measure, 0, 2)
	}
	for c := first; c < end && len(r.Measures) < maxCodes; c = d.after(c) {
		m := d.measure(c)
		if m.Value == "" && m.Absent == "" {
			continue
		}
		r.Measures = append(r.Measures, m)
	}
	if r.Value != "" {
		return
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		switch {
		case m.Value == "":
		case coded(m.Codings, systolic):
			sys = m
		case coded(m.Codings, diastolic):
			dia = m
		}
	}
	if sys != nil && dia != nil && sys.Unit == dia.Unit {
		r.Value, r.Unit = sys.Value+"/"+dia.Value, sys.Unit
	}
}

func coded(cs []vault.Coding, loinc string) bool {
	for _, c := range cs {
		if c.Code == loinc && (c.System == "http://loinc.org" || c.System == "urn:oid:2.16.840.1.113883.6.1") {
			return true
		}
	}
	return false
}

// measure reads the value of an Observation or of one component.
func (d *doc) measure(obj int) vault.Measure {
	code := d.get(obj, "code")
	a := d.valueOf(obj)
	m := vault.Measure{
		Name:  oneLine(d.label(code, false)),
		Value: oneLine(a.value), Unit: a.unit, UnitCode: a.unitCode,
		Flag: d.flag(d.get(obj, "interpretation")),
	}
	d.gather(code, nil, &m.Codings)
	if m.Value == "" {
		m.Absent = oneLine(d.label(d.get(obj, "dataAbsentReason"), false))
	}
	d.reference(obj, a, &m)
	return m
}

// flag gives the interpretation as stated, its codes or else its words; several
// stand beside each other.
func (d *doc) flag(i int) string {
	var flags []string
	for c, end := d.span(i); c < end && len(flags) < 8; c = d.after(c) {
		f := d.interpretation(c)
		for _, g := range flags {
			if f == g {
				f = ""
			}
		}
		if f != "" {
			flags = append(flags, f)
		}
	}
	return oneLine(strings.Join(flags, ","))
}

func (d *doc) interpretation(i int) string {
	coding := d.get(i, "coding")
	for c, end := d.span(coding); c < end; c = d.after(c) {
		s := d.text(c, "system")
		if strings.Contains(s, "ObservationInterpretation") || strings.Contains(s, "observation-interpretation") ||
			strings.Contains(s, "v2/0078") || strings.Contains(s, "v2-0078") {
			if code := d.text(c, "code"); code != "" {
				return code
			}
		}
	}
	if s := d.codeOf(coding); s != "" {
		return s
	}
	if s := d.label(i, false); len(s) <= maxFlag {
		return s // "High": a word; a sentence is for the readable view
	}
	return ""
}

// maxFlag is the length up to which words may stand for a flag's code.
const maxFlag = 16

// reference fills in the reference range. Low and High are there only when they
// can be compared with the value: one normal range, in the value's own unit.
// Several ranges (by age, sex or purpose) are written out, none is chosen.
func (d *doc) reference(obj int, own amount, m *vault.Measure) {
	first, end := d.span(d.get(obj, "referenceRange"))
	if first >= end {
		return
	}
	if d.after(first) == end && d.normal(first) {
		low, high := d.quantity(d.get(first, "low")), d.quantity(d.get(first, "high"))
		if low.comparable(own) && high.comparable(own) && (low.value != "" || high.value != "") {
			m.Low, m.High = low.value, high.value
			return
		}
	}
	var all []string
	for c := first; c < end && len(all) < 16; c = d.after(c) {
		if s := d.rangeText(c); s != "" {
			all = append(all, s)
		}
	}
	m.Range = oneLine(strings.Join(all, "; "))
}

// comparable reports whether a limit is in the unit of a value, or in none.
func (a amount) comparable(own amount) bool {
	return a.unit == "" || a.unit == own.unit || a.unitCode != "" && a.unitCode == own.unitCode
}

// normal reports whether a range is the one to compare with: not a therapeutic,
// recommended or critical one, and for nobody in particular.
func (d *doc) normal(i int) bool {
	kind := d.codeOf(d.get(i, "type"))
	if kind == "" {
		kind = d.codeOf(d.get(i, "meaning")) // DSTU2
	}
	return kind == "" || kind == "normal" || kind == "N"
}

func (d *doc) rangeText(i int) string {
	var parts []string
	for _, name := range [...]string{"type", "meaning"} {
		if s := d.label(d.get(i, name), false); s != "" {
			parts = append(parts, s+":")
		}
	}
	for c, end := d.span(d.get(i, "appliesTo")); c < end && len(parts) < 8; c = d.after(c) {
		if s := d.label(c, false); s != "" {
			parts = append(parts, s+":")
		}
	}
	if a := d.rangeOf(d.get(i, "age")); a.value != "" {
		parts = append(parts, "age "+strings.TrimSpace(a.value+" "+a.unit)+":")
	}
	if a := d.rangeOf(i); a.value != "" {
		parts = append(parts, strings.TrimSpace(a.value+" "+a.unit))
	} else if s := d.text(i, "text"); s != "" {
		parts = append(parts, s)
	} else {
		return ""
	}
	return strings.Join(parts, " ")
}
