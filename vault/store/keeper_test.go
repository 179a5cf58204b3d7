package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"phivault/vault"
)

// Settle ends beside someone who writes without a pause, and what was written
// meanwhile is found.
func TestSettleEndsBesideAWriter(t *testing.T) {
	s := newStore(t)
	note := func(i int) string {
		return strings.NewReplacer(`"w1"`, fmt.Sprintf(`"n%d"`, i), "71.50", fmt.Sprintf("%d.50", i)).Replace(weight)
	}
	for i := range 40 {
		addJSON(t, s, note(i))
	}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 40; ; i++ {
			select {
			case <-quit:
				return
			default:
				addJSON(t, s, note(i))
			}
		}
	})
	err := s.Settle(ctx)
	close(quit)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if more, gaveWay := s.keeper.merge(settlePages, true); gaveWay {
		t.Errorf("a step that must be done gave way; more %v", more)
	}
	clean(t, s)
}

// A step of merging is not begun while someone waits to write.
func TestMergingGivesWay(t *testing.T) {
	s := newStore(t)
	s.waiting.Add(1)
	if more, gaveWay := s.keeper.merge(mergePages, false); !more || !gaveWay {
		t.Errorf("more %v, gave way %v", more, gaveWay)
	}
	s.waiting.Add(-1)
	if _, gaveWay := s.keeper.merge(mergePages, false); gaveWay {
		t.Error("gave way to nobody")
	}
}

// Whoever reads alone uses one connection and fills one cache; two at once use two.
func TestReadingAloneFillsOneCache(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann)
	for range 5 {
		find(t, s, vault.Query{})
	}
	if n := len(s.free.all); n != 1 {
		t.Errorf("%d connections were opened for one reader", n)
	}
	err := s.read(ctx, func(*conn) error { find(t, s, vault.Query{}); return nil })
	if n := len(s.free.all); err != nil || n != maxReaders {
		t.Errorf("%d connections after two readers: %v", n, err)
	}
}

// What was removed on purpose does not stay behind in the log, which otherwise is
// written over: as soon as nobody writes nor reads an older state it is cut.
func TestTheLogIsCutAfterAPurge(t *testing.T) {
	s := newStore(t)
	s.keeper.stop() // what it does is done here
	defer func() { s.keeper = startKeeper(s) }()
	rest := func() {
		for s.keeper.rest() == idleAfter/10 {
		}
	}
	addJSON(t, s, ann, weight, asthma)
	if rest(); logFile(t, s) == 0 {
		t.Error("a log is cut for nothing")
	}
	err := s.read(ctx, func(c *conn) error {
		if err := c.run("BEGIN"); err != nil {
			return err
		}
		if _, err := count(ctx, c, "SELECT count(*) FROM entry"); err != nil {
			return err
		}
		purge(t, s, vault.RecordIDOf("a", "Observation", "w1"))
		if s.keeper.rest(); !s.logHolds.Load() {
			t.Error("the log was cut under a reader")
		}
		return c.run("COMMIT")
	})
	if err != nil {
		t.Fatal(err)
	}
	if rest(); logFile(t, s) != 0 || s.logHolds.Load() {
		t.Errorf("%d bytes of log are left", logFile(t, s))
	}
	addJSON(t, s, strings.NewReplacer(`"w1"`, `"w2"`, "71.50", "72.50").Replace(weight))
	if rest(); logFile(t, s) == 0 {
		t.Error("a log is cut for ever")
	}
}

// Nor what a killed process left there, where a full disk kept opening from moving it: it
// is cut as soon as there is room.
func TestALogThatWasFoundIsCutLater(t *testing.T) {
	s := newStore(t)
	s.keeper.stop()
	defer func() { s.keeper = startKeeper(s) }()
	addJSON(t, s, ann)
	var pages int64
	if _, err := s.w.row(ctx, []any{&pages}, "PRAGMA page_count"); err != nil {
		t.Fatal(err)
	}
	const moving = "PRAGMA wal_checkpoint(TRUNCATE)"
	full, err := s.w.db.Prepare("INSERT INTO meta(key,value) VALUES('full',zeroblob(1000000))")
	if err != nil {
		t.Fatal(err)
	}
	do(t, s, fmt.Sprint("PRAGMA max_page_count=", pages))
	s.w.stmts[moving] = &statement{Stmt: full}
	if err := s.adoptLog(ctx); err != nil || logFile(t, s) == 0 {
		t.Fatalf("the disk is not full: %v", err)
	}
	mends(t, s, moving)
	do(t, s, "PRAGMA max_page_count=1000000")
	for s.keeper.rest() > 0 {
	}
	if n := logFile(t, s); n != 0 {
		t.Errorf("%d bytes of log are left", n)
	}
}
