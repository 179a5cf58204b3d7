package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
)

// records reads all records and, beside them, their entries by the index on these:
// whether a record's head is one of its entries, whether they are as many as its row
// says, whether each has its record.
func (v *verifier) records(ctx context.Context, c *snapshot, types map[int64]int64) error {
	s, err := c.all.Prepare("SELECT record,id,type,subject,doc,head,revisions,state FROM record ORDER BY record")
	if err != nil {
		return err
	}
	defer s.Close()
	e, err := v.walk(c.all, largeIndexes[byEntry])
	if err != nil {
		return err
	}
	defer e.s.Close()
	entry, err := e.next()
	if err != nil {
		return err
	}
	t := &v.tables
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		more, err := s.Step()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		record, doc, head, revisions := s.Int(0), s.Int(4), s.Int(5), s.Int(6)
		t[byID].add(v.seed, blobPlace(v.seed, s.Bytes(1), record))
		if state := s.Int(7); state != stateLive {
			t[byState].add(v.seed, indexed{0, state, doc, record})
		}
		if s.Null(3) {
			t[bySubject].add(v.seed, indexed{1, 0, doc, record})
		} else {
			t[bySubject].add(v.seed, indexed{0, s.Int(3), doc, record})
		}
		if s.Int(7) != stateDeleted {
			t[inText].add(v.seed, indexed{0, doc})
			t[inType].add(v.seed, indexed{0, doc, types[s.Int(2)]})
		}
		entries, hasHead := int64(0), false
		for entry && e.row[1] <= record {
			if e.row[1] < record {
				v.doubt.Store(true)
			} else {
				entries++
				hasHead = hasHead || e.row[2] == head
			}
			if entry, err = e.next(); err != nil {
				return err
			}
		}
		if entries != 1 || s.Int(7) != stateLive { // there are few of these
			var id vault.RecordID
			copy(id[:], s.Bytes(1))
			h, right, err := v.leads(ctx, c.conn, id, row{record: record, head: head, state: int(s.Int(7))})
			if err != nil {
				return err
			}
			if !right {
				v.problem("view", id)
			}
			entries = int64(len(h)) // of those with the same content one is counted
		}
		if !hasHead || entries != revisions {
			v.doubt.Store(true)
		}
	}
	for entry {
		v.doubt.Store(true)
		if entry, err = e.next(); err != nil {
			return err
		}
	}
	return nil
}

// leads reports whether a record's history leads to its row: to what is shown, and to the
// state. Of one in conflict, whose names nothing else has looked at since, it also says
// whether each of them is there.
func (v *verifier) leads(ctx context.Context, c *conn, id vault.RecordID, r row) (history, bool, error) {
	h, err := revisionRows(ctx, c, r.record, id)
	if err != nil || len(h) == 0 {
		return h, false, err
	}
	if head, state, err := h.shown(); err != nil || head.entry != r.head || state != r.state {
		return h, false, nil
	}
	if r.state != stateConflict {
		return h, true, nil
	}
	b, err := body(ctx, c, r.head)
	if errors.Is(err, vault.ErrIntegrity) {
		return h, false, nil
	} else if err != nil {
		return h, false, err
	}
	res, source, err := v.s.resource(b, h.at(r.head).header.Payload, fhir.Options{Accepted: true})
	if err != nil {
		return h, true, nil // told where the payloads are read
	}
	for _, hash := range identifierNames(source, &res) {
		if named, err := c.row(ctx, []any{new(int64)}, "SELECT record FROM name WHERE hash=? AND record=?", hash, r.record); err != nil || !named {
			return h, false, err
		}
	}
	return h, true, nil
}

// texts reads which records the full-text index has.
func (v *verifier) texts(ctx context.Context, c *snapshot) error {
	s, err := c.all.Prepare("SELECT id FROM fts_docsize ORDER BY id")
	if err != nil {
		return err
	}
	defer s.Close()
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		more, err := s.Step()
		if err != nil || !more {
			return err
		}
		v.indexes[inText].add(v.seed, indexed{0, s.Int(0)})
	}
}

// types gives each word the first that is the same in small letters, as the full-text
// index has types, and reads which records that index has under each: lists by type read
// it.
func (v *verifier) types(ctx context.Context, c *snapshot) (map[int64]int64, error) {
	types, first := map[int64]int64{}, map[string]int64{}
	err := c.rows(ctx, func(scan func(...any) error) error {
		var n int64
		var text string
		if err := scan(&n, &text); err != nil {
			return err
		}
		text = strings.ToLower(text)
		if _, ok := first[text]; !ok {
			first[text] = n
		}
		types[n] = first[text]
		return nil
	}, "SELECT word,text FROM word ORDER BY word")
	if err != nil {
		return nil, err
	}
	for text, n := range first {
		if strings.ContainsFunc(text, func(r rune) bool { return r < 'a' || r > 'z' }) {
			continue // a source
		}
		if err := v.ofType(ctx, c, text, n); err != nil {
			return nil, err
		}
	}
	return types, nil
}

func (v *verifier) ofType(ctx context.Context, c *snapshot, text string, n int64) error {
	s, err := c.all.Prepare("SELECT rowid FROM fts WHERE fts MATCH '" + quote(facetType+text) + "'")
	if err != nil {
		return err
	}
	defer s.Close()
	for i := 0; ; i++ {
		if i&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		more, err := s.Step()
		if err != nil || !more {
			return err
		}
		v.indexes[inType].add(v.seed, indexed{0, s.Int(0), n})
	}
}

// large compares records and entries with their indexes. What it finds is that
// something is to be doubted; what it is, precisely tells.
func (v *verifier) large(ctx context.Context, c *snapshot) error {
	n, known := 0, 0
	for _, x := range largeIndexes {
		if _, err := c.row(ctx, []any{&n}, "SELECT count(*) FROM sqlite_schema WHERE type='index' AND name=?", x.name); err != nil {
			return err
		}
		known += n
	}
	if _, err := c.row(ctx, []any{&n}, "SELECT count(*) FROM sqlite_schema WHERE type='index' AND tbl_name IN ('record','entry')"); err != nil {
		return err
	}
	if known != len(largeIndexes) { // one is gone
		v.doubt.Store(true)
		return nil
	}
	v.others = n > known
	types, err := v.types(ctx, c)
	if err == nil {
		err = v.records(ctx, c, types)
	}
	if err == nil {
		v.counted, v.out.Records = true, int64(v.tables[inText].rows)
		err = v.texts(ctx, c)
	}
	for i := 0; i < len(largeIndexes) && err == nil; i++ {
		if i != byEntry { // records has read that
			err = v.through(ctx, c.all, largeIndexes[i])
		}
	}
	if unreadable(err) {
		v.doubt.Store(true)
		return nil
	}
	return err
}

// tallyEntry counts an entry of the log to the indexes that have it.
func (v *verifier) tallyEntry(kind, entry, record int64, linked bool, about []byte) {
	if linked {
		v.tables[byEntry].add(v.seed, indexed{0, record, entry})
		if kind == 5 { // has none; the index's place of it is not known here
			v.doubt.Store(true)
		}
		return
	}
	if kind <= 2 {
		v.tables[byAbout].add(v.seed, blobPlace(v.seed, about, entry))
	}
	if kind == 5 {
		v.tables[byBlob].add(v.seed, blobPlace(v.seed, about, entry))
	}
}

// differ reports whether something is wrong with a large table or its indexes.
func (v *verifier) differ() bool { return v.doubt.Load() || v.tables != v.indexes }

// precisely finds out what is wrong where tables and indexes differ.
func (v *verifier) precisely(ctx context.Context, c *snapshot) error {
	for _, q := range []struct{ kind, query string }{
		{"view", "SELECT hex(r.id) FROM record r LEFT JOIN entry e ON e.entry=r.head WHERE e.entry IS NULL OR e.record IS NOT r.record"},
		{"view", "SELECT hex(r.id) FROM record r WHERE r.revisions<>(SELECT count(*) FROM (SELECT DISTINCT kind,parents,sha256 FROM entry e WHERE e.record=r.record))"},
		{"view", "SELECT e.entry FROM entry e LEFT JOIN record r ON r.record=e.record WHERE e.record IS NOT NULL AND r.record IS NULL"},
		{"index", "SELECT hex(r.id) FROM record r LEFT JOIN fts_docsize d ON d.id=r.doc WHERE (d.id IS NULL) <> (r.state=1)"},
		{"index", "SELECT d.id FROM fts_docsize d LEFT JOIN record r ON r.record=(d.id&4294967295) AND r.doc=d.id WHERE r.record IS NULL"},
	} {
		if err := v.none(ctx, c.conn, q.kind, q.query); err != nil {
			return err
		}
	}
	if err := v.pragma(ctx, c.conn, "integrity_check(20)"); err != nil {
		return err
	}
	v.mu.Lock()
	told := v.told
	v.mu.Unlock()
	switch {
	case v.tables[inType] != v.indexes[inType] && v.tables[inText] == v.indexes[inText]:
		v.problem("index", "types")
	case told == 0 && v.differ():
		v.page("database")
	}
	return nil
}

// sqlite lets SQLite check its own structure: every page, every row and the full-text
// index; and of the small tables also that their indexes have their rows. It needs a
// connection that has not searched: FTS5 reports false corruption on a pooled one.
func (v *verifier) sqlite(ctx context.Context, c *snapshot) error {
	if err := v.pragma(ctx, c.conn, "quick_check(20)"); err != nil {
		return err
	}
	var small []string
	err := c.rows(ctx, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		small = append(small, name)
		return err
	}, "SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type='index' AND tbl_name NOT IN ('record','entry')")
	if err != nil {
		return v.past("database", err)
	}
	for _, name := range small {
		if err := v.pragma(ctx, c.conn, fmt.Sprintf(`integrity_check("%s")`, name)); err != nil {
			return err
		}
	}
	return nil
}

// pragma runs one of SQLite's own checks.
func (v *verifier) pragma(ctx context.Context, c *conn, check string) error {
	err := c.rows(ctx, func(scan func(...any) error) error {
		var line string
		if err := scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			v.page("database")
		}
		return nil
	}, "PRAGMA "+check)
	return v.past("database", err)
}
