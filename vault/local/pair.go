package local

import (
	"errors"
	"net/url"

	"phivault/vault/store"
	"phivault/vault/store/cryptvfs"
	"phivault/vault/store/sqlite"
)

// pair is two connections to a database beside the store's: one that keeps a state of
// it as it is, and one that keeps writers away while the first begins.
type pair struct{ reader, writer *sqlite.Conn }

func openPair(path string, vfs *cryptvfs.VFS) (p pair, err error) {
	if p.reader, err = connect(path, vfs); err == nil {
		if p.writer, err = connect(path, vfs); err != nil {
			err = errors.Join(err, p.reader.Close())
		}
	}
	return p, explain(err, vfs.LastError())
}

// close ends what was begun: nothing is written by either.
func (p *pair) close() error { return errors.Join(p.reader.Close(), p.writer.Close()) }

// whileNobodyWrites calls f while no other connection writes.
func (p *pair) whileNobodyWrites(f func() error) error {
	if err := p.writer.Run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f()
	return first(err, p.writer.Run("ROLLBACK"))
}

// beginReading starts a transaction on the newest state. BEGIN alone reads
// nothing; it starts with the first page.
func beginReading(c *sqlite.Conn) error { return c.Run("BEGIN;SELECT count(*) FROM meta") }

// checkpoint moves the write-ahead log, in frames (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
func checkpoint(c *sqlite.Conn, how string) (busy bool, frames, moved int64, err error) {
	s, err := c.Prepare("PRAGMA wal_checkpoint(" + how + ")")
	if err != nil {
		return false, 0, 0, err
	}
	if _, err = s.Step(); err == nil {
		err = s.Scan(&busy, &frames, &moved)
	}
	return busy, frames, moved, errors.Join(err, s.Close())
}

// connect opens the database at path, which is there.
func connect(path string, vfs *cryptvfs.VFS) (*sqlite.Conn, error) {
	c, err := sqlite.Open(store.FileURI(path, url.Values{"vfs": {vfs.Name()}, "mode": {"rw"}}))
	if err != nil {
		return nil, err
	}
	const told = "PRAGMA temp_store=2;PRAGMA busy_timeout=10000;PRAGMA trusted_schema=0;PRAGMA wal_autocheckpoint=0"
	if err := c.Run(told); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}
