package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"phivault/vault"
	"phivault/vault/fhir"
)

// State of a record.
const (
	stateLive     = 0
	stateDeleted  = 1
	stateConflict = 2
)

const ownLog = 1

// maxEntries bounds one transaction's entries: what SYNC's segments may hold.
const maxEntries = 4096

// docOf places a record in the order by date: the day of its date above, the
// record's number below. Records without a date come first, on day 0.
func docOf(date string, record int64) int64 {
	day, ok := fhir.Day(date)
	if !ok || day < 0 {
		day = -1
	}
	return (int64(day)+1)<<32 | record
}

func recordOf(doc int64) int64 { return doc & 0xffffffff }

// tx is one batch being applied.
type tx struct {
	s       *Store
	w       *conn
	first   int64 // entry
	headers []vault.Header
	add     []ftsRow
	added   map[int64]int // where in add a doc stands; nil until someone asks
	drop    []int64
	urls    map[string]string
	look    int  // for so many puts, look first whether their record is here
	dry     bool // nothing will be kept, and attachments were not kept either
	head    Head // of the own log, with what this transaction adds
	gone    purging
}

type ftsRow struct {
	doc   int64
	terms string
}

// Append applies b in one durable transaction; see vault.Store.
func (s *Store) Append(ctx context.Context, b vault.Batch) ([]vault.Outcome, error) {
	if err := s.lock(); err != nil {
		return nil, err
	}
	defer s.write.Unlock()
	return s.append(ctx, b)
}

// append is Append for whoever holds the writer.
func (s *Store) append(ctx context.Context, b vault.Batch) ([]vault.Outcome, error) {
	if err := checkSize(b); err != nil {
		return nil, err
	}
	var outcomes []vault.Outcome
	before := s.next
	err := s.commit(ctx, func(t *tx) (err error) {
		t.dry = b.DryRun
		if outcomes, err = t.apply(ctx, b); err != nil {
			return err
		}
		if b.DryRun {
			return errDryRun
		}
		return t.finish(ctx)
	})
	if err != nil {
		if errors.Is(err, errDryRun) {
			return outcomes, nil
		}
		return nil, mapError(err)
	}
	if s.o.Committed != nil && s.next.entry != before.entry {
		s.o.Committed(s.head)
	}
	s.keeper.nudge()
	return outcomes, nil
}

func checkSize(b vault.Batch) error {
	if len(b.Puts)+len(b.Deletes)+len(b.Notes) > maxEntries {
		return fmt.Errorf("%w: a batch of more than %d entries", vault.ErrLimit, maxEntries)
	}
	return nil
}

var errDryRun = errors.New("dry run")

func (t *tx) apply(ctx context.Context, b vault.Batch) ([]vault.Outcome, error) {
	outcomes := make([]vault.Outcome, len(b.Puts))
	for i, p := range b.Puts {
		if i&63 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		o, err := t.put(ctx, p)
		if err != nil {
			return nil, err
		}
		outcomes[i] = o
	}
	for _, d := range b.Deletes {
		if err := t.tombstone(ctx, d); err != nil {
			return nil, err
		}
	}
	for _, n := range b.Notes {
		if err := t.note(n); err != nil {
			return nil, err
		}
	}
	return outcomes, t.noteURLs()
}

// finish writes the index and the batch's place in the chain.
func (t *tx) finish(ctx context.Context) error {
	if len(t.headers) == 0 {
		return nil
	}
	if err := t.index(ctx); err != nil {
		return err
	}
	return t.enchain()
}

// enchain ends a batch: its entries are what came since the last.
func (t *tx) enchain() error {
	if len(t.headers) == 0 {
		return nil
	}
	h := t.head
	for _, e := range t.headers {
		h.Chain = h.Chain.Next(e)
	}
	h.Entry = t.s.next.entry - 1
	if err := t.w.run("INSERT INTO batch(last,log,count,at,chain) VALUES(?,?,?,?,?)",
		h.Entry, ownLog, len(t.headers), t.s.o.Clock().UnixMilli(), h.Chain[:]); err != nil {
		return err
	}
	t.head, t.headers = h, t.headers[:0]
	return nil
}

// index writes the full-text index in the order of its rows, which FTS5 takes
// without flushing in between.
func (t *tx) index(ctx context.Context) error {
	for _, doc := range t.drop {
		if err := t.w.run("DELETE FROM fts WHERE rowid=?", doc); err != nil {
			return err
		}
	}
	slices.SortFunc(t.add, func(a, b ftsRow) int { return cmp.Compare(a.doc, b.doc) })
	for _, r := range t.add {
		if err := t.w.run("INSERT INTO fts(rowid,terms) VALUES(?,?)", r.doc, r.terms); err != nil {
			return err
		}
	}
	return t.scrub(ctx)
}

// entry appends to the log. record is 0 for entries about no record's content.
func (t *tx) entry(h vault.Header, record int64, body []byte) (int64, error) {
	n := t.s.next.entry
	t.s.next.entry++
	var rec, about, parents any
	switch {
	case record != 0:
		rec = record
	case !h.Record.IsZero():
		about = h.Record[:]
		t.s.loose = t.s.loose || h.Kind <= vault.KindTombstone
	}
	if len(h.Parents) > 0 {
		parents = joinRevisions(h.Parents)
	}
	if err := t.w.run("INSERT INTO entry(entry,kind,record,about,parents,sha256,length) VALUES(?,?,?,?,?,?,?)",
		n, int64(h.Kind), rec, about, parents, h.Payload[:], int64(h.Length)); err != nil {
		return 0, err
	}
	if body != nil {
		if err := t.w.run("INSERT INTO payload(entry,body) VALUES(?,?)", n, body); err != nil {
			return 0, err
		}
	}
	t.headers = append(t.headers, h)
	return n, nil
}

func (t *tx) note(n vault.Note) error {
	body, err := t.s.pack.pack(n.Payload)
	if err != nil {
		return err
	}
	_, err = t.entry(vault.Header{Kind: n.Kind, Record: n.Record, Payload: sha256.Sum256(n.Payload), Length: uint64(len(n.Payload))}, 0, body)
	return err
}

func (s *Store) appendGenesis(ctx context.Context) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.write.Unlock()
	return mapError(s.commit(ctx, func(t *tx) error {
		if err := s.w.exec(ctx, "INSERT INTO log(log,device,number) VALUES(?,?,0)", ownLog, s.o.Device[:]); err != nil {
			return err
		}
		if err := t.note(vault.Note{Kind: vault.KindMember, Payload: s.o.Genesis}); err != nil {
			return err
		}
		return t.finish(ctx)
	}))
}
