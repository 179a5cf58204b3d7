package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"phivault/vault"
)

// Verify checks the vault; see vault.Checker. It reads with connections of its
// own and may run beside everything else.
//
// Deep means: the chain of every log; the hash of every payload; of each record's
// row, that its head, its source, its type, its id, its patient, its place by date and
// what a line of a list says are what the log's payload says, and its revisions as
// many (not whether it is in conflict, nor the names it is referred to by); that each live
// record and no other is in the full-text index; every attachment's hash; SQLite's
// own check of every page, full-text index included. The syntax of a payload whose
// hash is right is not judged once more: it was when it was taken in.
func (s *Store) Verify(ctx context.Context, quick bool, found func(vault.Problem), progress func(done, total int64)) (vault.Verified, error) {
	s.checking.Lock()
	defer s.checking.Unlock()
	v := &verifier{s: s, lore: newLore(), quick: quick, found: found, progress: progress, broken: map[string]bool{}}
	conns, err := v.snapshots(ctx)
	if err == nil {
		err = v.run(ctx, conns)
	}
	for _, c := range conns {
		// An error of reading may have ended the transaction already.
		if rb := c.run("ROLLBACK"); len(v.broken) == 0 {
			err = errors.Join(err, rb)
		}
		err = errors.Join(err, c.close())
	}
	return v.out, mapError(err)
}

const verifyConns = 2

// verifier checks the log and, beside it on a connection of its own, the views.
type verifier struct {
	s        *Store
	quick    bool
	progress func(done, total int64)
	total    int64
	out      vault.Verified
	sources  map[int64]string
	lore     *lore // its own: what it sees may be older than what others read

	mu     sync.Mutex
	found  func(vault.Problem)
	broken map[string]bool // what did not read
}

// snapshots gives two connections that see one state of the vault, whatever is
// written meanwhile; the second only for a deep check.
func (v *verifier) snapshots(ctx context.Context) (conns []*conn, err error) {
	n := verifyConns
	if v.quick {
		n = 1
	}
	for range n {
		c, err := v.s.openReader(ctx)
		if err != nil {
			return conns, err
		}
		conns = append(conns, c)
	}
	v.s.write.Lock()
	defer v.s.write.Unlock()
	for _, c := range conns {
		if err := c.run("BEGIN"); err != nil {
			return conns, err
		}
		// The first reading is what fixes the state.
		if _, err := count(ctx, c, "SELECT count(*) FROM sqlite_schema"); err != nil {
			return conns, err
		}
	}
	return conns, nil
}

func (v *verifier) run(ctx context.Context, conns []*conn) error {
	if v.quick {
		return v.log(ctx, conns[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var ofViews error
	wg.Go(func() {
		if ofViews = v.views(ctx, conns[1]); ofViews != nil {
			cancel()
		}
	})
	err := v.log(ctx, conns[0])
	if err != nil {
		cancel()
	}
	wg.Wait()
	if errors.Is(err, context.Canceled) && ofViews != nil {
		return ofViews
	}
	return err
}

func (v *verifier) problem(kind string, id any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.found(vault.Problem{Kind: kind, ID: fmt.Sprint(id)})
}

// past reports what did not read, and gives nil so that the next check goes on.
// Any other error stays.
func (v *verifier) past(what string, err error) error {
	if !unreadable(err) {
		return err
	}
	v.page(what)
	return nil
}

// page reports, once, that some of what cannot be read.
func (v *verifier) page(what string) {
	v.mu.Lock()
	again := v.broken[what]
	v.broken[what] = true
	v.mu.Unlock()
	if !again {
		v.problem("page", what)
	}
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

// views checks everything that is made from the log, but for what the payloads
// say of their records' rows.
func (v *verifier) views(ctx context.Context, c *conn) error {
	for _, check := range []func(context.Context, *conn) error{v.records, v.subjects, v.blobs, v.sqlite} {
		if err := check(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// records compares the records' rows with the log's and with the full-text index.
func (v *verifier) records(ctx context.Context, c *conn) error {
	for _, q := range []struct{ kind, query string }{
		{"view", "SELECT hex(r.id) FROM record r LEFT JOIN entry e ON e.entry=r.head WHERE e.entry IS NULL OR e.record IS NOT r.record"},
		// Most have one entry and are done with the index on it.
		{"view", "SELECT hex(r.id) FROM record r WHERE (r.revisions<>1 OR (SELECT count(*) FROM entry e WHERE e.record=r.record)<>1)" +
			" AND r.revisions<>(SELECT count(*) FROM (SELECT DISTINCT kind,parents,sha256 FROM entry e WHERE e.record=r.record))"},
		{"view", "SELECT e.entry FROM entry e LEFT JOIN record r ON r.record=e.record WHERE e.record IS NOT NULL AND r.record IS NULL"},
		{"view", "SELECT e.entry FROM batch b JOIN entry e ON e.entry>b.last-b.count AND e.entry<=b.last WHERE b.out=1 AND e.record IS NOT NULL"},
		{"view", "SELECT e.entry FROM entry e WHERE e.record IS NULL AND e.kind<=2 AND " + outOf + "=0 AND (e.kind=1 OR e.about IN (SELECT id FROM record))"},
		{"purge", "SELECT u.entry FROM purge u LEFT JOIN entry e ON e.entry=u.entry WHERE u.entry>0 AND (e.kind IS NOT 9 OR " + outOf + "=1)"},
		{"purge", "SELECT e.entry FROM purge u JOIN record r ON r.id=u.record JOIN entry e ON e.record=r.record AND e.sha256=u.sha256 AND e.kind=1 JOIN payload p ON p.entry=e.entry"},
		{"purge", "SELECT e.entry FROM purge u JOIN entry e ON e.about=u.record AND e.sha256=u.sha256 AND e.kind=5 JOIN payload p ON p.entry=e.entry"},
		{"index", "SELECT hex(r.id) FROM record r LEFT JOIN fts_docsize d ON d.id=r.doc WHERE (d.id IS NULL) <> (r.state=1)"},
		{"index", "SELECT d.id FROM fts_docsize d LEFT JOIN record r ON r.doc=d.id WHERE r.record IS NULL"},
	} {
		if err := v.none(ctx, c, q.kind, q.query); err != nil {
			return err
		}
	}
	return nil
}

// none reports each row of query as a problem.
func (v *verifier) none(ctx context.Context, c *conn, kind, query string) error {
	err := c.rows(ctx, func(scan func(...any) error) error {
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
func (v *verifier) subjects(ctx context.Context, c *conn) error {
	return v.none(ctx, c, "view", "SELECT s.subject FROM subject s LEFT JOIN record r ON r.record=s.record WHERE s.record IS NOT NULL AND r.record IS NULL")
}

func (v *verifier) blobs(ctx context.Context, c *conn) error {
	var sums []vault.Hash
	err := c.rows(ctx, func(scan func(...any) error) error {
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
	return v.none(ctx, c, "blob", "SELECT b.blob FROM blob b LEFT JOIN entry e ON e.entry=b.entry WHERE b.entry IS NOT NULL AND e.entry IS NULL")
}

// sqlite lets SQLite check its own structure. It needs a connection that has
// not searched: FTS5 reports false corruption on a pooled one.
func (v *verifier) sqlite(ctx context.Context, c *conn) error {
	err := c.rows(ctx, func(scan func(...any) error) error {
		var line string
		if err := scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			v.page("database")
		}
		return nil
	}, "PRAGMA integrity_check(20)")
	return v.past("database", err)
}
