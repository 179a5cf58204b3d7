package fhir

import (
	"strings"
)

const ucum = "http://unitsofmeasure.org"

// amount is a value as it is shown: digits as written, the unit apart.
type amount struct {
	value, unit, unitCode string
}

// quantity reads a Quantity, Age, Money, … with its comparator.
func (d *doc) quantity(i int) amount {
	v := d.literal(d.get(i, "value"))
	if v == "" {
		return amount{}
	}
	a := amount{value: d.text(i, "comparator") + v, unit: d.text(i, "unit")}
	code := d.text(i, "code")
	if d.text(i, "system") == ucum {
		a.unitCode = code
	}
	for _, other := range [...]string{code, d.text(i, "currency"), d.text(i, "units")} {
		if a.unit == "" {
			a.unit = other
		}
	}
	return a
}

// valueOf reads the value[x] of obj.
func (d *doc) valueOf(obj int) amount {
	for i, end := d.members(obj); i < end; i = d.after(i) {
		kind, ok := strings.CutPrefix(d.name(i), "value")
		if !ok || kind == "" || d.kind(i) == 'n' {
			continue
		}
		if a := d.valueAs(i, kind); a.value != "" {
			return a
		}
	}
	return amount{}
}

// valueAs reads the value i of the datatype that its name ends with.
func (d *doc) valueAs(i int, kind string) amount {
	switch kind {
	case "Quantity", "Age", "Duration", "Distance", "Count", "Money":
		return d.quantity(i)
	case "Range":
		return d.rangeOf(i)
	case "Ratio":
		return d.ratio(i)
	case "Period":
		return d.period(i)
	case "SampledData", "Attachment":
		return amount{value: d.text(i, "title")}
	}
	switch d.kind(i) {
	case '"', '0', 't', 'f':
		return amount{value: d.literal(i)}
	case '{':
		return amount{value: d.label(i, true)}
	}
	return amount{}
}

// rangeOf reads a Range: both ends with an en dash, or one with its relation.
func (d *doc) rangeOf(i int) amount {
	low, high := d.quantity(d.get(i, "low")), d.quantity(d.get(i, "high"))
	switch {
	case low.value == "" && high.value == "":
		return amount{}
	case high.value == "":
		low.value = ">=" + low.value
		return low
	case low.value == "":
		high.value = "<=" + high.value
		return high
	case low.unit != high.unit && low.unit != "" && high.unit != "":
		return amount{value: low.value + " " + low.unit + "–" + high.value + " " + high.unit}
	}
	if low.unit == "" {
		low.unit, low.unitCode = high.unit, high.unitCode
	}
	low.value += "–" + high.value
	return low
}

// ratio reads a Ratio, as "1:128" for a titre, its units as "mg/mL".
func (d *doc) ratio(i int) amount {
	n, m := d.quantity(d.get(i, "numerator")), d.quantity(d.get(i, "denominator"))
	if n.value == "" || m.value == "" {
		return amount{}
	}
	a := amount{value: n.value + ":" + m.value}
	switch {
	case m.unit != "":
		a.unit = n.unit + "/" + m.unit
	case n.unit != "":
		a.unit = n.unit
	}
	return a
}

// period reads a Period as ISO 8601 writes an interval; an open end is left out.
func (d *doc) period(i int) amount {
	start, end := d.text(i, "start"), d.text(i, "end")
	if start == "" && end == "" {
		return amount{}
	}
	return amount{value: start + "/" + end}
}

// amount gives the main value of what is no Observation: a dose, a total.
func (d *doc) amount(obj int, typ string) (value, unit string) {
	var a amount
	switch typ {
	case "Immunization":
		a = d.quantity(d.get(obj, "doseQuantity"))
	case "MedicationRequest", "MedicationOrder", "MedicationStatement", "MedicationDispense", "MedicationAdministration":
		a = d.dosages(obj)
	case "Claim", "Invoice", "ExplanationOfBenefit", "ClaimResponse":
		a = d.total(obj)
	case "RiskAssessment":
		a = d.outcome(obj)
	}
	return a.value, a.unit
}

// dosages gives the directions of use. Each counts: of a tapering dose, the
// first alone would mislead.
func (d *doc) dosages(obj int) amount {
	if s := d.text(obj, "renderedDosageInstruction"); s != "" {
		return amount{value: s}
	}
	list := d.get(obj, "dosageInstruction")
	if list == none {
		list = d.get(obj, "dosage")
	}
	var texts []string
	var a amount
	n := 0
	for c, end := d.span(list); c < end; c = d.after(c) {
		n++
		if s := strings.TrimSpace(d.text(c, "text")); s != "" {
			texts = append(texts, s)
		} else {
			a = d.dose(c)
		}
	}
	switch {
	case n > 0 && len(texts) == n:
		return amount{value: strings.Join(texts, "; ")}
	case n == 1:
		return a
	}
	return amount{}
}

// dose gives the amount of one dosage, wherever a version keeps it.
func (d *doc) dose(i int) amount {
	rates := d.get(i, "doseAndRate")
	if first, end := d.span(rates); first < end {
		if d.after(first) != end {
			return amount{} // alternatives, as ordered and as calculated
		}
		i = first
	}
	for _, name := range [...]string{"doseQuantity", "quantity", "doseSimpleQuantity", "dose"} {
		if a := d.quantity(d.get(i, name)); a.value != "" {
			return a
		}
	}
	return d.rangeOf(d.get(i, "doseRange"))
}

// total gives the one sum that a bill states for the whole.
func (d *doc) total(obj int) amount {
	for _, name := range [...]string{"total", "totalNet", "totalGross"} {
		i := d.get(obj, name)
		if d.kind(i) == '{' {
			return d.quantity(i)
		}
		for c, end := d.span(i); c < end; c = d.after(c) {
			if d.codeOf(d.get(c, "category")) == "submitted" {
				return d.quantity(d.get(c, "amount"))
			}
		}
	}
	return amount{}
}

// outcome gives a prediction's probability when there is one prediction.
func (d *doc) outcome(obj int) amount {
	first, end := d.span(d.get(obj, "prediction"))
	if first >= end || d.after(first) != end {
		return amount{}
	}
	if s := d.literal(d.get(first, "probabilityDecimal")); s != "" {
		return amount{value: s}
	}
	if a := d.rangeOf(d.get(first, "probabilityRange")); a.value != "" {
		return a
	}
	return amount{value: d.label(d.get(first, "qualitativeRisk"), false)}
}
