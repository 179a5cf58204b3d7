package vault

// Resource is one FHIR resource: its bytes, which are the truth, and the view
// of them that listing, filters and search use. Only vault/fhir fills the view.
// A view never rounds, joins or invents: values keep their digits, a flag is
// there only when the resource states one.
type Resource struct {
	JSON []byte // as received; with Cuts, without the base64 text that was cut out
	Cuts []Cut  // ascending by Offset

	Type       string // resourceType
	ID         string // "" when the resource has none
	MetaSource string // meta.source without its fragment
	Subject    string // the reference to the patient as written; "" when none, or for a Patient itself
	Date       string // the clinically relevant date, FHIR date or dateTime as written; "" when none
	Title      string // one line: a Patient's name, a code's text or display, …
	Status     string // status, clinicalStatus or the like, as code
	Code       Coding // the main code
	Value      string // the main value, digits kept ("6.30", "128/82", "positive"); "" when none
	Unit       string
	Flag       string // interpretation as stated (H, HH, L, LL, A, …); "" when none

	Codings     []Coding // every coding a filter may match: of the code and of component codes
	Measures    []Measure
	Identifiers []Identifier // of the resource itself
	Person      *Person      // of a Patient
	Text        string       // everything readable, for full-text search
}

// Cut is a place in a resource's JSON where a large base64 string was taken out
// and kept as a blob. Writing the standard padded base64 (RFC 4648 section 4)
// of the blob at Offset gives the original bytes back.
type Cut struct {
	Offset int64 // in Resource.JSON, where the text belongs
	Size   int64 // of the decoded blob, in bytes
	SHA256 Hash  // of the decoded blob
}

// Coding is a code in a system, as in FHIR's Coding datatype.
type Coding struct {
	System, Code, Display string
}

// Measure is one measured value with its code: an Observation's own value, or
// one of its components'.
type Measure struct {
	Codings  []Coding
	Name     string // the code's text or first display
	Value    string // digits as written; "" when absent
	Unit     string // the unit to show; codes of UCUM kept in UnitCode
	UnitCode string
	Flag     string
	Low      string // reference range, digits as written
	High     string
	Range    string // its text when it has no numbers
	Absent   string // dataAbsentReason, when there is no value
}

// Identifier is FHIR's Identifier, cut to what names something.
type Identifier struct {
	System, Value string
}

// Person is what tells one patient from another.
type Person struct {
	Names       []string // each "family|given given", lower case
	BirthDate   string
	Gender      string
	Identifiers []Identifier
}

// Differs reports whether p and q are certainly two people: names, birth dates
// and identifiers are all known on both sides and none agree.
func (p *Person) Differs(q *Person) bool {
	if p == nil || q == nil {
		return false
	}
	if len(p.Names) == 0 || len(q.Names) == 0 || p.BirthDate == "" || q.BirthDate == "" {
		return false
	}
	if p.BirthDate == q.BirthDate || overlap(p.Names, q.Names) {
		return false
	}
	return !overlap(p.Identifiers, q.Identifiers)
}

func overlap[T comparable](a, b []T) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}
