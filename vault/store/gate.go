package store

import (
	"context"

	"phivault/vault"
)

// gate is a lock that can be waited for beside other things.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) Lock()   { g <- struct{}{} }
func (g gate) Unlock() { <-g }

func (g gate) TryLock() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

// guest is what is to be done within a loading's transaction.
type guest struct {
	do   func() error
	done chan error
}

// attach runs do, which writes attachments, in a transaction: while a loading waits for
// its next batch within the loading's own, which so need not end for each attachment
// of its input. What do wrote is then durable with the records that cite it, and no
// reader sees it before.
func (s *Store) attach(ctx context.Context, do func() error) error {
	if s.o.ReadOnly {
		return vault.ErrReadOnly
	}
	s.bound()
	g := guest{do, make(chan error, 1)}
	select {
	case s.guests <- g:
		return <-g.done
	case s.write <- struct{}{}:
	}
	defer s.write.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	return s.w.transact(ctx, do)
}

// serve runs a guest: when it fails, what it wrote is taken back, and nothing else.
func (s *Store) serve(g guest) {
	err := s.w.run("SAVEPOINT guest")
	if err == nil {
		if err = g.do(); err != nil {
			_ = s.w.run("ROLLBACK TO guest") // else the transaction is lost, and refuses all that comes
		}
		_ = s.w.run("RELEASE guest")
	}
	g.done <- err
}
