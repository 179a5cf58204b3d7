package synth

// laboratory writes the tests that are due, and a report over each panel.
func (s *scribe) laboratory(c *context) {
	r, d := &s.r, c.at.day
	ill, age := &s.illness, s.age(d)
	chronic := ill[hypertension].at(d) || ill[diabetes].at(d) || ill[kidneyDisease].at(d) || ill[heartFailure].at(d)
	switch c.kind {
	case emergency:
		s.panel(c, &cardiacPanel)
		s.panel(c, &bloodCount)
		return
	case acute:
		if r.chance(300) {
			s.panel(c, &bloodCount)
		}
		if r.chance(200) {
			s.culture(c)
		}
		return
	case prenatal:
		s.single(c, haemoglobin)
		if r.chance(250) {
			s.bloodGroup(c)
		}
		s.urine(c)
		return
	}
	if chronic && r.chance(800) || age > 45 && r.chance(500) {
		s.panel(c, &metabolicPanel)
	}
	if ill[hyperlipidaemia].at(d) || age > 40 && r.chance(350) {
		s.panel(c, &lipidPanel)
	}
	if ill[diabetes].at(d) || age > 45 && r.chance(250) || s.sugar(d) > 570 {
		s.single(c, glycated)
	}
	if ill[anaemia].at(d) || r.chance(220) {
		s.panel(c, &bloodCount)
		if ill[anaemia].at(d) {
			s.single(c, ferritin)
		}
	}
	if ill[hypothyroidism].at(d) || age > 35 && r.chance(80) {
		s.single(c, thyrotropin)
	}
	if s.sex == 'm' && age > 50 && (r.chance(400) || ill[prostateCancer].at(d)) {
		s.single(c, prostateAntigen)
	}
	if ill[kidneyDisease].at(d) || ill[diabetes].at(d) && r.chance(400) {
		s.single(c, albuminRatio)
		s.urine(c)
	}
}

// panel writes the values of p and a DiagnosticReport that refers to them.
func (s *scribe) panel(c *context, p *panel) {
	var numbers [12]int
	for k, test := range p.tests {
		numbers[k] = s.result(c, test)
	}
	s.report(c, p, numbers[:len(p.tests)])
}

func (s *scribe) single(c *context, k int) { s.result(c, k) }

// result writes one laboratory value and returns its number.
func (s *scribe) result(c *context, k int) int {
	r, m := &s.r, &measurements[k]
	v, scale := s.value(k, c.at.day, r), m.scale
	number := s.start("Observation")
	if c.outside {
		s.narrative(m.code.display)
	}
	s.observation(c, labResults, m.code, "us-core-observation-lab")
	s.arr("performer")
	s.organization("", laboratory)
	s.end("]")
	s.obj("specimen")
	s.str("display", pick(r, []string{"Venous blood", "Serum", "EDTA blood"}))
	s.end("}")
	if c.outside && r.chance(40) {
		s.arr("note")
		s.obj("")
		s.time("time", c.at.plus(2000))
		s.str("text", "Repeated on a second analyser; result confirmed. Laborwert kontrolliert 🧪✔")
		s.end("}]")
	}
	switch {
	case r.chance(5):
		s.str("valueString", pick(r, []string{"specimen haemolysed, not reported", "see comment", "< detection limit"}))
		s.emit()
		return number
	case r.chance(5):
		s.concept("dataAbsentReason", "", hl7("data-absent-reason", "error", "Error"))
		s.emit()
		return number
	case k == troponin && v > 100 && r.chance(500):
		// A number in exponent form is a FHIR decimal too.
		s.obj("valueQuantity")
		s.raw("value", itoa(v/10)+"e-2")
	case k == troponin && v == 10:
		s.obj("valueQuantity")
		s.dec("value", v, scale)
		s.str("comparator", "<")
	default:
		s.obj("valueQuantity")
		s.dec("value", v, scale)
	}
	s.str("unit", m.unit)
	s.str("system", systemUCUM)
	s.str("code", m.ucum)
	s.end("}")
	if c.outside {
		s.flagged(m, v)
	}
	s.emit()
	return number
}

// flagged writes the range and the flag of an outside laboratory. Some of
// those print no flag on normal values, some no range on flagged ones.
func (s *scribe) flagged(m *measurement, v int) {
	r := &s.r
	flag := m.flag(v)
	if flag != "N" || r.chance(500) {
		s.arr("interpretation")
		s.concept("", "", hl7("v3-ObservationInterpretation", flag, flagWord(flag)))
		s.end("]")
	}
	if m.low == 0 && m.high == 0 || r.chance(60) {
		return
	}
	s.arr("referenceRange")
	s.obj("")
	if m.low != 0 {
		s.quantity("low", m.low, m.scale, m.unit, m.ucum)
	}
	if m.high != 0 {
		s.quantity("high", m.high, m.scale, m.unit, m.ucum)
	}
	if r.chance(300) {
		s.str("text", string(m.appendRange(nil)), " ", m.unit)
	}
	s.end("}]")
}

func (s *scribe) report(c *context, p *panel, numbers []int) {
	s.leaf("DiagnosticReport")
	s.meta("us-core-diagnosticreport-lab", c.at)
	s.narrative("Laboratory report: ", p.word, ".")
	s.str("status", "final")
	s.arr("category")
	s.concept("", "", hl7("v2-0074", "LAB", "Laboratory"))
	s.end("]")
	s.concept("code", p.code.display, p.code)
	s.during(c)
	s.time("effectiveDateTime", c.at.plus(120))
	s.time("issued", instant{c.at.day, c.at.plus(3000).second, c.at.zone, true})
	s.arr("performer")
	s.organization("", laboratory)
	s.end("]")
	s.arr("result")
	for _, n := range numbers {
		s.ref("", "Observation", n)
	}
	s.end("]")
	if c.outside {
		s.arr("presentedForm")
		s.obj("")
		s.str("contentType", "text/plain; charset=utf-8")
		s.note = s.printed(s.note[:0], c, p)
		s.base64("data", s.note)
		s.str("title", "Printed report")
		s.end("}]")
	}
	if s.r.chance(250) {
		s.str("conclusion", "The ", p.word, " has been reviewed. ", s.course(c.at.day))
	}
	s.emit()
}

// printed is the report as the laboratory puts it on paper.
func (s *scribe) printed(b []byte, c *context, p *panel) []byte {
	b = append(append(append(b, s.practice.organizations[laboratory]...), "\nPatient: "...), s.name.display...)
	b = append(append(append(b, "\nOrdered by: Dr. "...), s.practice.doctors[c.doctor].display...), "\nCollected: "...)
	b = append(append(append(c.at.append(b), "\n\n"...), p.code.display...), '\n')
	for _, k := range p.tests {
		m := &measurements[k]
		b = append(append(append(b, "  "...), m.code.display...), "  reference "...)
		b = append(append(append(m.appendRange(b), ' '), m.unit...), '\n')
	}
	return append(b, "Values are in the accompanying observations. End of report.\n"...)
}

// urine writes a dipstick whose result is a code, abnormal with kidney disease.
func (s *scribe) urine(c *context) {
	result, flag := snomed("260415000", "Not detected"), "N"
	if s.illness[kidneyDisease].at(c.at.day) && s.r.chance(700) {
		result, flag = snomed("260373001", "Detected"), "A"
	}
	s.leaf("Observation")
	s.observation(c, labResults, loinc("20454-5", "Protein [Presence] in Urine by Test strip"), "us-core-observation-lab")
	s.concept("valueCodeableConcept", result.display, result)
	if c.outside {
		s.arr("interpretation")
		s.concept("", "", hl7("v3-ObservationInterpretation", flag, flagWord(flag)))
		s.end("]")
	}
	s.emit()
}

func (s *scribe) culture(c *context) {
	s.leaf("Observation")
	s.observation(c, labResults, loinc("6463-4", "Bacteria identified in Specimen by Culture"), "us-core-observation-lab")
	s.str("valueString", pick(&s.r, []string{"No growth after 48 hours.", "Escherichia coli, > 10⁵ CFU/mL\nSensitive: nitrofurantoin\nResistant: amoxicillin",
		"Streptococcus pyogenes (group A)"}))
	s.emit()
}

func (s *scribe) bloodGroup(c *context) {
	g := bloodGroups[s.blood]
	s.leaf("Observation")
	s.observation(c, labResults, loinc("883-9", "ABO group [Type] in Blood"), "us-core-observation-lab")
	s.concept("valueCodeableConcept", g.display, g)
	s.emit()
}
