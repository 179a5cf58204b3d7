package synth

// feed is the kind of system a patient's records came from. It decides how
// references, metadata and text are written.
type feed int

const (
	feedPlain       feed = iota // relative references, little metadata
	feedBundle                  // urn:uuid references, profiles
	feedConditional             // Practitioner?identifier=…, meta.source
	feedHospital                // versions, narrative text, ASCII with \u escapes
)

// scribe writes one patient after the other into one buffer.
type scribe struct {
	document
	life
	g *Generator
	chart
	feed        feed
	urn         bool   // references are urn:uuid:…, otherwise Type/id
	conditional bool   // references to the directory are searches
	bundle      string // type of Bundle being written, or empty
	kind        string // of the resource being written
	number      int    // of the next record of this patient
	own         uuid   // the id of the resource being written; zero when it has none
	note        []byte
	yield       func([]byte) bool
	stopped     bool
}

// chart is what has been written about the current patient.
type chart struct {
	known        [diseaseCount]bool
	conditions   [diseaseCount]int // numbers of the Conditions
	prescribed   [diseaseCount]day // last
	step         [diseaseCount]int // in the list of drugs
	operated     bool
	screened     day
	vaccines     int // given from the schedule of childhood
	influenza    int // year of the last one
	coverage     int // number of the Coverage
	noted        bool
	noPenicillin bool
	metered      bool
}

func newScribe(g *Generator, yield func([]byte) bool) *scribe {
	return &scribe{g: g, yield: yield, document: document{buf: make([]byte, 0, 64<<10)}}
}

// begin makes the life of patient i the current one.
func (s *scribe) begin(i int) {
	s.live(s.g, i)
	s.chart = chart{}
	s.number = 0
	s.feed = feedPlain
	switch n := s.r.n(100); {
	case n < 20:
		s.feed = feedBundle
	case n < 40:
		s.feed = feedConditional
	case n < 58:
		s.feed = feedHospital
	}
	s.urn, s.conditional = s.feed == feedBundle, s.feed == feedConditional
	if s.bundle != "" {
		s.urn, s.conditional = true, s.bundle == BundleTransaction
	}
	s.ascii = s.feed == feedHospital && s.r.chance(400)
}

// patient writes everything about patient i.
func (s *scribe) patient(i int, directory bool) {
	s.begin(i)
	s.person()
	if directory {
		s.directory()
	}
	s.background()
	for v := range s.visits {
		if s.stopped {
			return
		}
		s.visit(&s.visits[v])
	}
	s.closing()
}

// Numbers of the records that others refer to.
const patientNumber = 0

// start opens a resource of the patient and returns its number.
func (s *scribe) start(kind string) int {
	n := s.number
	s.number++
	s.open(kind, s.id(n))
	return n
}

// leaf opens a resource to which nothing refers: a few of those have no id.
func (s *scribe) leaf(kind string) {
	if !s.r.chance(8) {
		s.start(kind)
		return
	}
	s.number++
	s.open(kind, uuid{})
}

func (s *scribe) open(kind string, id uuid) {
	s.kind, s.own = kind, id
	s.buf = append(append(append(s.buf[:0], `{"resourceType":"`...), kind...), '"')
	if id != (uuid{}) {
		s.buf = append(id.append(append(s.buf, `,"id":"`...)), '"')
	}
}

// emit hands the finished resource over.
func (s *scribe) emit() {
	s.buf = append(s.buf, '}')
	if !s.stopped && !s.yield(s.buf) {
		s.stopped = true
	}
}

func (s *scribe) id(n int) uuid { return newUUID(s.g.seed, domainRecordID, uint64(s.i), n) }

// meta writes what the feed knows about the resource. profile is the last part
// of a US Core profile's address, or empty.
func (s *scribe) meta(profile string, at instant) {
	switch s.feed {
	case feedHospital:
		s.obj("meta")
		s.str("versionId", pick(&s.r, []string{"1", "2", "3", "14"}))
		s.time("lastUpdated", at.plus(900))
		s.str("source", "https://ehr.example.org/", s.practice.slug)
	case feedConditional:
		s.obj("meta")
		s.str("source", "urn:example:feed:", s.practice.slug)
	case feedBundle:
		s.obj("meta")
	default:
		return
	}
	if profile != "" {
		s.arr("profile")
		s.str("", "http://hl7.org/fhir/us/core/StructureDefinition/", profile)
		s.end("]")
	} else if s.feed == feedBundle {
		s.arr("tag")
		s.coding("", code{"https://ehr.example.org/tags", "imported", "Imported"})
		s.end("]")
	}
	s.end("}")
}

// narrative writes the text element, in the feeds that have one.
func (s *scribe) narrative(parts ...string) {
	if s.feed != feedHospital && !s.r.chance(60) {
		return
	}
	s.obj("text")
	s.str("status", "generated")
	s.key("div")
	s.buf = append(s.buf, `"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>`...)
	for _, p := range parts {
		s.xhtml(p)
	}
	s.buf = append(s.buf, `</p></div>"}`...)
}

func (s *scribe) xhtml(v string) {
	from := 0
	for i := range len(v) {
		entity := ""
		switch v[i] {
		case '&':
			entity = "&amp;"
		case '<':
			entity = "&lt;"
		case '>':
			entity = "&gt;"
		default:
			continue
		}
		s.text(v[from:i])
		s.buf = append(s.buf, entity...)
		from = i + 1
	}
	s.text(v[from:])
}

// ref writes a Reference to record n of the patient.
func (s *scribe) ref(k, kind string, n int) {
	s.obj(k)
	s.key("reference")
	if s.urn {
		s.buf = append(s.buf, `"urn:uuid:`...)
	} else {
		s.buf = append(append(append(s.buf, '"'), kind...), '/')
	}
	s.buf = append(s.id(n).append(s.buf), '"', '}')
}

// subject writes the reference to the patient, with a display in some feeds.
func (s *scribe) subject(k string) {
	s.ref(k, "Patient", patientNumber)
	if s.feed == feedHospital {
		s.buf = s.buf[:len(s.buf)-1]
		s.str("display", s.name.display)
		s.end("}")
	}
}

// identifier writes an Identifier.
func (s *scribe) identifier(k, system string, value ...string) {
	s.obj(k)
	s.str("system", system)
	s.str("value", value...)
	s.end("}")
}
