package synth

// newConditions writes the diseases known since the last visit, those of the
// past at the first one, and the complaint that is the reason of this visit.
func (s *scribe) newConditions(c *context) {
	for k := range diseases {
		ill := &s.illness[k]
		if ill.onset > c.at.day || s.known[k] {
			continue
		}
		s.known[k] = true
		s.condition(c, k)
		if c.kind == prenatal && k == pregnancy || s.r.chance(100) {
			s.carePlan(c, k)
		}
	}
	if c.kind == acute || c.kind == emergency {
		s.complaint(c)
	}
}

func (s *scribe) condition(c *context, k int) {
	r, d, ill := &s.r, &diseases[k], &s.illness[k]
	s.conditions[k] = s.start("Condition")
	s.meta("us-core-condition-problems-health-concerns", c.at)
	resolved := ill.resolved <= s.last
	s.narrative(d.word, " since ", string(ill.onset.append(nil, toYear)), ".")
	status := "confirmed"
	switch n := r.n(1000); {
	case n < 20:
		status = "entered-in-error"
	case n < 50:
		status = "provisional"
	}
	if status != "entered-in-error" {
		// A record entered in error may have no clinical status (con-5).
		clinical := hl7("condition-clinical", "active", "Active")
		if resolved {
			clinical = hl7("condition-clinical", "resolved", "Resolved")
		}
		s.concept("clinicalStatus", "", clinical)
	}
	s.concept("verificationStatus", "", hl7("condition-ver-status", status, ""))
	s.arr("category")
	s.concept("", "", hl7("condition-category", "problem-list-item", "Problem List Item"))
	s.end("]")
	if r.chance(250) {
		s.concept("severity", "", pick(r, []code{snomed("255604002", "Mild"), snomed("6736007", "Moderate severity"), snomed("24484000", "Severe")}))
	}
	if r.chance(500) {
		s.concept("code", d.snomed.display, d.snomed, d.icd)
	} else {
		s.concept("code", d.snomed.display, d.snomed)
	}
	s.during(c)
	switch n := r.n(1000); {
	case n < 80:
		s.date("onsetDateTime", ill.onset, toYear)
	case n < 180:
		s.date("onsetDateTime", ill.onset, toMonth)
	case n < 400:
		s.date("onsetDateTime", ill.onset, toDay)
	default:
		s.time("onsetDateTime", instant{ill.onset, 10 * 3600, c.at.zone, false})
	}
	if resolved && status != "entered-in-error" {
		s.date("abatementDateTime", ill.resolved, toDay)
	}
	s.date("recordedDate", c.at.day, toDay)
	s.practitioner("recorder", c.doctor)
	s.emit()
}

func (s *scribe) complaint(c *context) {
	p := &complaints[c.complaint]
	s.leaf("Condition")
	s.meta("us-core-condition-encounter-diagnosis", c.at)
	end := c.at.day + day(p.days)
	if end <= s.last {
		s.concept("clinicalStatus", "", hl7("condition-clinical", "resolved", "Resolved"))
	} else {
		s.concept("clinicalStatus", "", hl7("condition-clinical", "active", "Active"))
	}
	s.concept("verificationStatus", "", hl7("condition-ver-status", "confirmed", "Confirmed"))
	s.arr("category")
	s.concept("", "", hl7("condition-category", "encounter-diagnosis", "Encounter Diagnosis"))
	s.end("]")
	s.concept("code", p.snomed.display, p.snomed, p.icd)
	s.during(c)
	s.time("onsetDateTime", c.at)
	if end <= s.last {
		s.date("abatementDateTime", end, toDay)
	}
	s.time("recordedDate", c.at)
	s.emit()
}

func (s *scribe) carePlan(c *context, k int) {
	d := &diseases[k]
	s.leaf("CarePlan")
	s.meta("us-core-careplan", c.at)
	s.narrative("Care plan for ", d.word, ": diet & exercise, review every three months.")
	s.str("status", "active")
	s.str("intent", "plan")
	s.str("title", "Plan for ", d.word)
	s.during(c)
	s.obj("period")
	s.date("start", c.at.day, toDay)
	s.end("}")
	s.arr("addresses")
	s.ref("", "Condition", s.conditions[k])
	s.end("]")
	s.arr("activity")
	for _, text := range [...]string{"Review every three months", "Self-monitoring with a diary", "Education: diet & exercise"} {
		s.obj("")
		s.obj("detail")
		s.str("status", "in-progress")
		s.str("description", text)
		s.end("}}")
	}
	s.end("]")
	s.emit()
}
