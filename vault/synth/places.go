package synth

// Invented places. Postal codes in 000xx are not assigned.
var (
	streets = []string{"Alderbrook Lane", "Bellwether Street", "Copperfield Terrace", "Drumlin Road", "Eiderdown Way", "Foxglove Close",
		"Gannet Quay", "Hollowtree Avenue", "Inkwell Court", "Jackdaw Hill", "Kingcup Drive", "Lanternmaker's Row"}
	towns = []string{"Amberwick", "Brindlecombe", "Port Calloway", "Dunlarch", "Évremont-sur-Lys", "Fallowmere", "Grünwasser", "Harrowgate Sound",
		"Isleworthy", "Juniper Flats", "Kvistad", "Los Almendrales"}
	states = []string{"AW", "BX", "CZ", "DQ"}

	institutionFirst = []string{"Bramblewood", "Saint Odalric", "Three Rivers", "Lanternhouse", "Whitethorn", "Marigold", "Northlight", "Saltmarsh",
		"Kingfisher", "Hopewell Bay", "Quillstone", "Sainte-Aurore"}
	institutionLast = [...]string{"Family Medicine", "Regional Hospital", "Clinical Laboratory", "Mutual Health Plan"}
	specialties     = []code{
		snomed("419772000", "Family practice"), snomed("419192003", "Internal medicine"), snomed("394579002", "Cardiology"),
		snomed("394583002", "Endocrinology"), snomed("394612005", "Urology"), snomed("408443003", "General medical practice"),
	}
)

// address is an invented postal address.
type address struct{ line, city, state, code string }

func drawAddress(r *random) address {
	return address{
		line:  itoa(r.in(1, 999)) + " " + pick(r, streets),
		city:  pick(r, towns),
		state: pick(r, states),
		code:  "000" + itoa(r.in(10, 99)),
	}
}

func (s *scribe) address(k string, a address, use string) {
	s.obj(k)
	if use != "" {
		s.str("use", use)
	}
	s.arr("line")
	s.str("", a.line)
	s.end("]")
	s.str("city", a.city)
	s.str("state", a.state)
	s.str("postalCode", a.code)
	s.str("country", "US")
	s.end("}")
}

// phone writes a number that is reserved for fiction.
func (s *scribe) phone(k, use string, n int) {
	s.obj(k)
	s.str("system", "phone")
	s.str("value", "555-01", itoa(100 + n%100)[1:])
	s.str("use", use)
	s.end("}")
}
