package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"phivault/vault"
	"phivault/vault/store"
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
	db, err := sql.Open("sqlite", uri(path, vfs.Name()))
	if err != nil {
		return err
	}
	defer db.Close()
	reader, err := db.Conn(ctx)
	if err != nil {
		return explain(err, vfs.LastError())
	}
	defer reader.Close()
	if err := freeze(ctx, db, reader); err != nil {
		if err = explain(err, vfs.LastError()); errors.Is(err, vault.ErrFull) {
			err = errNoRoom
		}
		return err
	}
	err = f()
	_, end := reader.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return first(err, end)
}

// freezeFor bounds the wait for others to finish reading what a checkpoint wants
// to move.
const freezeFor = 30 * time.Second

func freeze(ctx context.Context, db *sql.DB, reader *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, freezeFor)
	defer cancel()
	for {
		whole, err := tryFreeze(ctx, db, reader)
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
func tryFreeze(ctx context.Context, db *sql.DB, reader *sql.Conn) (whole bool, err error) {
	err = whileNobodyWrites(ctx, db, func() error {
		var busy, frames, moved int64
		if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &moved); err != nil {
			return err
		}
		if whole = busy == 0 && frames == moved; !whole {
			return nil
		}
		return beginReading(ctx, reader)
	})
	return whole, err
}

func uri(path, vfs string) string {
	q := url.Values{"vfs": {vfs}, "mode": {"rw"}, "_pragma": {"temp_store(2)", "busy_timeout(10000)", "trusted_schema(0)", "wal_autocheckpoint(0)"}}
	return store.FileURI(path, q)
}
