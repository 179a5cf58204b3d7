package store

import (
	"errors"
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"

	"phivault/vault"
	"phivault/vault/store/sqlite"
)

// Errors of opening.
var (
	ErrNewer = errors.New("the vault was written by a newer phivault")
)

// ErrClosed is a call to a Store that was closed.
var ErrClosed = errors.New("the database is closed")

// mapError turns SQLite's result codes into the domain's errors. SQLite's own
// messages can quote SQL, so only the code goes on.
func mapError(err error) error {
	if errors.Is(err, sqlite.ErrType) {
		return fmt.Errorf("%w: the database is damaged: %w", vault.ErrIntegrity, err)
	}
	code, ok := codeOf(err)
	if !ok {
		return err
	}
	switch code & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: the database is damaged or belongs to another vault (SQLite code %d)", vault.ErrIntegrity, code)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: nothing of this step was saved", vault.ErrFull)
	case sqlite3.SQLITE_READONLY:
		return vault.ErrReadOnly
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w (SQLite code %d)", vault.ErrInUse, code)
	case sqlite3.SQLITE_IOERR:
		if code == sqlite3.SQLITE_IOERR_DATA || code == sqlite3.SQLITE_IOERR_CORRUPTFS {
			return fmt.Errorf("%w: a page of the database does not authenticate", vault.ErrIntegrity)
		}
		return fmt.Errorf("reading or writing the database: SQLite code %d", code)
	}
	return fmt.Errorf("database: SQLite code %d", code)
}

// codeOf is the result code of SQLite's that err holds, if it does.
func codeOf(err error) (int, bool) {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code(), true
	}
	return 0, false
}

var errBusy = fmt.Errorf("%w: a reader holds the write-ahead log", vault.ErrInUse)

var (
	_ vault.Store   = (*Store)(nil)
	_ vault.Loader  = (*Store)(nil)
	_ vault.Index   = (*Store)(nil)
	_ vault.Blobs   = (*Store)(nil)
	_ vault.Log     = (*Store)(nil)
	_ vault.Checker = (*Store)(nil)
)
