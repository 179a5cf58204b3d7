package synth

// allergen is a substance with what it does.
type allergen struct {
	code     code
	category string
	reaction code
}

var (
	allergens = []allergen{
		{rxnorm("7980", "penicillin G"), "medication", snomed("271807003", "Eruption of skin")},
		{rxnorm("10831", "sulfamethoxazole / trimethoprim"), "medication", snomed("126485001", "Urticaria")},
		{snomed("256349002", "Peanut - dietary"), "food", snomed("39579001", "Anaphylaxis")},
		{snomed("288328004", "Bee venom"), "environment", snomed("442999002", "Localized edema")},
		{snomed("264287008", "Animal dander"), "environment", snomed("878820003", "Rhinoconjunctivitis")},
		{snomed("111088007", "Latex"), "environment", snomed("40275004", "Contact dermatitis")},
	}
	noAllergy = snomed("716186003", "No known allergy")
)

// background writes what is not tied to a visit: allergies, family, cover, the
// team, and sometimes this export's own copy of the practitioner.
func (s *scribe) background() {
	r := &s.r
	at := instant{s.first, 9*3600 + r.n(3600), zones[s.zone][0], false}
	if s.i%8 == 5 && s.bundle == "" {
		s.writePractitioner(s.doctor, true)
	}
	// A third have nothing on file, which is not the same as no allergy.
	switch n := r.n(100); {
	case n < 30:
		for k := range 1 + r.n(3) {
			s.allergy(at, &allergens[(n+k)%len(allergens)])
		}
	case n < 65:
		s.allergy(at, nil)
	}
	if r.chance(300) {
		s.family(at)
	}
	s.cover(at)
	if r.chance(400) {
		s.team(at)
	}
}

func (s *scribe) allergy(at instant, a *allergen) {
	r := &s.r
	s.noPenicillin = s.noPenicillin || a == &allergens[0]
	s.leaf("AllergyIntolerance")
	s.meta("us-core-allergyintolerance", at)
	if a == nil {
		s.narrative("No known allergy.")
	} else {
		s.narrative("Allergy to ", a.code.display, ".")
	}
	// An entry made in error may have no clinical status (ait-2).
	wrong := a != nil && r.chance(30)
	if !wrong {
		s.concept("clinicalStatus", "", hl7("allergyintolerance-clinical", "active", "Active"))
	}
	status := "confirmed"
	switch {
	case wrong:
		status = "entered-in-error"
	case a != nil && r.chance(250):
		status = "unconfirmed"
	}
	s.concept("verificationStatus", "", hl7("allergyintolerance-verification", status, ""))
	if a == nil {
		s.concept("code", noAllergy.display, noAllergy)
		s.subject("patient")
		s.date("recordedDate", at.day, toDay)
		s.emit()
		return
	}
	s.str("type", "allergy")
	s.arr("category")
	s.str("", a.category)
	s.end("]")
	if r.chance(600) {
		s.str("criticality", pick(r, []string{"low", "high", "unable-to-assess"}))
	}
	s.concept("code", a.code.display, a.code)
	s.subject("patient")
	if r.chance(500) {
		s.date("onsetDateTime", s.born+(at.day-s.born)/2, r.n(2))
	}
	s.time("recordedDate", at)
	s.practitioner("recorder", s.doctor)
	s.arr("reaction")
	s.obj("")
	s.arr("manifestation")
	s.concept("", a.reaction.display, a.reaction)
	s.end("]")
	s.str("severity", pick(r, []string{"mild", "moderate", "severe"}))
	s.end("}]")
	s.emit()
}

func (s *scribe) family(at instant) {
	r, d := &s.r, &diseases[s.r.n(pregnancy)]
	s.leaf("FamilyMemberHistory")
	s.meta("", at)
	s.str("status", "completed")
	s.subject("patient")
	s.date("date", at.day, toDay)
	relatives := []code{hl7("v3-RoleCode", "MTH", "mother"), hl7("v3-RoleCode", "MGRMTH", "maternal grandmother"), hl7("v3-RoleCode", "FTH", "father")}
	switch d.sex {
	case 'f':
		relatives = relatives[:2]
	case 'm':
		relatives = relatives[2:]
	}
	s.concept("relationship", "", pick(r, relatives))
	s.arr("condition")
	s.obj("")
	s.concept("code", d.word, d.snomed)
	s.obj("onsetAge")
	s.int("value", r.in(d.from, d.to))
	s.str("unit", "a")
	s.str("system", systemUCUM)
	s.str("code", "a")
	s.end("}}]")
	s.emit()
}

func (s *scribe) cover(at instant) {
	s.coverage = s.start("Coverage")
	s.meta("", at)
	s.str("status", "active")
	s.concept("type", "", hl7("v3-ActCode", "HIP", "health insurance plan policy"))
	s.str("subscriberId", "SUB-", itoa(s.r.in(100000, 999999)))
	s.subject("beneficiary")
	s.concept("relationship", "", hl7("subscriber-relationship", "self", "Self"))
	s.obj("period")
	s.date("start", at.day, toDay)
	s.end("}")
	s.arr("payor")
	s.organization("", insurer)
	s.end("]")
	s.emit()
}

func (s *scribe) team(at instant) {
	s.leaf("CareTeam")
	s.meta("us-core-careteam", at)
	s.str("status", "active")
	s.str("name", "Care team of ", s.name.display)
	s.subject("subject")
	s.obj("period")
	s.date("start", at.day, toDay)
	s.end("}")
	s.arr("participant")
	for k := range 1 + s.r.n(3) {
		s.obj("")
		s.arr("role")
		s.concept("", "", snomed("223366009", "Healthcare professional"))
		s.end("]")
		s.practitioner("member", (s.doctor+k)%practitionersPerPractice)
		s.end("}")
	}
	s.end("]")
	s.arr("managingOrganization")
	s.organization("", clinic)
	s.end("]")
	s.emit()
}

// closing writes what lies ahead: the next appointment, for the living.
func (s *scribe) closing() {
	r := &s.r
	if s.died != never || s.stopped {
		return
	}
	if r.chance(600) {
		s.appointment("booked", s.now+day(r.in(3, 120)))
	}
	if r.chance(250) {
		s.appointment(pick(r, []string{"cancelled", "fulfilled", "noshow"}), s.last-day(r.n(int(s.last-s.first)+1)))
	}
}

func (s *scribe) appointment(status string, d day) {
	r := &s.r
	start := instant{d, r.in(32, 66) * 900, zones[s.zone][0], false}
	s.leaf("Appointment")
	s.meta("", instant{s.last, 12 * 3600, "Z", false})
	s.str("status", status)
	s.arr("serviceType")
	s.concept("", "", hl7("service-type", "124", "General Practice"))
	s.end("]")
	s.str("description", pick(r, []string{"Review of results", "Routine follow-up", "Medication review", "Kontrolltermin – bitte nüchtern"}))
	s.time("start", start)
	s.time("end", start.plus(1200))
	s.int("minutesDuration", 20)
	s.arr("participant")
	s.obj("")
	s.subject("actor")
	s.str("status", "accepted")
	s.end("}")
	s.obj("")
	s.practitioner("actor", s.doctor)
	s.str("status", "accepted")
	s.end("}]")
	s.emit()
}
