package store

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"sync"
	"sync/atomic"

	sqlite3 "modernc.org/sqlite/lib"

	"phivault/vault"
	"phivault/vault/store/sqlite"
)

// Verify checks the vault; see vault.Checker. It reads with connections of its
// own and may run beside everything else.
//
// Deep means: the chain of every log; the hash of every payload; of each record's
// row, that its head, its source, its type, its id, its patient, its place by date and
// what a line of a list says are what the log's payload says, its revisions as many, and
// where there are several, which is shown and whether they are in conflict, and then that
// the names by which the record is referred to are there; that each live
// record and no other is in the full-text index, and there under its type; every attachment's hash; SQLite's
// own check of every page, full-text index included. The syntax of a payload whose
// hash is right is not judged once more: it was when it was taken in.
func (s *Store) Verify(ctx context.Context, quick bool, found func(vault.Problem), progress func(done, total int64)) (vault.Verified, error) {
	return s.VerifyWith(ctx, quick, nil, found, progress)
}

// VerifyWith is Verify; a deep one has when, unless it is nil, tell of each segment that has
// entries whether what it says of when they were made is what was signed. when is called
// from one goroutine, and keeps nothing of what it is given.
func (s *Store) VerifyWith(ctx context.Context, quick bool, when func(vault.TimedSegment) bool, found func(vault.Problem), progress func(done, total int64)) (vault.Verified, error) {
	s.checking.Lock()
	defer s.checking.Unlock()
	if err := s.usable(); err != nil {
		return vault.Verified{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // Close waits for this
		select {
		case <-s.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	v := &verifier{s: s, lore: newLore(), quick: quick, when: when, found: found, progress: progress, broken: map[string]bool{}, seed: maphash.MakeSeed()}
	snaps, err := v.snapshots(ctx)
	if err == nil {
		err = v.run(ctx, snaps)
	}
	for _, c := range snaps {
		err = errors.Join(err, c.close(len(v.broken) > 0))
	}
	return v.out, mapError(err)
}

const verifyConns = 2

// verifier checks the log and, beside it on connections of its own, the views.
type verifier struct {
	s        *Store
	quick    bool
	when     func(vault.TimedSegment) bool
	progress func(done, total int64)
	total    int64
	out      vault.Verified
	sources  map[int64]string
	subjects map[int64]subject
	lore     *lore // its own: what it sees may be older than what others read

	seed    maphash.Seed
	tables  [tallies]tally // as the tables say it
	indexes [tallies]tally
	counted bool        // records were, on the way
	doubt   atomic.Bool // tables and indexes may differ
	others  bool        // there are indexes that only SQLite knows how to check

	mu     sync.Mutex
	found  func(vault.Problem)
	told   int             // problems
	broken map[string]bool // what did not read
}

// snapshot is one state of the vault: single questions go to the connection, and
// what reads all rows to the other.
type snapshot struct {
	*conn
	all *sqlite.Conn
}

// deepCacheKiB is enough for who reads each page once.
const deepCacheKiB = 4 << 10

// snapshots gives two views of one state of the vault, whatever is written
// meanwhile; the second only for a deep check.
func (v *verifier) snapshots(ctx context.Context) (snaps []*snapshot, err error) {
	n := verifyConns
	if v.quick {
		n = 1
	}
	for range n {
		c, err := v.s.openReader()
		if err != nil {
			return snaps, err
		}
		snap := &snapshot{conn: c}
		snaps = append(snaps, snap)
		if snap.all, err = v.s.dial("rw", fmt.Sprintf(readerPragmas, deepCacheKiB)); err != nil {
			return snaps, err
		}
	}
	v.s.write.Lock()
	defer v.s.write.Unlock()
	for _, c := range snaps {
		// The first reading is what fixes the state.
		const look = "SELECT count(*) FROM sqlite_schema"
		for _, sql := range []string{"BEGIN", look} {
			if err := c.all.Run(sql); err != nil {
				return snaps, err
			}
		}
		if err := c.run("BEGIN"); err != nil {
			return snaps, err
		}
		if _, err := count(ctx, c.conn, look); err != nil {
			return snaps, err
		}
	}
	return snaps, nil
}

// close ends both. An error of reading may have ended a transaction already.
func (c *snapshot) close(broken bool) error {
	var errs []error
	if c.all != nil {
		rb := c.all.Run("ROLLBACK")
		if !broken {
			errs = append(errs, rb)
		}
		errs = append(errs, c.all.Close())
	}
	if rb := c.run("ROLLBACK"); !broken {
		errs = append(errs, rb)
	}
	return errors.Join(append(errs, c.conn.close())...)
}

func (v *verifier) run(ctx context.Context, snaps []*snapshot) error {
	if v.quick {
		if err := v.count(ctx, snaps[0]); err != nil {
			return err
		}
		return v.log(ctx, snaps[0])
	}
	err := v.both(ctx, snaps)
	if err == nil && !v.counted {
		err = v.count(ctx, snaps[0])
	}
	if err == nil && (v.others || v.differ()) {
		err = v.precisely(ctx, snaps[1])
	}
	return err
}

// count counts live records where that was not done on the way.
func (v *verifier) count(ctx context.Context, c *snapshot) error {
	_, err := c.row(ctx, []any{&v.out.Records}, "SELECT count(*) FROM record WHERE state<>1")
	return v.past("record", err)
}

// both checks the log and the views at once.
func (v *verifier) both(ctx context.Context, snaps []*snapshot) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var ofViews error
	wg.Go(func() {
		if ofViews = v.views(ctx, snaps[1]); ofViews != nil {
			cancel()
		}
	})
	err := v.log(ctx, snaps[0])
	if err != nil {
		cancel()
	}
	wg.Wait()
	if errors.Is(err, context.Canceled) && ofViews != nil || err == nil {
		return ofViews
	}
	return err
}

func (v *verifier) problem(kind string, id any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.told++
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
	code, ok := codeOf(err)
	if !ok {
		return false
	}
	switch code & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	case sqlite3.SQLITE_IOERR:
		return code == sqlite3.SQLITE_IOERR_DATA || code == sqlite3.SQLITE_IOERR_CORRUPTFS
	}
	return false
}

// views checks everything that is made from the log, but for what the payloads
// say of their records' rows.
func (v *verifier) views(ctx context.Context, c *snapshot) error {
	checks := []func(context.Context, *snapshot) error{v.large, v.few, v.blobs, v.sqlite}
	if v.when != nil {
		checks = append(checks, v.times)
	}
	for _, check := range checks {
		if err := check(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// few compares what there are few of with the log.
func (v *verifier) few(ctx context.Context, c *snapshot) error {
	// The order of the joins is said where SQLite would begin with the larger table.
	for _, q := range []struct{ kind, query string }{
		{"view", "SELECT e.entry FROM batch b CROSS JOIN entry e WHERE b.out=1 AND e.entry>b.last-b.count AND e.entry<=b.last AND e.record IS NOT NULL"},
		{"view", "SELECT e.entry FROM entry e WHERE e.record IS NULL AND e.kind<=2 AND " + outOf + "=0 AND (e.kind=1 OR e.about IN (SELECT id FROM record))"},
		{"purge", "SELECT u.entry FROM purge u LEFT JOIN entry e ON e.entry=u.entry WHERE u.entry>0 AND (e.kind IS NOT 9 OR " + outOf + "=1)"},
		{"purge", "SELECT e.entry FROM purge u CROSS JOIN record r ON r.id=u.record CROSS JOIN entry e ON e.record=r.record AND e.sha256=u.sha256 AND e.kind=1 JOIN payload p ON p.entry=e.entry"},
		{"purge", "SELECT e.entry FROM purge u CROSS JOIN entry e ON e.about=u.record AND e.sha256=u.sha256 AND e.kind=5 JOIN payload p ON p.entry=e.entry"},
		// What a reference to a patient is said to mean is what it would mean now.
		{"view", "SELECT s.subject FROM subject s LEFT JOIN record r ON r.record=s.record WHERE s.record IS NOT NULL AND r.record IS NULL"},
		{"view", "SELECT s.subject FROM subject s LEFT JOIN record r ON r.record=s.record WHERE s.patient IS NOT NULL AND s.patient IS NOT r.id"},
	} {
		if err := v.none(ctx, c.conn, q.kind, q.query); err != nil {
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

func (v *verifier) blobs(ctx context.Context, c *snapshot) error {
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
	return v.none(ctx, c.conn, "blob", "SELECT b.blob FROM blob b LEFT JOIN entry e ON e.entry=b.entry WHERE b.entry IS NOT NULL AND e.entry IS NULL")
}
