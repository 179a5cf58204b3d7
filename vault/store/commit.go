package store

import (
	"context"
	"errors"
	"fmt"

	"phivault/vault"
)

// ErrFailed is every call to a Store after a transaction failed and what the
// database holds since could not be read. Nothing that was appended is lost; the
// database must be opened again.
var ErrFailed = errors.New("the database failed; close the vault and open it again")

// usable is nil unless the Store was closed or gave up.
func (s *Store) usable() error {
	select {
	case <-s.ended:
		return ErrClosed
	default:
	}
	if s.failed.Load() {
		return ErrFailed
	}
	return nil
}

// lock takes the writer, which on nil the caller gives back: s.write.Unlock.
func (s *Store) lock() error {
	if s.o.ReadOnly {
		return vault.ErrReadOnly
	}
	s.bound()
	if err := s.lockNow(); err != nil {
		return err
	}
	if err := s.prepare(context.Background()); err != nil {
		s.write.Unlock()
		return mapError(err)
	}
	return nil
}

// lockNow is lock for whoever moves the write-ahead log, and writes nothing else.
func (s *Store) lockNow() error {
	if !s.write.TryLock() {
		s.waiting.Add(1)
		select {
		case s.wanted <- struct{}{}:
		default:
		}
		s.write.Lock()
		s.waiting.Add(-1)
	}
	if err := s.usable(); err != nil {
		s.write.Unlock()
		return err
	}
	return nil
}

// commit runs f as one transaction. The head follows the COMMIT and never leads;
// when anything fails, memory is what the database says. The writer is the
// caller's.
func (s *Store) commit(ctx context.Context, f func(*tx) error) error {
	s.fresh.drop()
	t := &tx{s: s, w: s.w, first: s.next.entry, head: s.head}
	if err := s.w.transact(ctx, func() error { return f(t) }); err != nil {
		return s.recall(ctx, err)
	}
	s.head = t.head
	s.lore.committed(len(t.gone.named) > 0)
	if len(t.gone.named) > 0 {
		s.logHolds.Store(true)
	}
	return nil
}

// recall reads again what the writer keeps in memory, after err.
func (s *Store) recall(ctx context.Context, err error) error {
	if e := s.load(ctx); e != nil {
		s.failed.Store(true)
		return fmt.Errorf("%w: %w", ErrFailed, mapError(err))
	}
	return err
}
