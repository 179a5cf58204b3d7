package vault

// Query selects records; the zero value selects every live record, newest
// first. All conditions hold together.
type Query struct {
	Text      string   // words that must all occur; "a phrase"; a trailing * matches a prefix of at least 3 letters
	Type      string   // resourceType
	Patient   RecordID // records about this patient, and the Patient itself
	Code      string   // "code" in any system, or "system|code"
	Source    string
	Since     string // FHIR date, inclusive; a partial date begins with its first day
	Until     string // FHIR date, inclusive; a partial date ends with its last day
	Sort      Sort
	Limit     int   // 0: no limit
	After     int64 // Record.Order of the last one of the page before; 0: from the start
	Deleted   bool  // deleted records instead of live ones
	Conflicts bool  // only records with more than one head
}

// Sort is the order of a listing.
type Sort uint8

const (
	Newest Sort = iota // by date, newest first; without a date last
	Oldest             // by date, oldest first; without a date first
	Added              // in the order in which this vault first saw them
)

// Trend is one measurement of one patient over time. Points of different codes
// or units are never in one Trend.
type Trend struct {
	Code   Coding
	Unit   string
	Points []Point // by date, oldest first
}

// Point is one value. Value keeps the digits as written.
type Point struct {
	Date, Value, Flag string
	Low, High         string // the reference range it came with
	Record            RecordID
}
