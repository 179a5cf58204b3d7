package store

import (
	"context"
	"fmt"
	"time"

	"phivault/vault"
)

// A transaction of a loading ends after so many puts or so long, whichever comes
// first: what a killed import loses, and its progress is seen by. The longer it is, the
// fewer times the pages of indexes are written whose order is not that of the input.
const (
	loadPuts = 32 << 10
	loadFor  = time.Second
)

// loadCacheKiB is the writer's cache while it loads, and loadPages how many pages with
// changes it keeps before it writes some ahead of their transaction's end.
const (
	loadCacheKiB = 64 << 10
	loadPages    = 20_000
)

// Load applies batches, several in a transaction; see vault.Loader.
func (s *Store) Load(ctx context.Context, batches <-chan vault.Batch, durable func([]vault.Outcome)) (err error) {
	if err := s.widen(loadCacheKiB, loadPages); err != nil {
		return err
	}
	defer func() {
		if e := s.widen(writeCacheKiB, 1); err == nil {
			err = e
		}
	}()
	for {
		var l loading
		select {
		case b, more := <-batches:
			if !more {
				return ctx.Err()
			}
			l.batch = b
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := s.loadSome(ctx, &l, batches); err != nil {
			return err
		}
		for _, o := range l.outcomes {
			durable(o)
		}
		if l.ended {
			return ctx.Err()
		}
	}
}

// widen sets how much the writer may keep, and how many pages of it with changes, where
// that is more.
func (s *Store) widen(kib, pages int) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.write.Unlock()
	return mapError(s.w.exec(context.Background(), fmt.Sprintf("PRAGMA cache_size=-%d; PRAGMA cache_spill=%d", kib, pages)))
}

// loading is one transaction of a loading.
type loading struct {
	batch    vault.Batch // the next
	puts     int
	outcomes [][]vault.Outcome
	ended    bool // no batch comes any more
}

func (s *Store) loadSome(ctx context.Context, l *loading, batches <-chan vault.Batch) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.write.Unlock()
	before := s.next
	end := time.NewTimer(s.loadFor)
	defer end.Stop()
	err := s.commit(ctx, func(t *tx) error {
		// A batch that began is applied whole, so that what came before stays.
		whole := context.WithoutCancel(ctx)
		for more := true; more; more = s.another(ctx, l, batches, end.C) {
			if err := checkSize(l.batch); err != nil {
				return err
			}
			o, err := t.apply(whole, l.batch)
			if err != nil {
				return err
			}
			if err := t.enchain(); err != nil {
				return err
			}
			l.puts += len(l.batch.Puts)
			l.outcomes = append(l.outcomes, o)
			l.batch = vault.Batch{}
		}
		return t.index(whole)
	})
	if err != nil {
		s.undone++
		return mapError(err)
	}
	if s.o.Committed != nil && s.next.entry != before.entry {
		s.o.Committed(s.head)
	}
	s.keeper.nudge()
	return nil
}

// another waits for the next batch of the transaction and reports whether one came
// before it has to end.
func (s *Store) another(ctx context.Context, l *loading, batches <-chan vault.Batch, end <-chan time.Time) (more bool) {
	for l.puts < loadPuts && s.waiting.Load() == 0 {
		select {
		case l.batch, more = <-batches:
			l.ended = !more
			return more
		case g := <-s.guests:
			s.serve(g)
		case <-s.wanted: // by whoever waits now, or waited once
		case <-end:
			return false
		case <-ctx.Done():
			l.ended = true
			return false
		}
	}
	return false
}
