package synth

// notes writes the clinical note of a visit, and once in a while the readings
// of a home meter, which are large.
func (s *scribe) notes(c *context) {
	r := &s.r
	if s.noted && !r.chance(880) {
		return
	}
	s.note = s.compose(s.note[:0], c)
	kind := loinc("11506-3", "Progress note")
	if !s.noted {
		kind = loinc("34117-2", "History and physical note")
	}
	s.noted = true
	s.attach(c, kind, "text/plain; charset=utf-8", kind.display)
	if s.illness[diabetes].at(c.at.day) && !s.metered && r.chance(60) {
		s.metered = true
		s.note = s.meter(s.note[:0], c.at.day)
		s.attach(c, loinc("51899-3", "Details Document"), "text/csv", "Home glucose meter, all readings")
	}
}

// attach writes the note as a DocumentReference.
func (s *scribe) attach(c *context, kind code, mime, title string) {
	s.leaf("DocumentReference")
	s.meta("us-core-documentreference", c.at)
	s.str("status", "current")
	s.concept("type", kind.display, kind)
	s.arr("category")
	s.concept("", "", code{"http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note"})
	s.end("]")
	s.subject("subject")
	s.time("date", instant{c.at.day, c.at.plus(2400).second, c.at.zone, true})
	s.arr("author")
	s.practitioner("", c.doctor)
	s.end("]")
	s.organization("custodian", clinic)
	s.arr("content")
	s.obj("")
	s.obj("attachment")
	s.str("contentType", mime)
	s.base64("data", s.note)
	s.int("size", len(s.note))
	s.str("title", title)
	s.end("}}]")
	s.obj("context")
	s.arr("encounter")
	s.ref("", "Encounter", c.encounter)
	s.end("]")
	s.obj("period")
	s.time("start", c.at)
	s.end("}}")
	s.emit()
}

var (
	openings = []string{"Seen today as arranged.", "Comes in with a relative.", "Walk-in between appointments.", "Video visit, then seen in person."}
	findings = []string{
		"Lungs clear on auscultation, heart sounds regular.", "Abdomen soft, no tenderness.", "No oedema of the ankles.",
		"Gait steady, strength equal on both sides.", "Skin unremarkable apart from a bruise on the left forearm.", "Mood even, sleeps six to seven hours.",
		"Throat red without exudate.", "Peripheral pulses palpable.",
	}
	answers = []string{"no complaints", "unchanged since the last visit", "occasional trouble, not limiting", "denies", "better than before",
		"worse in cold weather", "not asked today", "some difficulty at night; declines further tests"}
	advice = []string{
		"Discussed diet, salt and daily walking.", "Advised to bring the diary to the next visit.", "Warning signs explained; to come back at once if they appear.",
		"Side effects were discussed and are acceptable.", "Asked to have blood drawn fasting a week before the next visit.", "Vaccination booklet checked.",
		"Relatives informed with consent. « Tout est clair », says the daughter.", "Temperature to be kept in a diary, call above 38.5 °C.",
	}
)

// compose writes the text of a note. What it says is true of the patient.
func (s *scribe) compose(b []byte, c *context) []byte {
	r, d := &s.r, c.at.day
	b = append(b, "Date: "...)
	b = d.append(b, toDay)
	b = append(append(append(b, "\nPatient: "...), s.name.display...), ", "...)
	b = append(append(b, itoa(s.age(d))...), " years\n"...)
	if !s.noted {
		b = append(append(append(b, "Reference: "...), s.g.rareWord(s.i)...), '\n')
	}
	b = append(append(append(b, '\n'), pick(r, openings)...), ' ')
	if c.kind == acute || c.kind == emergency {
		p := &complaints[c.complaint]
		b = append(append(append(b, "Complains of "...), p.reason...), ". Assessment: "...)
		b = append(append(append(b, p.word...), "; prescribed "...), drugs[s.remedy(p)].word...)
		b = append(b, ". "...)
	}
	b = append(append(b, s.course(d)...), "\n\n"...)
	finding := r.n(len(findings))
	b = append(append(append(b, findings[finding]...), ' '), findings[(finding+1+r.n(len(findings)-1))%len(findings)]...)
	if s.age(d) >= 3 {
		b = append(append(b, " Blood pressure around "...), itoa(s.value(systolic, d, r))...)
		b = append(append(b, " mmHg systolic."...), '\n')
	}
	for k := range diseases {
		if s.prescribed[k] == 0 || !s.illness[k].at(d) {
			continue
		}
		drug := &drugs[diseases[k].drugs[s.step[k]]]
		b = append(append(append(b, "For "...), diseases[k].word...), ": "...)
		b = append(append(append(b, drug.word...), " — "...), drug.sig...)
		b = append(b, '\n')
	}
	b = s.systems(b, c)
	if c := &s.illness[diabetes]; c.at(d) {
		b = append(appendDec(append(b, "Last HbA1c about "...), s.sugar(d)/10, 1), " %"...)
		if d > c.treated+60 {
			b = append(b, ", lower than before metformin was started"...)
		}
		b = append(b, ".\n"...)
	}
	for range 2 + r.n(3) {
		b = append(append(b, pick(r, advice)...), ' ')
	}
	if r.chance(8) {
		b = append(b, "\n\nEnclosed course, in full:\n"...)
		for range r.in(60, 300) {
			b = append(append(append(append(b, pick(r, findings)...), ' '), pick(r, advice)...), '\n')
		}
	}
	b = append(append(b, "\nDr. "...), s.practice.doctors[c.doctor].display...)
	return append(b, '\n')
}

// systems is the part of a note that is filled in from a form.
func (s *scribe) systems(b []byte, c *context) []byte {
	r, d := &s.r, c.at.day
	b = append(b, "\nVital signs: pulse "...)
	b = append(b, itoa(s.value(pulse, d, r))...)
	b = append(append(b, "/min, breathing "...), itoa(s.value(breathing, d, r))...)
	b = append(appendDec(append(b, "/min, temperature "...), s.value(temperature, d, r), 1), " °C, weight "...)
	b = append(appendDec(b, s.value(weight, d, r), 2), " kg\n"...)
	b = append(s.history(b, d), "Review of systems:\n"...)
	for _, system := range [...]string{"General", "Eyes and ears", "Heart", "Lungs", "Digestion", "Kidneys and bladder", "Joints and muscles", "Nerves", "Mood"} {
		b = append(append(append(b, "- "...), system...), ": "...)
		b = append(append(b, pick(r, answers)...), '\n')
	}
	return append(append(append(b, "Next visit with "...), s.practice.organizations[clinic]...), " as arranged.\n"...)
}

// history lists what was, by year, and how it stands.
func (s *scribe) history(b []byte, d day) []byte {
	b = append(b, "History:\n"...)
	for k := range diseases {
		c := &s.illness[k]
		if !s.known[k] {
			continue
		}
		b = append(append(append(b, "- "...), diseases[k].snomed.display...), " (ICD-10 "...)
		b = append(append(append(b, diseases[k].icd.code...), ") since "...), c.onset.append(nil, toYear)...)
		switch {
		case d >= c.resolved:
			b = append(c.resolved.append(append(b, ", over since "...), toMonth), '\n')
		case d >= c.treated && len(diseases[k].drugs) > 0:
			b = append(c.treated.append(append(b, ", under treatment since "...), toMonth), '\n')
		default:
			b = append(b, ", under observation\n"...)
		}
	}
	if s.smoker {
		b = append(b, "- Smokes tobacco daily; counselled at every visit\n"...)
	}
	b = append(append(b, "- Lives in "...), s.home.city...)
	if s.age(d) < 18 {
		return append(b, " with both parents\n"...)
	}
	return append(b, "; manages the household alone, relatives nearby\n"...)
}

// course sums up the diseases of the day in a sentence or two.
func (s *scribe) course(d day) string {
	text := ""
	for k := range diseases {
		c := &s.illness[k]
		if !s.known[k] || !c.at(d) {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += diseases[k].word
		switch {
		case c.effect(d, 20) == 1000 && k != pregnancy:
			text += " (stable)"
		case d >= c.treated && k != pregnancy:
			text += " (improving)"
		}
	}
	if text == "" {
		return "No chronic illness known."
	}
	return "Known: " + text + "."
}

// meter writes half a year of readings, every quarter of an hour.
func (s *scribe) meter(b []byte, to day) []byte {
	r := &s.r
	b = append(b, "time;glucose mg/dL\n"...)
	for d := max(to-180, s.born); d < to; d++ {
		base := (s.sugar(d)*287/100 - 467) / 10
		for q := range 96 {
			b = two(append(d.append(b, toDay), 'T'), q/4)
			b = two(append(b, ':'), q%4*15)
			b = append(append(append(b, ';'), itoa(max(48, base+r.noise(40)))...), '\n')
		}
	}
	return b
}
