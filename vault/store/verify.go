package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"phivault/vault"
)

// Verify checks the vault; see vault.Checker. It reads with connections of its
// own and may run beside everything else.
func (s *Store) Verify(ctx context.Context, quick bool, found func(vault.Problem), progress func(done, total int64)) (vault.Verified, error) {
	c, err := s.openReader(ctx)
	if err != nil {
		return vault.Verified{}, mapError(err)
	}
	v := &verifier{s: s, c: c, quick: quick, found: found, progress: progress, broken: map[string]bool{}}
	err = c.run("BEGIN") // one state of the vault, whatever is written meanwhile
	if err == nil {
		err = v.run(ctx)
		// An error of reading may have ended the transaction already.
		if rb := c.run("ROLLBACK"); len(v.broken) == 0 {
			err = errors.Join(err, rb)
		}
	}
	return v.out, mapError(errors.Join(err, c.close()))
}

type verifier struct {
	s        *Store
	c        *conn
	quick    bool
	found    func(vault.Problem)
	progress func(done, total int64)
	total    int64
	broken   map[string]bool // what did not read
	out      vault.Verified
}

func (v *verifier) problem(kind string, id any) {
	v.found(vault.Problem{Kind: kind, ID: fmt.Sprint(id)})
}

// past reports what did not read, and gives nil so that the next check goes on.
// Any other error stays.
func (v *verifier) past(what string, err error) error {
	if !unreadable(err) {
		return err
	}
	if !v.broken[what] {
		v.problem("page", what)
	}
	v.broken[what] = true
	return nil
}

// unreadable reports whether a page did not authenticate, or does not hold what
// SQLite keeps there.
func unreadable(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch code := e.Code(); code & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	case sqlite3.SQLITE_IOERR:
		return code == sqlite3.SQLITE_IOERR_DATA || code == sqlite3.SQLITE_IOERR_CORRUPTFS
	}
	return false
}

func (v *verifier) run(ctx context.Context) error {
	_, err := v.c.row(ctx, []any{&v.total}, "SELECT count(*) FROM entry")
	if err = v.past("entry", err); err != nil {
		return err
	}
	if err := v.log(ctx); err != nil {
		return err
	}
	_, err = v.c.row(ctx, []any{&v.out.Records}, "SELECT count(*) FROM record WHERE state<>1")
	if err = v.past("record", err); err != nil {
		return err
	}
	if v.quick {
		return nil
	}
	for _, check := range []func(context.Context) error{v.records, v.subjects, v.blobs, v.sqlite} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// log recomputes the chain of each log batch by batch, and with it, unless
// quick, the hash of every payload.
func (v *verifier) log(ctx context.Context) error {
	chains := map[int64]vault.Chain{}
	next := int64(1)
	for {
		batches, err := v.batches(ctx, next)
		if unreadable(err) { // what it got before that is good
			_ = v.past("batch", err)
			return nil
		}
		if err != nil || len(batches) == 0 {
			return v.tail(ctx, next, err)
		}
		for _, b := range batches {
			if b.last-b.count+1 != next {
				v.problem("log", fmt.Sprintf("entries %d to %d", next, b.last-b.count))
			}
			chain, ok := chains[b.log]
			if !ok {
				chain = vault.ChainStart(v.s.o.VaultID, b.device, uint64(b.number))
			}
			if chain, err = v.batch(ctx, b, chain); err != nil {
				return err
			}
			if chain != b.chain {
				v.problem("chain", fmt.Sprintf("entries %d to %d", b.last-b.count+1, b.last))
			}
			chains[b.log] = b.chain
			next = b.last + 1
			if b.log == ownLog {
				v.out.Chain = b.chain
			}
		}
	}
}

func (v *verifier) tail(ctx context.Context, next int64, err error) error {
	if err != nil {
		return err
	}
	var beyond int64
	_, err = v.c.row(ctx, []any{&beyond}, "SELECT count(*) FROM entry WHERE entry>=?", next)
	if err = v.past("entry", err); err != nil {
		return err
	}
	if beyond > 0 {
		v.problem("log", fmt.Sprintf("entries from %d", next))
	}
	return nil
}

func (v *verifier) batches(ctx context.Context, from int64) (out []batch, err error) {
	err = v.c.rows(ctx, func(scan func(...any) error) error {
		b, err := scanBatch(scan)
		out = append(out, b)
		return err
	}, batchColumns+"WHERE b.last>=? ORDER BY b.last LIMIT 256", from)
	return out, err
}

func (v *verifier) batch(ctx context.Context, b batch, chain vault.Chain) (vault.Chain, error) {
	columns := entryColumns
	if v.quick {
		columns = headerColumns
	}
	n := int64(0)
	err := v.c.rows(ctx, func(scan func(...any) error) error {
		e, body, err := scanEntry(scan)
		if err != nil {
			return err
		}
		n++
		chain = chain.Next(e.Header)
		v.out.Entries++
		if !b.out && (e.Header.Kind == vault.KindPut || e.Header.Kind == vault.KindTombstone) {
			v.out.Revisions++
		}
		if !v.quick {
			if body == nil && e.Header.Length > 0 {
				if body, err = sharedBody(ctx, v.c, e.Header); err != nil {
					return err
				}
			}
			v.payload(e, body)
		}
		return nil
	}, columns+"WHERE e.entry BETWEEN ? AND ? ORDER BY e.entry", b.last-b.count+1, b.last)
	if unreadable(err) { // the next batch goes on from what this one says
		return b.chain, v.past(fmt.Sprintf("entries %d to %d", b.last-b.count+1, b.last), err)
	}
	if n != b.count {
		v.problem("log", fmt.Sprintf("entries %d to %d", b.last-b.count+1, b.last))
	}
	if v.progress != nil {
		v.progress(v.out.Entries, v.total)
	}
	return chain, err
}

func (v *verifier) payload(e vault.Entry, body []byte) {
	if e.Header.Length == 0 && body == nil {
		if e.Header.Payload != emptyHash {
			v.problem("payload", e.Number)
		}
		return
	}
	p, err := v.s.pack.unpack(body)
	if err != nil || uint64(len(p)) != e.Header.Length || sha256.Sum256(p) != e.Header.Payload {
		v.problem("payload", e.Number)
	}
}

// records compares every record's row with what its head says, and its terms
// with the full-text index.
func (v *verifier) records(ctx context.Context) error {
	seen := int64(0)
	err := v.c.rows(ctx, func(scan func(...any) error) error {
		r, err := rowOf(scan)
		if err != nil {
			return err
		}
		if seen++; v.progress != nil && seen&0xfff == 0 {
			v.progress(v.out.Entries, v.total)
		}
		if r.body == nil {
			if r.state != stateDeleted {
				v.problem("view", r.id)
			}
			return nil
		}
		res, source, err := v.s.resource(r.body, r.sum, nil)
		if err != nil {
			v.problem("payload", r.id)
			return nil
		}
		if source != r.source || res.ID != "" && vault.RecordIDOf(source, res.Type, res.ID) != r.id || docOf(res.Date, r.record) != r.doc {
			v.problem("view", r.id)
		}
		return nil
	}, recordColumns+"ORDER BY r.record")
	if err = v.past("record", err); err != nil {
		return err
	}
	for _, q := range []struct{ kind, query string }{
		{"view", "SELECT hex(r.id) FROM record r LEFT JOIN entry e ON e.entry=r.head WHERE e.entry IS NULL OR e.record IS NOT r.record"},
		{"view", "SELECT hex(r.id) FROM record r WHERE r.revisions<>(SELECT count(*) FROM (SELECT DISTINCT kind,parents,sha256 FROM entry e WHERE e.record=r.record))"},
		{"view", "SELECT e.entry FROM entry e LEFT JOIN record r ON r.record=e.record WHERE e.record IS NOT NULL AND r.record IS NULL"},
		{"view", "SELECT e.entry FROM batch b JOIN entry e ON e.entry>b.last-b.count AND e.entry<=b.last WHERE b.out=1 AND e.record IS NOT NULL"},
		{"view", "SELECT e.entry FROM entry e WHERE e.record IS NULL AND e.kind<=2 AND " + outOf + "=0 AND (e.kind=1 OR e.about IN (SELECT id FROM record))"},
		{"index", "SELECT hex(r.id) FROM record r LEFT JOIN fts_docsize d ON d.id=r.doc WHERE (d.id IS NULL) <> (r.state=1)"},
		{"index", "SELECT d.id FROM fts_docsize d LEFT JOIN record r ON r.doc=d.id WHERE r.record IS NULL"},
	} {
		if err := v.none(ctx, q.kind, q.query); err != nil {
			return err
		}
	}
	return nil
}

// none reports each row of query as a problem.
func (v *verifier) none(ctx context.Context, kind, query string) error {
	err := v.c.rows(ctx, func(scan func(...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		v.problem(kind, id)
		return nil
	}, query)
	table := map[string]string{"view": "record", "index": "fts", "blob": "blob"}[kind]
	return v.past(table, err)
}

// subjects checks that what a reference to a patient is said to mean is what
// it would mean now.
func (v *verifier) subjects(ctx context.Context) error {
	return v.none(ctx, "view", "SELECT s.subject FROM subject s LEFT JOIN record r ON r.record=s.record WHERE s.record IS NOT NULL AND r.record IS NULL")
}

func (v *verifier) blobs(ctx context.Context) error {
	var sums []vault.Hash
	err := v.c.rows(ctx, func(scan func(...any) error) error {
		var b []byte
		if err := scan(&b); err != nil {
			return err
		}
		sums = append(sums, vault.Hash(b))
		return nil
	}, "SELECT sha256 FROM blob WHERE entry IS NOT NULL ORDER BY blob")
	if err = v.past("blob", err); err != nil {
		return err
	}
	for _, sum := range sums {
		r, err := v.s.OpenBlob(ctx, sum)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			err = errors.Join(err, r.Close())
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.problem("blob", sum)
		}
		v.out.Blobs++
	}
	return v.none(ctx, "blob", "SELECT b.blob FROM blob b LEFT JOIN entry e ON e.entry=b.entry WHERE b.entry IS NOT NULL AND e.entry IS NULL")
}

// sqlite lets SQLite check its own structure. It needs a connection that has
// not searched: FTS5 reports false corruption on a pooled one.
func (v *verifier) sqlite(ctx context.Context) error {
	err := v.c.rows(ctx, func(scan func(...any) error) error {
		var line string
		if err := scan(&line); err != nil {
			return err
		}
		if line != "ok" && !v.broken["database"] {
			v.broken["database"] = true
			v.problem("page", "database")
		}
		return nil
	}, "PRAGMA integrity_check(20)")
	return v.past("database", err)
}
