package store

import (
	"errors"
	"path/filepath"
	"runtime"
	"testing"

	"phivault/vault"
)

// breaks makes a statement of the writer fail from now on.
func breaks(t *testing.T, s *Store, query string) {
	t.Helper()
	s.write.Lock()
	defer s.write.Unlock()
	if _, err := s.w.stmt(query); err != nil { // a name that drifted breaks nothing
		t.Fatal(err)
	}
	if err := s.w.stmts[query].Close(); err != nil {
		t.Fatal(err)
	}
	bad, err := s.w.db.Prepare("SELECT abs(-9223372036854775808)") // no such number
	if err != nil {
		t.Fatal(err)
	}
	s.w.stmts[query] = &statement{Stmt: bad}
}

func mends(t *testing.T, s *Store, query string) {
	t.Helper()
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.w.stmts[query].Close(); err != nil {
		t.Fatal(err)
	}
	delete(s.w.stmts, query)
}

func TestACommitThatFailsLeavesNoTrace(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann)
	before, next := s.head, s.next
	s.o.Committed = func(h Head) { t.Errorf("told of %v, which failed", h) }
	breaks(t, s, "COMMIT")
	if _, err := s.Append(ctx, vault.Batch{Puts: []*vault.Put{put(t, s, weight)}}); err == nil || errors.Is(err, ErrFailed) {
		t.Fatal(err)
	}
	mends(t, s, "COMMIT")
	s.o.Committed = nil
	if s.head != before || s.next != next {
		t.Errorf("head %v, want %v; next %v, want %v", s.head, before, s.next, next)
	}
	addJSON(t, s, weight, asthma)
	h, err := s.Head(ctx)
	if err != nil || h != s.head || h.Entry != before.Entry+2 {
		t.Errorf("%v, in memory %v: %v", h, s.head, err)
	}
	clean(t, s)
}

// TestAStoreThatLostItsPlaceTakesNoMore: the commit fails, and what the database
// holds now cannot be read.
func TestAStoreThatLostItsPlaceTakesNoMore(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann)
	before := s.head
	told := false
	s.o.Committed = func(Head) { told = true }
	breaks(t, s, "COMMIT")
	breaks(t, s, loadQuery)
	_, err := s.Append(ctx, vault.Batch{Puts: []*vault.Put{put(t, s, weight)}})
	if !errors.Is(err, ErrFailed) || told {
		t.Fatalf("%v; committed %v", err, told)
	}
	for name, act := range map[string]func() error{
		"Append":     func() error { _, err := s.Append(ctx, vault.Batch{}); return err },
		"Head":       func() error { _, err := s.Head(ctx); return err },
		"Get":        func() error { _, err := s.Get(ctx, vault.RecordID{}); return err },
		"NewBlob":    func() error { _, err := s.NewBlob(ctx); return err },
		"SetMeta":    func() error { return s.SetMeta(ctx, "a", "b") },
		"SetState":   func() error { return s.SetState(ctx, "a", nil) },
		"Rebuild":    func() error { return s.Rebuild(ctx, nil) },
		"Checkpoint": func() error { return s.Checkpoint(ctx) },
	} {
		if err := act(); !errors.Is(err, ErrFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.head != before {
		t.Errorf("head %v, want %v", s.head, before)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(ctx, s.path, s.o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.head != before {
		t.Errorf("opened again at %v, want %v", s.head, before)
	}
	addJSON(t, s, weight)
	clean(t, s)
}

// TestACheckpointLetsOthersWrite while it waits for a reader.
func TestACheckpointLetsOthersWrite(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann)
	moved := make(chan error, 1)
	err := s.read(ctx, func(c *conn) error {
		if err := c.exec(ctx, "BEGIN"); err != nil {
			return err
		}
		if _, err := c.row(ctx, []any{new(int64)}, "SELECT count(*) FROM entry"); err != nil {
			return err
		}
		addJSON(t, s, weight) // what the reader does not see and keeps from being moved
		go func() { moved <- s.Checkpoint(ctx) }()
		for s.moving.TryLock() {
			s.moving.Unlock()
			runtime.Gosched()
		}
		addJSON(t, s, asthma)
		return c.exec(ctx, "COMMIT")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-moved; err != nil {
		t.Fatal(err)
	}
	if files := filesIn(t, filepath.Dir(s.path)); len(files["vault.db-wal"]) != 0 {
		t.Error("the log is not empty")
	}
}
