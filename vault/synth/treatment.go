package synth

import "strings"

// treatments writes the prescriptions of a visit: new ones, renewals after a
// year, and the next drug of the list where the first has not sufficed.
func (s *scribe) treatments(c *context) {
	r, d := &s.r, c.at.day
	for k := range diseases {
		ill, list := &s.illness[k], diseases[k].drugs
		if len(list) == 0 || !s.known[k] || d < ill.treated || !ill.at(d) {
			continue
		}
		first := s.prescribed[k] == 0
		step := !first && s.step[k]+1 < len(list) && ill.severity > 45 && d > ill.treated+500 && r.chance(350)
		if step {
			s.step[k]++
		}
		if !first && !step && d < s.prescribed[k]+year {
			continue
		}
		s.prescribed[k] = d
		s.prescribe(c, list[s.step[k]], diseases[k].snomed, s.conditions[k], ill.resolved <= s.last || d+400 < s.last)
		if first && r.chance(150) {
			s.statement(c, list[s.step[k]])
		}
	}
	if c.kind == acute || c.kind == emergency {
		p := &complaints[c.complaint]
		s.prescribe(c, s.remedy(p), p.snomed, -1, c.at.day+day(p.days) <= s.last)
	}
}

// remedy is the usual drug for p, or what those with an allergy get instead.
func (s *scribe) remedy(p *complaint) int {
	if p.drug == amoxicillin && s.noPenicillin {
		return azithromycin
	}
	return p.drug
}

// medication writes medication[x]: a code, or a reference to a contained one.
func (s *scribe) medication(n int, contained bool) {
	if contained {
		s.raw("medicationReference", `{"reference":"#med"}`)
		return
	}
	s.concept("medicationCodeableConcept", drugs[n].code.display, drugs[n].code)
}

func (s *scribe) prescribe(c *context, n int, reason code, condition int, done bool) {
	r, d := &s.r, &drugs[n]
	s.leaf("MedicationRequest")
	s.meta("us-core-medicationrequest", c.at)
	s.narrative(d.code.display, ": ", d.sig)
	contained := r.chance(40)
	if contained {
		s.arr("contained")
		s.obj("")
		s.str("resourceType", "Medication")
		s.str("id", "med")
		s.concept("code", d.code.display, d.code)
		s.obj("batch")
		s.str("lotNumber", "LOT", itoa(r.in(10000, 99999)))
		s.end("}}]")
	}
	status := "active"
	switch {
	case r.chance(8):
		status = "entered-in-error"
	case done:
		status = "completed"
	case r.chance(80):
		status = "stopped"
	}
	s.str("status", status)
	s.str("intent", "order")
	s.medication(n, contained)
	s.during(c)
	s.time("authoredOn", c.at.plus(900))
	s.practitioner("requester", c.doctor)
	if condition >= 0 && r.chance(500) {
		s.arr("reasonReference")
		s.ref("", "Condition", condition)
		s.end("]")
	} else {
		s.arr("reasonCode")
		s.concept("", "", reason)
		s.end("]")
	}
	s.arr("dosageInstruction")
	s.dosage(d)
	s.end("]")
	s.obj("dispenseRequest")
	s.int("numberOfRepeatsAllowed", r.n(6))
	s.quantity("quantity", pick(r, []int{28, 30, 90, 100}), 0, d.unit, "{"+d.unit+"}")
	s.end("}")
	s.emit()
}

func (s *scribe) dosage(d *drug) {
	s.obj("")
	s.int("sequence", 1)
	s.str("text", d.sig)
	s.obj("timing")
	s.obj("repeat")
	s.int("frequency", d.perPeriod)
	if d.hours%24 == 0 {
		s.int("period", d.hours/24)
		s.str("periodUnit", "d")
	} else {
		s.dec("period", d.hours*10, 1)
		s.str("periodUnit", "h")
	}
	s.end("}}")
	if strings.Contains(d.sig, "as needed") {
		s.raw("asNeededBoolean", "true")
	}
	s.concept("route", "", d.route())
	s.arr("doseAndRate")
	s.obj("")
	s.concept("type", "", hl7("dose-rate-type", "ordered", "Ordered"))
	if d.dose%10 == 0 {
		s.quantity("doseQuantity", d.dose/10, 0, d.unit, "{"+d.unit+"}")
	} else {
		s.quantity("doseQuantity", d.dose*10, 2, d.unit, "{"+d.unit+"}")
	}
	s.end("}]}")
}

func (d *drug) route() code {
	switch d.unit {
	case "puff":
		return snomed("447694001", "Respiratory tract route")
	case "unit":
		return snomed("34206005", "Subcutaneous route")
	}
	return snomed("26643006", "Oral route")
}

// statement is what the patient says about the drug at home.
func (s *scribe) statement(c *context, n int) {
	s.leaf("MedicationStatement")
	s.meta("", c.at)
	s.str("status", "active")
	s.medication(n, false)
	s.subject("subject")
	s.ref("context", "Encounter", c.encounter)
	s.obj("effectivePeriod")
	s.date("start", c.at.day, toMonth)
	s.end("}")
	s.date("dateAsserted", c.at.day, toDay)
	s.subject("informationSource")
	s.arr("note")
	s.obj("")
	s.str("text", "Says: \"I take it most days\"; brought the box along.")
	s.end("}]")
	s.emit()
}
