package synth

// A practice serves practiceSize patients with a directory of its own.
const (
	practiceSize             = 64
	practitionersPerPractice = 6
	locationsPerPractice     = 2
)

// Organizations of a practice.
const (
	clinic = iota
	hospital
	laboratory
	insurer
	organizationsPerPractice
)

// Entries of a practice are numbered through: organizations, then locations,
// then practitioners.
const (
	firstLocation     = organizationsPerPractice
	firstPractitioner = firstLocation + locationsPerPractice
)

// practice is the institutions and people that its patients share.
type practice struct {
	number        int
	slug          string
	organizations [organizationsPerPractice]string
	doctors       [practitionersPerPractice]personName
}

func (p *practice) settle(seed uint64, number int) {
	var r random
	r.seed(seed, domainPractice, uint64(number))
	p.number = number
	p.slug = "practice-" + itoa(number)
	for k := range p.organizations {
		p.organizations[k] = pick(&r, institutionFirst) + " " + institutionLast[k]
	}
	for k := range p.doctors {
		p.doctors[k] = drawName(&r, r.chance(500))
	}
}

func (s *scribe) entryID(n int) uuid {
	return newUUID(s.g.seed, domainDirectoryID, uint64(s.practice.number), n)
}

// npi is ten digits beginning with 9, which is no real provider identifier.
func (s *scribe) npi(doctor int) string {
	return "9" + itoa(1_000_000_000 + s.practice.number*100 + doctor)[1:]
}

// directory writes the practice's entries, the same whoever asks, except that
// a Bundle has its own idea of the practitioners.
func (s *scribe) directory() {
	for k := range organizationsPerPractice {
		s.writeOrganization(k)
	}
	for k := range locationsPerPractice {
		s.writeLocation(k)
	}
	for k := range practitionersPerPractice {
		s.writePractitioner(k, s.bundle != "")
	}
}

// entryRandom is the practice's own stream for entry n.
func (s *scribe) entryRandom(n int) random {
	var r random
	r.seed(s.g.seed, domainPractice, uint64(s.practice.number)<<8|uint64(n+1))
	return r
}

func (s *scribe) organizationIdentifier(k int) string {
	return s.practice.slug + "-" + itoa(k)
}

func (s *scribe) writeOrganization(k int) {
	r := s.entryRandom(k)
	s.open("Organization", s.entryID(k))
	s.arr("identifier")
	s.identifier("", "https://ehr.example.org/organizations", s.organizationIdentifier(k))
	s.end("]")
	s.raw("active", "true")
	s.arr("type")
	if k == insurer {
		s.concept("", "", hl7("organization-type", "pay", "Payer"))
	} else {
		s.concept("", "", hl7("organization-type", "prov", "Healthcare Provider"))
	}
	s.end("]")
	s.str("name", s.practice.organizations[k])
	s.arr("telecom")
	s.phone("", "work", r.n(100))
	s.end("]")
	s.arr("address")
	s.address("", drawAddress(&r), "")
	s.end("]")
	s.emit()
}

func (s *scribe) writeLocation(k int) {
	r := s.entryRandom(firstLocation + k)
	s.open("Location", s.entryID(firstLocation+k))
	s.str("status", "active")
	s.str("name", s.practice.organizations[k], ", room ", itoa(r.in(100, 480)))
	s.str("mode", "instance")
	s.address("address", drawAddress(&r), "")
	s.obj("position")
	s.dec("longitude", -710000+r.noise(9000), 4)
	s.dec("latitude", 423000+r.noise(9000), 4)
	s.end("}")
	s.organization("managingOrganization", k)
	s.emit()
}

// writePractitioner writes a practitioner as the directory knows him, or, as a
// variant, as this patient's export does: the same id, a little different.
func (s *scribe) writePractitioner(k int, variant bool) {
	r := s.entryRandom(firstPractitioner + k)
	line, encounters := drawAddress(&r), r.in(20, 900)
	if variant {
		encounters = s.r.in(1, 900)
	}
	name := &s.practice.doctors[k]
	s.open("Practitioner", s.entryID(firstPractitioner+k))
	s.arr("extension")
	s.obj("")
	s.str("url", "https://ehr.example.org/StructureDefinition/encounter-count")
	s.int("valueInteger", encounters)
	s.end("}]")
	s.arr("identifier")
	s.identifier("", systemNPI, s.npi(k))
	s.end("]")
	s.raw("active", "true")
	s.arr("name")
	s.obj("")
	s.str("family", name.family)
	s.arr("given")
	s.str("", name.given)
	s.end("]")
	s.arr("prefix")
	s.str("", "Dr.")
	s.end("]}]")
	s.arr("telecom")
	s.obj("")
	s.str("system", "email")
	s.str("value", "dr", itoa(k), ".", s.practice.slug, "@clinic.example.org")
	s.str("use", "work")
	s.end("}]")
	s.arr("address")
	s.address("", line, "work")
	s.end("]")
	if !variant || s.r.chance(500) {
		s.arr("qualification")
		s.obj("")
		s.concept("code", "", specialties[k%len(specialties)])
		s.end("}]")
	}
	s.emit()
}

// practitioner and organization write references to entries, in the feed's way.

func (s *scribe) practitioner(k string, doctor int) {
	s.entry(k, "Practitioner", firstPractitioner+doctor, systemNPI, s.npi(doctor))
}

func (s *scribe) organization(k string, n int) {
	s.entry(k, "Organization", n, "https://ehr.example.org/organizations", s.organizationIdentifier(n))
}

// location refers to the room of an institution. Locations have no identifier,
// so even a conditional feed knows them by id.
func (s *scribe) location(k string, n int) { s.entry(k, "Location", firstLocation+n, "", "") }

func (s *scribe) entry(k, kind string, n int, system, value string) {
	s.obj(k)
	switch {
	case s.conditional && value != "":
		s.str("reference", kind, "?identifier=", system, "|", value)
	case s.urn:
		s.key("reference")
		s.buf = append(s.entryID(n).append(append(s.buf, `"urn:uuid:`...)), '"')
	default:
		s.key("reference")
		s.buf = append(append(append(s.buf, '"'), kind...), '/')
		s.buf = append(s.entryID(n).append(s.buf), '"')
	}
	if n >= firstPractitioner {
		s.str("display", "Dr. ", s.practice.doctors[n-firstPractitioner].display)
	} else if n < organizationsPerPractice {
		s.str("display", s.practice.organizations[n])
	}
	s.end("}")
}
