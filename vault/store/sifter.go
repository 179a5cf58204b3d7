package store

import (
	"crypto/sha256"
	"fmt"

	"phivault/vault"
	"phivault/vault/fhir"
)

// sifter checks payloads, and what their records' rows make of them, on other
// cores than the one that reads them. Problems are told in the order of the log,
// by the goroutine that adds.
type sifter struct {
	v     *verifier
	chunk *chunk
	jobs  chan *chunk
	queue []*chunk // handed out and not yet told of
}

// sifted is one entry to check with the row of its record.
type sifted struct {
	number                           int64
	header                           vault.Header
	body                             []byte    // in the chunk's memory
	own                              bool      // the body lies with this entry
	purged                           bool      // there is none, and a purge that stands names it
	record, source, doc, head, state int64     // 0 where the entry is of no record
	typ, subject                     int64     // of the row
	patient                          subject   // what subject stands for
	brief, reads                     bool      // the entry is a head whose record has a brief, and it reads
	says                             vault.Row // what that says
}

// chunk is what is checked at one go. Its memory is used again.
type chunk struct {
	rows     []sifted
	bodies   []byte
	buf      []byte    // one payload
	row      vault.Row // what that says, as long as it lies there
	problems []vault.Problem
	done     chan struct{}
}

const (
	sifters    = 2
	chunkRows  = 256
	chunkBytes = 1 << 20
	chunksMost = 2 * sifters // under way, which bounds the memory
)

func newSifter(v *verifier) *sifter {
	s := &sifter{v: v, jobs: make(chan *chunk, chunksMost), chunk: newChunk()}
	for range sifters {
		go s.work()
	}
	return s
}

func newChunk() *chunk {
	return &chunk{rows: make([]sifted, 0, chunkRows), done: make(chan struct{}, 1)}
}

// next gives the place of the next entry, which add then takes in.
func (s *sifter) next() *sifted {
	n := len(s.chunk.rows)
	return &s.chunk.rows[:n+1][n]
}

// add takes in what next gave, with its body, which is copied.
func (s *sifter) add(r *sifted, body []byte) {
	c := s.chunk
	if body != nil {
		at := len(c.bodies)
		c.bodies = append(c.bodies, body...)
		r.body = c.bodies[at:len(c.bodies):len(c.bodies)]
	}
	if c.rows = c.rows[:len(c.rows)+1]; len(c.rows) == chunkRows || len(c.bodies) >= chunkBytes {
		s.send()
	}
}

func (s *sifter) send() {
	s.jobs <- s.chunk
	s.queue = append(s.queue, s.chunk)
	if len(s.queue) < chunksMost {
		s.chunk = newChunk()
		return
	}
	s.chunk = s.tell()
}

// tell waits for the oldest chunk, passes on what was found, and gives it back empty.
func (s *sifter) tell() *chunk {
	c := s.queue[0]
	s.queue = s.queue[1:]
	<-c.done
	for _, p := range c.problems {
		s.v.problem(p.Kind, p.ID)
	}
	clear(c.rows)
	c.row = vault.Row{}
	c.rows, c.bodies, c.problems = c.rows[:0], c.bodies[:0], nil
	if cap(c.bodies) > 4*chunkBytes {
		c.bodies = nil
	}
	if cap(c.buf) > 4*chunkBytes {
		c.buf = nil
	}
	return c
}

// close finishes everything that was added.
func (s *sifter) close() {
	s.send()
	for len(s.queue) > 0 {
		s.tell()
	}
	close(s.jobs)
}

func (s *sifter) work() {
	for c := range s.jobs {
		for i := range c.rows {
			s.v.sift(&c.rows[i], c)
		}
		c.done <- struct{}{}
	}
}

// sift checks one entry.
func (v *verifier) sift(r *sifted, c *chunk) {
	h := &r.header
	problem := func(kind string, id any) {
		c.problems = append(c.problems, vault.Problem{Kind: kind, ID: fmt.Sprint(id)})
	}
	isHead := r.record != 0 && r.head == r.number
	if r.purged {
		if isHead && (r.state != stateDeleted || r.brief) {
			problem("view", h.Record)
		}
		return
	}
	if h.Length == 0 && r.body == nil {
		if h.Payload != emptyHash {
			problem("payload", r.number)
		}
		if isHead && (r.state != stateDeleted || r.brief) {
			problem("view", h.Record)
		}
		return
	}
	p, err := v.s.pack.unpackTo(c.buf, r.body)
	if err != nil || uint64(len(p)) != h.Length || sha256.Sum256(p) != h.Payload {
		problem("payload", r.number)
		if isHead {
			problem("payload", h.Record)
		}
		return
	}
	if isHead && !v.placed(r, p, c) {
		problem("view", h.Record)
	}
	if r.body[0] != packRaw { // else p lies within the body
		c.buf = p
	}
}

// placed reports whether a record's row is what its head's payload says.
func (v *verifier) placed(r *sifted, payload []byte, c *chunk) bool {
	source, cuts, json, err := decodePayload(payload)
	if err != nil || !r.own || r.header.Kind != vault.KindPut || source != v.sources[r.source] {
		return false
	}
	o, err := fhir.Options{Accepted: true, RowOnly: true}.Parse(json, cuts)
	if err != nil {
		return false
	}
	id := r.header.Record
	if o.ID != "" && vault.RecordIDOf(source, o.Type, o.ID) != id || docOf(o.Date, r.record) != r.doc {
		return false
	}
	if v.sources[r.typ] != o.Type || !r.about(id, o.Type, o.ID, o.Subject) {
		return false
	}
	c.row = o.Row()
	if !r.brief {
		return r.state == stateDeleted || briefOf(&c.row) == nil
	}
	return r.state != stateDeleted && r.reads && r.says.Says(&c.row)
}

// about reports whether the row's subject is the patient that its resource names.
func (r *sifted) about(id vault.RecordID, typ, fhirID, reference string) bool {
	want := ""
	switch {
	case typ != "Patient":
		want = subjectRef(reference)
	case fhirID != "":
		want = selfRef(typ, fhirID)
	default: // may go by its Bundle's name for it, which is not here
		want = r.patient.ref
	}
	if want == "" {
		return r.subject == 0
	}
	return r.subject != 0 && r.patient.ref == want && r.patient.source == r.source
}
