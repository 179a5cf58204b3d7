package store

import (
	"context"
	"time"
)

// keeper does the work that no one should wait for, on a connection of its own:
// it moves the write-ahead log into the database and merges the full-text
// index while nothing else is written.
type keeper struct {
	s    *Store
	wake chan struct{}
	quit chan struct{}
	done chan struct{}
}

const (
	idleAfter    = 150 * time.Millisecond
	checkpointAt = 16 << 20 // bytes of write-ahead log
	mergePages   = 16       // of one merge step, which an edit may have to wait for
	mergeAfter   = 64       // transactions without a pause, after which one step is done all the same
	settlePages  = 64       // of a step of Settle, while nobody else writes
	settlePause  = time.Millisecond
)

func startKeeper(s *Store) *keeper {
	k := &keeper{s: s, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go k.run()
	return k
}

// nudge says that something was written. It does not block.
func (k *keeper) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *keeper) stop() {
	close(k.quit)
	<-k.done
}

func (k *keeper) run() {
	defer close(k.done)
	idle := time.NewTimer(time.Hour)
	idle.Stop()
	busy := 0 // transactions since the last merge step
	for {
		select {
		case <-k.quit:
			return
		case <-k.wake:
			if k.s.logSize.Load() >= checkpointAt {
				k.checkpoint()
			}
			if busy++; busy >= mergeAfter {
				k.merge(mergePages, true)
				busy = 0
			}
			idle.Reset(idleAfter)
		case <-idle.C:
			busy = 0
			if again := k.rest(); again > 0 {
				idle.Reset(again)
			}
		}
	}
}

// rest is what is done while nobody writes; it tells when to come again, 0 for when
// something was written.
func (k *keeper) rest() (again time.Duration) {
	k.s.fresh.drop()
	if more, _ := k.merge(mergePages, false); more {
		return idleAfter / 10
	}
	k.checkpoint()
	if k.s.logHolds.Load() && !k.cut() {
		return idleAfter
	}
	return 0
}

// cut empties the log, which is written over where it was moved, so that nothing of what
// was removed on purpose stays behind. It reports whether it could: no reader may need
// the log.
func (k *keeper) cut() bool {
	k.s.moving.Lock()
	defer k.s.moving.Unlock()
	done, err := k.s.emptyLog(context.Background())
	return done || err != nil
}

// checkpoint copies what no reader needs from the log; it never blocks a
// writer. An error shows again where someone waits for it.
func (k *keeper) checkpoint() {
	k.s.moving.Lock()
	defer k.s.moving.Unlock()
	_ = k.move()
}

// move is checkpoint for whoever holds moving.
func (k *keeper) move() error {
	return k.s.read(context.Background(), func(c *conn) error {
		return c.exec(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
	})
}

// merge does one step of about so many pages of merging and reports whether there
// is more to do. Unless it must, it gives way to anyone who is writing or wants
// to, and says so.
func (k *keeper) merge(pages int, must bool) (more, gaveWay bool) {
	s := k.s
	switch {
	case must:
		s.write.Lock()
	case s.waiting.Load() > 0 || !s.write.TryLock():
		return true, true
	}
	defer s.write.Unlock()
	if s.usable() != nil {
		return false, false
	}
	var before, after int64
	ctx := context.Background()
	if _, err := s.w.row(ctx, []any{&before}, "SELECT total_changes()"); err != nil {
		return false, false
	}
	if err := s.w.run("INSERT INTO fts(fts,rank) VALUES('merge',?)", pages); err != nil {
		return false, false
	}
	if _, err := s.w.row(ctx, []any{&after}, "SELECT total_changes()"); err != nil {
		return false, false
	}
	return after-before >= 2, false // as FTS5's documentation tells whether a merge did work
}

// Settle finishes the merging that a long import has left, so that the searches
// after it do not pay for it, also when the process ends at once. Whoever writes
// meanwhile waits for a small step at most, and does not keep it from ending.
func (s *Store) Settle(ctx context.Context) error {
	if s.o.ReadOnly {
		return nil
	}
	// Small steps first, so that whoever writes at the time is met early and waits little.
	pages, most, ways := mergePages, settlePages, 0
	for {
		s.bound()
		more, gaveWay := s.keeper.merge(pages, ways >= mergeAfter)
		switch {
		case !more:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !gaveWay:
			ways = 0
			pages = min(2*pages, most)
			continue
		}
		// Someone works here: from now on in small steps.
		pages, most = mergePages, mergePages
		ways++
		time.Sleep(settlePause)
	}
}
