// Package synth makes synthetic patients: seeded, realistic FHIR R4 resources
// as JSON bytes, for the demo, the tests and the benchmarks.
//
// Every person, place and organisation in its output is invented. Nothing is
// drawn from a real person or from anybody's data set; identifiers lie in
// ranges that are never issued, telephone numbers are 555-01xx, and addresses
// on the network end in example.org. Codes (LOINC, SNOMED CT, ICD-10, RxNorm,
// CVX) are real ones, because a code is a fact.
//
// It promises that the same Options give the same bytes on every platform and
// with every Go version: arithmetic is on integers only, so no compiler can
// fuse it, and nothing depends on map order, locale or the clock. Patient i
// depends on (Seed, Now, i) alone and can be made without the ones before it.
//
// The resources are valid, but not tame. They carry what real exports carry and
// careless programs lose: decimals whose last digits are zeros or whose form is
// exponential; _birthDate and _given, nulls in arrays; contained resources;
// relative, urn:uuid and conditional references; reference ranges and flags on
// some laboratory values only; strings, codes and absent reasons as values; one
// code in several units; dates of a year or a month; times in many zones;
// narrative text; \u escapes beside raw UTF-8, combining marks, right-to-left
// names; resources without an id, without meta, entered in error; the same
// practitioner twice under one id, slightly different; notes in base64, a few
// of them long; arrays of dozens of items.
//
// It never reads a clock, a file or the network, and it is no source of
// randomness for anything that has to be secret.
package synth

import (
	"iter"
	"time"
)

// defaultPatients is what the zero Options make.
const defaultPatients = 10

// Options say what to generate. The zero value makes ten patients of seed 0.
type Options struct {
	// Seed selects the population. Two seeds share no identifiers.
	Seed uint64
	// Patients is the number of whole patients; ignored when Records is set.
	Patients int
	// Records, if positive, is the exact number of resources: generation stops
	// there, in the middle of the last patient's records. References point
	// backwards only, so none of them dangles.
	Records int
	// Now is the day on which the records were taken: nothing but a booked
	// appointment lies after it. Only the UTC date counts. Zero means 2026-06-30.
	Now time.Time
	// Bundle is the type that WriteBundle writes: BundleCollection (also when
	// empty) or BundleTransaction.
	Bundle string
}

// Generator makes resources. It holds no state that generation changes and may
// be used by several goroutines at once.
type Generator struct {
	seed     uint64
	patients int
	records  int
	now      day
}

// New returns a generator for o.
func New(o Options) *Generator {
	g := &Generator{seed: o.Seed, patients: o.Patients, records: o.Records, now: civil(2026, 6, 30)}
	if g.patients <= 0 {
		g.patients = defaultPatients
	}
	if !o.Now.IsZero() {
		y, m, d := o.Now.UTC().Date()
		g.now = civil(y, int(m), d)
	}
	return g
}

// Resources yields every resource, patient by patient: the Patient, then (with
// the first patient of each practice) the practice's directory, then the
// patient's records in the order in which they arose.
//
// For one patient in eight a Practitioner comes again, under the same id and a
// little different, as happens in real exports. All other ids are unique.
//
// The buffer belongs to the generator and is valid until the next iteration:
// a consumer that keeps it must copy it. Each resource is one line of strict
// JSON without a line break.
func (g *Generator) Resources() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		left := g.records
		s := newScribe(g, func(b []byte) bool {
			if !yield(b) {
				return false
			}
			left--
			return left != 0
		})
		for i := 0; !s.stopped && (g.records > 0 || i < g.patients); i++ {
			s.patient(i, i%practiceSize == 0)
		}
	}
}

// Patient yields the Patient resource i (from 0) and then its records, without
// the practice's directory; ownership of the buffer is as in Resources. It is
// not limited by the options' number of patients.
func (g *Generator) Patient(i int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		newScribe(g, yield).patient(i, false)
	}
}

// Directory yields the organizations, locations and practitioners to which the
// records of patient i refer. Patients of one practice share them.
func (g *Generator) Directory(i int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		s := newScribe(g, yield)
		s.begin(i)
		s.directory()
	}
}
