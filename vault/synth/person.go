package synth

const extensions = "http://hl7.org/fhir/StructureDefinition/"

var maritalStatus = []code{
	hl7("v3-MaritalStatus", "M", "Married"), hl7("v3-MaritalStatus", "S", "Never Married"),
	hl7("v3-MaritalStatus", "D", "Divorced"), hl7("v3-MaritalStatus", "W", "Widowed"),
}

// person writes the Patient.
func (s *scribe) person() {
	r := &s.r
	s.start("Patient")
	at := instant{s.last, 9 * 3600, "Z", true}
	s.meta("us-core-patient", at)
	s.narrative("Patient record of ", s.name.display, ", born ", string(s.born.append(nil, toYear)), ".")
	if r.chance(650) {
		s.arr("extension")
		s.obj("")
		s.str("url", extensions+"patient-mothersMaidenName")
		s.str("valueString", pick(r, s.name.culture.family))
		s.end("}")
		s.obj("")
		s.str("url", extensions+"patient-birthPlace")
		s.address("valueAddress", drawAddress(r), "")
		s.end("}")
		s.obj("")
		s.str("url", "https://ehr.example.org/StructureDefinition/quality-adjusted-life-years")
		s.dec("valueDecimal", r.in(10000, 800000), 4)
		s.end("}]")
	}
	s.arr("identifier")
	s.obj("")
	s.concept("type", "Medical Record Number", hl7("v2-0203", "MR", "Medical record number"))
	s.str("system", systemMRN)
	s.str("value", s.g.recordNumber(s.i))
	s.end("}")
	if r.chance(700) {
		// Area numbers from 900 are never issued as social security numbers.
		s.identifier("", systemSSN, "999-", itoa(r.in(10, 99)), "-", itoa(r.in(1000, 9999)))
	}
	s.end("]")
	if r.chance(600) {
		s.raw("active", "true")
	}
	s.names()
	s.arr("telecom")
	s.phone("", "home", r.n(100))
	if r.chance(600) {
		s.phone("", "mobile", r.n(100))
	}
	if r.chance(500) {
		s.obj("")
		s.str("system", "email")
		s.str("value", "p", itoa(s.i), "@mail.example.org")
		s.end("}")
	}
	s.end("]")
	if s.gender != "" {
		s.str("gender", s.gender)
	}
	s.birth()
	if s.died != never {
		if r.chance(300) {
			s.raw("deceasedBoolean", "true")
		} else {
			s.time("deceasedDateTime", instant{s.died, 23 * 3600, "Z", false})
		}
	}
	s.arr("address")
	s.address("", s.home, "home")
	if r.chance(90) {
		s.address("", drawAddress(r), "old")
	}
	s.end("]")
	if s.age(s.last) >= 20 {
		s.concept("maritalStatus", "", pick(r, maritalStatus))
	}
	if r.chance(40) {
		s.int("multipleBirthInteger", r.in(1, 2))
	}
	if r.chance(350) {
		s.arr("contact")
		s.obj("")
		s.arr("relationship")
		s.concept("", "", hl7("v2-0131", "C", "Emergency Contact"))
		s.end("]")
		s.obj("name")
		s.str("text", pick(r, s.name.culture.female), " ", s.name.family)
		s.end("}")
		s.arr("telecom")
		s.phone("", "mobile", r.n(100))
		s.end("]}]")
	}
	s.arr("communication")
	s.obj("")
	s.concept("language", "", s.name.culture.language)
	s.raw("preferred", "true")
	s.end("}]")
	s.arr("generalPractitioner")
	s.practitioner("", s.doctor)
	s.end("]")
	s.organization("managingOrganization", clinic)
	s.emit()
}

// names writes the official name and, where there are any, the name in
// another writing and the one before marriage.
func (s *scribe) names() {
	r, n := &s.r, &s.name
	s.arr("name")
	s.obj("")
	s.str("use", "official")
	if r.chance(300) {
		s.str("text", n.display)
	}
	s.str("family", n.family)
	s.arr("given")
	s.str("", n.given)
	switch {
	case n.middle != "":
		s.str("", n.middle)
		s.end("]")
	case r.chance(60):
		// A second name that exists and is not known: a null keeps the two
		// arrays in step (FHIR R4, JSON representation of primitive elements).
		s.raw("", "null")
		s.end("]")
		s.arr("_given")
		s.raw("", "null")
		s.obj("")
		s.arr("extension")
		s.obj("")
		s.str("url", extensions+"data-absent-reason")
		s.str("valueCode", "asked-unknown")
		s.end("}]}]")
	default:
		s.end("]")
	}
	if n.prefix != "" && s.age(s.last) >= 18 {
		s.arr("prefix")
		s.str("", n.prefix)
		s.end("]")
	}
	s.end("}")
	if n.script != "" {
		s.obj("")
		s.arr("extension")
		s.obj("")
		s.str("url", extensions+"iso21090-EN-representation")
		if n.culture.language.code == "ja" {
			s.str("valueCode", "IDE")
		} else {
			s.str("valueCode", "ABC")
		}
		s.end("}]")
		s.str("use", "usual")
		s.str("text", n.script)
		s.end("}")
	}
	if n.nee != "" && s.age(s.last) >= 24 {
		s.obj("")
		s.str("use", "maiden")
		s.str("family", n.nee)
		s.arr("given")
		s.str("", n.given)
		s.end("]")
		s.obj("period")
		s.date("end", s.born+day(24*year), toYear)
		s.end("}}")
	}
	s.end("]")
}

// birth writes the date of birth: in full, in part, with the time of birth
// beside it, or only the reason why there is none.
func (s *scribe) birth() {
	switch n := s.r.n(1000); {
	case n < 30:
		s.date("birthDate", s.born, toYear)
	case n < 45:
		s.date("birthDate", s.born, toMonth)
	case n < 70:
		s.obj("_birthDate")
		s.arr("extension")
		s.obj("")
		s.str("url", extensions+"data-absent-reason")
		s.str("valueCode", "unknown")
		s.end("}]}")
	case n < 180:
		s.date("birthDate", s.born, toDay)
		s.obj("_birthDate")
		s.arr("extension")
		s.obj("")
		s.str("url", extensions+"patient-birthTime")
		s.time("valueDateTime", instant{s.born, s.r.n(86400), "-05:00", false})
		s.end("}]}")
	default:
		s.date("birthDate", s.born, toDay)
	}
}
