package store

import (
	"context"
	"errors"
	"os"
	"time"

	"phivault/vault"
)

const (
	readersTimeout = 10 * time.Second
	readersPause   = time.Millisecond
)

// Checkpoint moves everything into the main file and empties the write-ahead
// log, as a copy of the file needs. It waits up to readersTimeout for readers of
// older states to finish; others may write meanwhile.
func (s *Store) Checkpoint(ctx context.Context) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	pause := time.NewTicker(readersPause)
	defer pause.Stop()
	for start := time.Now(); ; {
		done, err := s.emptyLog(ctx)
		switch {
		case err != nil:
			return mapError(err)
		case done:
			return nil
		case time.Since(start) > readersTimeout:
			return errBusy
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
	}
}

// emptyLog tries once. SQLite would wait for readers with the writer held, so it
// is told not to.
func (s *Store) emptyLog(ctx context.Context) (done bool, err error) {
	if s.o.ReadOnly {
		return false, vault.ErrReadOnly
	}
	if err := s.lockNow(); err != nil {
		return false, err
	}
	defer s.write.Unlock()
	if err := s.w.run("PRAGMA busy_timeout=0"); err != nil {
		return false, err
	}
	defer func() {
		if e := s.w.run(busyTimeout); err == nil {
			err = e
		}
	}()
	return s.truncateLog(ctx)
}

func (s *Store) truncateLog(ctx context.Context) (done bool, err error) {
	var busy, frames, moved int64
	_, err = s.w.row(ctx, []any{&busy, &frames, &moved}, "PRAGMA wal_checkpoint(TRUNCATE)")
	if done = err == nil && busy == 0; done {
		s.logSize.Store(0)
		s.logHolds.Store(false)
	}
	return done, err
}

// noteLog notes how much of the write-ahead log is in use, after a commit.
func (s *Store) noteLog() {
	if n := s.w.db.Logged(); n >= 0 {
		s.logSize.Store(int64(n) * frameSize)
	}
}

// frameSize is about what a frame of the write-ahead log takes, in bytes.
const frameSize = 4096 + 64

// adoptLog moves what a process left in its log that ended without closing, so
// that nothing is built on a log whose last sync may have failed. A full disk
// leaves it to later: reading must stay possible.
func (s *Store) adoptLog(ctx context.Context) error {
	st, err := os.Stat(s.path + "-wal")
	if err != nil || st.Size() == 0 {
		return nil
	}
	s.logSize.Store(st.Size())
	s.logHolds.Store(true) // for all that anyone knows
	_, err = s.truncateLog(ctx)
	if errors.Is(mapError(err), vault.ErrFull) {
		return nil
	}
	return err
}

// mostLog is the size in bytes from which a writer waits until the write-ahead log is
// moved. While a reader of an older state holds it back, it is tried again when it has
// grown by a quarter of that.
const mostLog = 128 << 20

// bound keeps the write-ahead log from growing without an end. SQLite begins it anew
// only when a transaction begins and all of it was moved, which never happens where each
// transaction begins as soon as the one before has ended.
func (s *Store) bound() {
	if s.keeper == nil {
		return
	}
	size := s.logSize.Load()
	switch {
	case size < s.mostLog:
		s.logBound.Store(s.mostLog)
	case size >= s.logBound.Load():
		s.moving.Lock()
		defer s.moving.Unlock()
		// First beside others, then the little that is left and the beginning itself:
		// nobody may move the log between the two. An error shows where someone waits for it.
		_ = s.keeper.move()
		if done, _ := s.emptyLog(context.Background()); !done {
			s.logBound.Store(size + s.mostLog/4)
		}
	}
}
