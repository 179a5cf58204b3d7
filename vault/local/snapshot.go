package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"phivault/vault"
	"phivault/vault/store/cryptvfs"
)

// errNoRoom is a log that cannot be moved into the database, since the vault's
// disk is full.
var errNoRoom = fmt.Errorf("%w: the write-ahead log cannot be moved into the database", vault.ErrFull)

// frozen calls f while the database file at path holds everything that was
// committed before, and nobody changes the file. Writers go on: what they commit
// meanwhile lies in the write-ahead log. errNoRoom: f was not called.
//
// A reader that began when the whole log had been moved into the file reads the
// file alone, and no checkpoint touches the file before that reader ends
// (https://www.sqlite.org/wal.html, "Checkpointing"). To begin just then, the
// write lock is held for the length of one checkpoint.
func frozen(ctx context.Context, vfs *cryptvfs.VFS, path string, f func() error) error {
	p, err := openPair(path, vfs)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.freeze(ctx); err != nil {
		if err = explain(err, vfs.LastError()); errors.Is(err, vault.ErrFull) {
			err = errNoRoom
		}
		return err
	}
	err = f()
	return first(err, p.reader.Run("ROLLBACK"))
}

// freezeFor bounds the wait for others to finish reading what a checkpoint wants
// to move.
const freezeFor = 30 * time.Second

func (p *pair) freeze(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, freezeFor)
	defer cancel()
	for {
		whole, err := p.tryFreeze()
		if err != nil || whole {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: something keeps reading an older state of it", vault.ErrInUse)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tryFreeze reports whether the log could be moved whole; the reader's
// transaction is open then.
func (p *pair) tryFreeze() (whole bool, err error) {
	err = p.whileNobodyWrites(func() error {
		// While the writer is in a transaction, the reader moves the log.
		busy, frames, moved, err := checkpoint(p.reader, "PASSIVE")
		if err != nil {
			return err
		}
		if whole = !busy && frames == moved; !whole {
			return nil
		}
		return beginReading(p.reader)
	})
	return whole, err
}
