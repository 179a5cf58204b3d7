package synth

// encounterCodes by kind of visit: class, type.
var encounterCodes = [...][2]code{
	checkup:   {hl7("v3-ActCode", "AMB", "ambulatory"), snomed("162673000", "General examination of patient")},
	followUp:  {hl7("v3-ActCode", "AMB", "ambulatory"), snomed("185349003", "Encounter for check up")},
	acute:     {hl7("v3-ActCode", "AMB", "ambulatory"), snomed("185345009", "Encounter for symptom")},
	emergency: {hl7("v3-ActCode", "EMER", "emergency"), snomed("50849002", "Emergency room admission")},
	prenatal:  {hl7("v3-ActCode", "AMB", "ambulatory"), snomed("424441002", "Prenatal initial visit")},
}

// context is what the records of one visit share.
type context struct {
	*visit
	encounter int // number of the Encounter
	doctor    int
	outside   bool // laboratory values come with ranges and flags
}

// visit writes everything that one contact leaves behind.
func (s *scribe) visit(v *visit) {
	r := &s.r
	c := context{visit: v, doctor: s.doctor, outside: r.chance(420)}
	if v.kind >= acute || r.chance(200) {
		c.doctor = r.n(practitionersPerPractice)
	}
	s.encounter(&c)
	s.newConditions(&c)
	s.vitals(&c)
	s.laboratory(&c)
	s.treatments(&c)
	s.vaccinations(&c)
	s.procedures(&c)
	s.notes(&c)
	s.billing(&c)
}

func (s *scribe) encounter(c *context) {
	r := &s.r
	minutes := r.in(12, 40)
	if c.kind == emergency {
		minutes = r.in(60, 200)
	}
	site := clinic
	if c.kind == emergency {
		site = hospital
	}
	kind := encounterCodes[c.kind]
	c.encounter = s.start("Encounter")
	s.meta("us-core-encounter", c.at)
	s.narrative(kind[1].display, " at ", s.practice.organizations[clinic])
	contained := r.chance(30)
	if contained {
		s.arr("contained")
		s.obj("")
		s.str("resourceType", "Location")
		s.str("id", "room")
		s.str("status", "active")
		s.str("name", "Treatment room ", itoa(r.in(1, 12)))
		s.end("}]")
	}
	s.arr("identifier")
	s.identifier("", "https://ehr.example.org/visits", s.g.recordNumber(s.i), "-", itoa(c.encounter))
	s.end("]")
	s.str("status", "finished")
	if c.kind == emergency {
		s.arr("statusHistory")
		for k, status := range [...]string{"arrived", "triaged", "in-progress"} {
			s.obj("")
			s.str("status", status)
			s.obj("period")
			s.time("start", c.at.plus(k*600))
			s.time("end", c.at.plus(k*600+600))
			s.end("}}")
		}
		s.end("]")
	}
	s.coding("class", kind[0])
	s.arr("type")
	s.concept("", kind[1].display, kind[1])
	s.end("]")
	s.subject("subject")
	s.arr("participant")
	s.obj("")
	s.arr("type")
	s.concept("", "", hl7("v3-ParticipationType", "PPRF", "primary performer"))
	s.end("]")
	s.obj("period")
	s.time("start", c.at)
	s.time("end", c.at.plus(minutes*60))
	s.end("}")
	s.practitioner("individual", c.doctor)
	s.end("}]")
	s.obj("period")
	s.time("start", c.at)
	s.time("end", c.at.plus(minutes*60))
	s.end("}")
	if c.kind == acute || c.kind == emergency {
		s.arr("reasonCode")
		s.concept("", complaints[c.complaint].reason, complaints[c.complaint].snomed)
		s.end("]")
	}
	s.arr("location")
	s.obj("")
	if contained {
		s.raw("location", `{"reference":"#room"}`)
	} else {
		s.location("location", site)
	}
	s.str("status", "completed")
	s.end("}]")
	s.organization("serviceProvider", site)
	s.emit()
}

// during writes the references that most records of a visit have.
func (s *scribe) during(c *context) {
	s.subject("subject")
	s.ref("encounter", "Encounter", c.encounter)
}
