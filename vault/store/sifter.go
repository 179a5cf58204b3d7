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
	entry                            vault.Entry
	body                             []byte
	own                              bool       // the body lies with this entry
	purged                           bool       // there is none, and a purge that stands names it
	record, source, doc, head, state int64      // 0 where the entry is of no record
	typ, subject, origin             int64      // of the row; origin is the subject's source
	ref                              string     // how the subject is referred to
	brief                            bool       // the entry is a head, and its record has a brief
	says                             *vault.Row // what that says; nil where it does not read
}

type chunk struct {
	rows     []sifted
	bytes    int
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
	s := &sifter{v: v, jobs: make(chan *chunk, chunksMost), chunk: &chunk{}}
	for range sifters {
		go s.work()
	}
	return s
}

func (s *sifter) add(r sifted) {
	s.chunk.rows = append(s.chunk.rows, r)
	if s.chunk.bytes += len(r.body); len(s.chunk.rows) >= chunkRows || s.chunk.bytes >= chunkBytes {
		s.send()
	}
}

func (s *sifter) send() {
	if len(s.queue) == chunksMost {
		s.tell()
	}
	s.chunk.done = make(chan struct{})
	s.jobs <- s.chunk
	s.queue = append(s.queue, s.chunk)
	s.chunk = &chunk{}
}

// tell waits for the oldest chunk and passes on what was found.
func (s *sifter) tell() {
	c := s.queue[0]
	s.queue = s.queue[1:]
	<-c.done
	for _, p := range c.problems {
		s.v.problem(p.Kind, p.ID)
	}
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
	var buf []byte
	for c := range s.jobs {
		for i := range c.rows {
			buf = s.v.sift(&c.rows[i], buf, c)
			c.rows[i].body = nil
		}
		close(c.done)
	}
}

// sift checks one entry and gives back the memory that it unpacked into.
func (v *verifier) sift(r *sifted, buf []byte, c *chunk) []byte {
	h := r.entry.Header
	problem := func(kind string, id any) {
		c.problems = append(c.problems, vault.Problem{Kind: kind, ID: fmt.Sprint(id)})
	}
	isHead := r.record != 0 && r.head == r.entry.Number
	if r.purged {
		if isHead && (r.state != stateDeleted || r.brief) {
			problem("view", h.Record)
		}
		return buf
	}
	if h.Length == 0 && r.body == nil {
		if h.Payload != emptyHash {
			problem("payload", r.entry.Number)
		}
		if isHead && (r.state != stateDeleted || r.brief) {
			problem("view", h.Record)
		}
		return buf
	}
	p, err := v.s.pack.unpackTo(buf, r.body)
	if err != nil || uint64(len(p)) != h.Length || sha256.Sum256(p) != h.Payload {
		problem("payload", r.entry.Number)
		if isHead {
			problem("payload", h.Record)
		}
		return buf
	}
	if isHead && !v.placed(r, p) {
		problem("view", h.Record)
	}
	if len(r.body) > 0 && r.body[0] == packRaw { // p lies within the body
		return buf
	}
	return p
}

// placed reports whether a record's row is what its head's payload says.
func (v *verifier) placed(r *sifted, payload []byte) bool {
	source, cuts, json, err := decodePayload(payload)
	if err != nil || !r.own || r.entry.Header.Kind != vault.KindPut || source != v.sources[r.source] {
		return false
	}
	o, err := fhir.Options{Accepted: true, NoText: true}.Parse(json, cuts)
	if err != nil {
		return false
	}
	id, row := r.entry.Header.Record, o.Row()
	if o.ID != "" && vault.RecordIDOf(source, o.Type, o.ID) != id || docOf(o.Date, r.record) != r.doc {
		return false
	}
	if v.sources[r.typ] != o.Type || !r.about(id, &o) {
		return false
	}
	if !r.brief {
		return r.state == stateDeleted || briefOf(&row) == nil
	}
	return r.state != stateDeleted && r.says != nil && r.says.Says(&row)
}

// about reports whether the row's subject is the patient that its resource names.
func (r *sifted) about(id vault.RecordID, o *vault.Resource) bool {
	want := subjectRef(o.Subject)
	if o.Type == "Patient" {
		// One without an id may go by its Bundle's name for it, which is not here.
		if want = selfRefs(&vault.Put{ID: id, Resource: o})[0]; o.ID == "" {
			want = r.ref
		}
	}
	if want == "" {
		return r.subject == 0
	}
	return r.subject != 0 && r.ref == want && r.origin == r.source
}
