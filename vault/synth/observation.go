package synth

var (
	vitalSigns = hl7("observation-category", "vital-signs", "Vital Signs")
	labResults = hl7("observation-category", "laboratory", "Laboratory")
	social     = hl7("observation-category", "social-history", "Social History")
	survey     = hl7("observation-category", "survey", "Survey")
	pressure   = loinc("85354-9", "Blood pressure panel with all children optional")
)

// observation opens an Observation up to its effective time.
func (s *scribe) observation(c *context, category, what code, profile string) {
	s.meta(profile, c.at)
	if s.feed == feedHospital || s.feed == feedBundle {
		s.arr("identifier")
		s.identifier("", "https://ehr.example.org/results", s.practice.slug, "-", itoa(s.i), "-", itoa(s.number))
		s.end("]")
	}
	status := "final"
	switch n := s.r.n(1000); {
	case n < 4:
		status = "entered-in-error"
	case n < 14:
		status = "amended"
	}
	s.str("status", status)
	s.arr("category")
	s.concept("", "", category)
	s.end("]")
	s.concept("code", what.display, what)
	s.during(c)
	s.time("effectiveDateTime", c.at.plus(120))
	s.time("issued", instant{c.at.day, c.at.plus(1500).second, c.at.zone, true})
}

// vitals writes what is measured at every visit. Nobody flags those.
func (s *scribe) vitals(c *context) {
	r, d := &s.r, c.at.day
	if s.age(d) >= 3 {
		s.bloodPressure(c)
	}
	s.vital(c, pulse, "us-core-heart-rate")
	s.vital(c, weight, "us-core-body-weight")
	if s.age(d) < 19 || r.chance(250) {
		s.vital(c, height, "us-core-body-height")
		s.vital(c, bodyMass, "us-core-bmi")
	}
	if c.kind >= acute || r.chance(300) {
		s.vital(c, temperature, "us-core-body-temperature")
		s.vital(c, breathing, "us-core-respiratory-rate")
	}
	if s.illness[copd].at(d) || s.illness[asthma].at(d) || c.kind == emergency {
		s.vital(c, saturation, "us-core-pulse-oximetry")
	}
	if s.age(d) > 12 && r.chance(300) {
		s.vital(c, pain, "")
	}
	if c.kind == checkup && s.age(d) > 14 {
		s.smoking(c)
	}
	if s.illness[depression].at(d) {
		s.leaf("Observation")
		s.observation(c, survey, measurements[mood].code, "")
		s.measured(mood, s.value(mood, d, r))
		s.emit()
	}
}

func (s *scribe) vital(c *context, k int, profile string) {
	s.leaf("Observation")
	s.narrative(measurements[k].code.display, " measured by Dr. ", s.practice.doctors[c.doctor].display)
	s.observation(c, vitalSigns, measurements[k].code, profile)
	s.performed(c)
	if s.r.chance(6) {
		s.concept("dataAbsentReason", "", hl7("data-absent-reason", pick(&s.r, []string{"not-performed", "error", "asked-declined"}), ""))
	} else {
		v := s.value(k, c.at.day, &s.r)
		if k == temperature && c.kind == acute && c.complaint < childComplaints {
			v += s.r.in(2, 22)
		}
		switch {
		case k == temperature && s.zone < 2:
			// US clinics read Fahrenheit, written with a digit that means nothing.
			s.quantity("valueQuantity", v*18+3200, 2, "degF", "[degF]")
		case k == weight && s.zone == 0 && s.r.chance(300):
			s.quantity("valueQuantity", v*22046/100000, 1, "lb_av", "[lb_av]")
		default:
			s.measured(k, v)
		}
	}
	s.emit()
}

// performed says who measured, where the feed says so.
func (s *scribe) performed(c *context) {
	if s.feed == feedPlain {
		return
	}
	s.arr("performer")
	s.practitioner("", c.doctor)
	s.end("]")
}

func (s *scribe) measured(k, v int) {
	m := &measurements[k]
	s.quantity("valueQuantity", v, m.scale, m.unit, m.ucum)
}

func (s *scribe) bloodPressure(c *context) {
	r := &s.r
	s.leaf("Observation")
	s.observation(c, vitalSigns, pressure, "us-core-blood-pressure")
	s.performed(c)
	if r.chance(120) {
		s.concept("bodySite", "", pick(r, []code{snomed("368208006", "Left upper arm structure"), snomed("368209003", "Right upper arm structure")}))
	}
	s.arr("component")
	for _, k := range [...]int{diastolic, systolic} {
		s.obj("")
		s.concept("code", measurements[k].code.display, measurements[k].code)
		if k == diastolic && r.chance(8) {
			s.concept("dataAbsentReason", "", hl7("data-absent-reason", "not-performed", "Not Performed"))
		} else {
			s.measured(k, s.value(k, c.at.day, r))
		}
		s.end("}")
	}
	s.end("]")
	s.emit()
}

func (s *scribe) smoking(c *context) {
	status := snomed("266919005", "Never smoked tobacco")
	if s.smoker {
		status = snomed("449868002", "Smokes tobacco daily")
	}
	s.leaf("Observation")
	s.observation(c, social, loinc("72166-2", "Tobacco smoking status"), "us-core-smokingstatus")
	s.concept("valueCodeableConcept", status.display, status)
	s.emit()
}
