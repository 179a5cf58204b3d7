package synth

// dose is one vaccination of childhood, due at an age in days.
type dose struct {
	code code
	due  day
}

func cvx(c, display string) code { return code{systemCVX, c, display} }

var (
	schedule = []dose{
		{cvx("08", "Hep B, adolescent or pediatric"), 3}, {cvx("08", "Hep B, adolescent or pediatric"), 40},
		{cvx("119", "rotavirus, monovalent"), 62}, {cvx("20", "DTaP"), 62}, {cvx("10", "IPV"), 62}, {cvx("133", "Pneumococcal conjugate PCV 13"), 62},
		{cvx("20", "DTaP"), 124}, {cvx("10", "IPV"), 124}, {cvx("133", "Pneumococcal conjugate PCV 13"), 124},
		{cvx("20", "DTaP"), 186}, {cvx("03", "MMR"), 370}, {cvx("21", "varicella"), 370}, {cvx("83", "Hep A, ped/adol, 2 dose"), 380},
		{cvx("03", "MMR"), 5 * year}, {cvx("20", "DTaP"), 5 * year}, {cvx("115", "Tdap"), 11 * year}, {cvx("165", "HPV9"), 11*year + 60},
		{cvx("114", "meningococcal MCV4P"), 16 * year}, {cvx("113", "Td (adult), 5 Lf tetanus toxoid, preservative free, adsorbed"), 26 * year},
		{cvx("113", "Td (adult), 5 Lf tetanus toxoid, preservative free, adsorbed"), 36 * year}, {cvx("187", "zoster recombinant"), 51 * year},
		{cvx("33", "pneumococcal polysaccharide PPV23"), 66 * year},
	}
	influenza = cvx("140", "Influenza, seasonal, injectable, preservative free")
	covid     = cvx("208", "COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose")
)

// vaccinations writes what is due. What was due before the records began is
// known, for some, as a year only.
func (s *scribe) vaccinations(c *context) {
	r, age := &s.r, c.at.day-s.born
	if c.kind == acute || c.kind == emergency {
		return
	}
	for given := 0; s.vaccines < len(schedule) && schedule[s.vaccines].due <= age && given < 4; s.vaccines++ {
		v := &schedule[s.vaccines]
		if v.due < age-2*year {
			if r.chance(60) {
				s.vaccine(c, v.code, s.born+v.due)
			}
			continue
		}
		s.vaccine(c, v.code, 0)
		given++
	}
	y, m, _ := c.at.day.date()
	if m >= 9 && s.influenza != y && age > 200 && r.chance(650) {
		s.influenza = y
		s.vaccine(c, influenza, 0)
	}
	if (y == 2021 || y == 2022) && age > 12*year && r.chance(400) {
		s.vaccine(c, covid, 0)
	}
}

// vaccine writes an Immunization given now, or one remembered from past.
func (s *scribe) vaccine(c *context, v code, past day) {
	r := &s.r
	s.leaf("Immunization")
	s.meta("us-core-immunization", c.at)
	status := "completed"
	switch n := r.n(1000); {
	case n < 6:
		status = "entered-in-error"
	case n < 20 && past == 0:
		status = "not-done"
	}
	s.str("status", status)
	if status == "not-done" {
		s.concept("statusReason", "", hl7("v3-ActReason", "PATOBJ", "patient objection"))
	}
	s.concept("vaccineCode", v.display, v)
	s.subject("patient")
	if past != 0 {
		s.date("occurrenceDateTime", past, toYear)
		s.raw("primarySource", "false")
		s.concept("reportOrigin", "Vaccination booklet")
		s.emit()
		return
	}
	s.ref("encounter", "Encounter", c.encounter)
	s.time("occurrenceDateTime", c.at)
	s.raw("primarySource", "true")
	s.location("location", clinic)
	if status == "completed" {
		s.str("lotNumber", "SYN", itoa(r.in(1000, 9999)), pick(r, []string{"A", "B", "X"}))
		s.concept("site", "", hl7("v3-ActSite", "LA", "left arm"))
		s.quantity("doseQuantity", 50, 2, "mL", "mL")
	}
	s.arr("performer")
	s.obj("")
	s.practitioner("actor", c.doctor)
	s.end("}]")
	s.emit()
}

// procedures writes operations that follow from a disease, and screening.
func (s *scribe) procedures(c *context) {
	r, d := &s.r, c.at.day
	ill := &s.illness
	switch {
	case !s.operated && d >= ill[prostateCancer].treated:
		s.operated = true
		s.procedure(c, snomed("26294005", "Radical prostatectomy"), prostateCancer)
	case !s.operated && d >= ill[breastCancer].treated:
		s.operated = true
		s.procedure(c, snomed("392021009", "Lumpectomy of breast"), breastCancer)
	}
	if s.age(d) > 50 && d > s.screened+10*year && r.chance(200) {
		s.screened = d
		s.procedure(c, snomed("73761001", "Colonoscopy"), -1)
	}
	if s.illness[fibrillation].at(d) || c.kind == emergency {
		s.procedure(c, snomed("29303009", "Electrocardiographic procedure"), -1)
	}
	if s.illness[copd].at(d) && r.chance(300) {
		s.procedure(c, snomed("127783003", "Spirometry"), copd)
	}
}

func (s *scribe) procedure(c *context, what code, disease int) {
	s.leaf("Procedure")
	s.meta("us-core-procedure", c.at)
	s.narrative(what.display, ".")
	s.str("status", "completed")
	s.concept("code", what.display, what)
	s.during(c)
	s.obj("performedPeriod")
	s.time("start", c.at.plus(300))
	s.time("end", c.at.plus(1800))
	s.end("}")
	s.arr("performer")
	s.obj("")
	s.practitioner("actor", c.doctor)
	s.end("}]")
	if disease >= 0 && s.known[disease] {
		s.arr("reasonReference")
		s.ref("", "Condition", s.conditions[disease])
		s.end("]")
	}
	if s.r.chance(300) {
		s.arr("note")
		s.obj("")
		s.str("text", "Uneventful. Tolerated well.")
		s.end("}]")
	}
	s.emit()
}
