package synth

// billing writes, for some visits, the claim and what the insurer answered:
// two resources with long arrays of items.
func (s *scribe) billing(c *context) {
	r := &s.r
	if !r.chance(850) {
		return
	}
	items := r.in(3, 9)
	if c.kind == emergency {
		items = r.in(8, 30)
	}
	claim := s.claim(c, items)
	if r.chance(850) {
		s.benefit(c, claim, items)
	}
}

var services = []code{
	snomed("185349003", "Encounter for check up"), snomed("396550006", "Blood test"), snomed("29303009", "Electrocardiographic procedure"),
	snomed("430193006", "Medication reconciliation"), snomed("171207006", "Depression screening"), snomed("710824005", "Assessment of health and social care needs"),
}

func (s *scribe) money(k string, cents int) {
	s.obj(k)
	s.dec("value", cents, 2)
	s.str("currency", "USD")
	s.end("}")
}

func (s *scribe) billHead(c *context) {
	s.str("status", "active")
	s.concept("type", "", hl7("claim-type", "professional", "Professional"))
	s.str("use", "claim")
	s.subject("patient")
	s.obj("billablePeriod")
	s.time("start", c.at)
	s.time("end", c.at.plus(1800))
	s.end("}")
	s.time("created", c.at.plus(7200))
}

// insurance writes the cover; a sequence of 0 is left out.
func (s *scribe) insurance(sequence int) {
	s.arr("insurance")
	s.obj("")
	if sequence > 0 {
		s.int("sequence", sequence)
	}
	s.raw("focal", "true")
	s.ref("coverage", "Coverage", s.coverage)
	s.end("}]")
}

func (s *scribe) claim(c *context, items int) int {
	n := s.start("Claim")
	s.meta("", c.at)
	s.billHead(c)
	s.organization("provider", clinic)
	s.concept("priority", "", hl7("processpriority", "normal", "Normal"))
	s.insurance(1)
	s.arr("item")
	total := 0
	for k := range items {
		cents := price(k)
		total += cents
		s.obj("")
		s.int("sequence", k+1)
		s.concept("productOrService", services[k%len(services)].display, services[k%len(services)])
		s.money("unitPrice", cents)
		s.money("net", cents)
		if k == 0 {
			s.arr("encounter")
			s.ref("", "Encounter", c.encounter)
			s.end("]")
		}
		s.end("}")
	}
	s.end("]")
	s.money("total", total)
	s.emit()
	return n
}

// price is in cents; some prices end in a zero that has to stay.
func price(item int) int { return 1250 + item%7*1930 + item*5 }

func (s *scribe) benefit(c *context, claim, items int) {
	s.leaf("ExplanationOfBenefit")
	s.meta("", c.at)
	s.arr("contained")
	s.obj("")
	s.str("resourceType", "ServiceRequest")
	s.str("id", "referral")
	s.str("status", "completed")
	s.str("intent", "order")
	s.subject("subject")
	s.practitioner("requester", c.doctor)
	s.end("}]")
	s.arr("identifier")
	s.identifier("", "https://payer.example.org/benefits", s.practice.slug, "-", itoa(s.i), "-", itoa(claim))
	s.end("]")
	s.billHead(c)
	s.raw("referral", `{"reference":"#referral"}`)
	s.organization("insurer", insurer)
	s.organization("provider", clinic)
	s.ref("claim", "Claim", claim)
	s.str("outcome", "complete")
	s.insurance(0)
	s.arr("item")
	total := 0
	for k := range items {
		cents := price(k)
		total += cents
		s.obj("")
		s.int("sequence", k+1)
		s.concept("productOrService", services[k%len(services)].display, services[k%len(services)])
		s.date("servicedDate", c.at.day, toDay)
		s.concept("locationCodeableConcept", "", code{"https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set", "11", "Office"})
		s.money("net", cents)
		s.arr("adjudication")
		for _, a := range [...]struct {
			code, display string
			share         int // percent
		}{{"submitted", "Submitted Amount", 100}, {"eligible", "Eligible Amount", 95}, {"deductible", "Deductible", 5}, {"copay", "CoPay", 15}, {"benefit", "Benefit Amount", 75}} {
			s.obj("")
			s.concept("category", "", hl7("adjudication", a.code, a.display))
			s.money("amount", cents*a.share/100)
			s.end("}")
		}
		s.end("]}")
	}
	s.end("]")
	s.arr("total")
	s.obj("")
	s.concept("category", "", hl7("adjudication", "submitted", "Submitted Amount"))
	s.money("amount", total)
	s.end("}]")
	s.obj("payment")
	s.money("amount", total*75/100)
	s.end("}")
	s.emit()
}
