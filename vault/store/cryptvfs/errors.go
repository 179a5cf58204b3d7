package cryptvfs

import (
	"errors"
	"io/fs"
	"syscall"

	sqlite3 "modernc.org/sqlite/lib"
)

// The reasons a VFS gives through [VFS.LastError]. SQLite itself carries only a
// number; the number and the reason agree as documented at each.
var (
	// ErrAuth: a page, frame or log header is not what this key wrote for this
	// vault and place: wrong key, another vault's file, or an altered one
	// (SQLITE_IOERR_DATA).
	ErrAuth = errors.New("cryptvfs: not authentic")
	// ErrTruncated: the file ends before a page or frame that must be there
	// (SQLITE_IOERR_DATA).
	ErrTruncated = errors.New("cryptvfs: file cut short")
	// ErrLogDamaged: frames that were durable are missing from the log or
	// altered, while later ones prove that they were there (SQLITE_IOERR_DATA).
	ErrLogDamaged = errors.New("cryptvfs: write-ahead log damaged")
	// ErrShape: SQLite asked for a read or write that this package does not
	// know; nothing was done (SQLITE_IOERR_READ, SQLITE_IOERR_WRITE).
	ErrShape = errors.New("cryptvfs: access of unknown shape")
	// ErrRefused: something other than a database and its log was to be
	// opened, removed or configured (SQLITE_CANTOPEN, SQLITE_ERROR).
	ErrRefused = errors.New("cryptvfs: refused")
	// ErrEmpty: the database file has no content and may not be created anew,
	// or has none although a log lies beside it (SQLITE_CANTOPEN).
	ErrEmpty = errors.New("cryptvfs: database file is empty")
	// ErrSyncFailed: a sync failed earlier; what the disk holds is unknown, so
	// the file takes no more writes until it is opened again (SQLITE_IOERR_FSYNC).
	ErrSyncFailed = errors.New("cryptvfs: an earlier sync failed")
	// ErrHeld: the VFS changes no file before Release (SQLITE_READONLY).
	ErrHeld = errors.New("cryptvfs: held")
	// ErrClosed: the VFS was closed.
	ErrClosed = errors.New("cryptvfs: closed")
	// ErrInUse: files are still open.
	ErrInUse = errors.New("cryptvfs: files are open")
)

// IsAuth reports whether err, as returned by vault/store/sqlite, a driver or
// by this package, says that the bytes on disk are not what the vault wrote:
// wrong key, another vault, cut short, altered. It recognises SQLITE_IOERR_DATA
// (this package), SQLITE_NOTADB and SQLITE_CORRUPT (SQLite's own finding, as
// for old pages put back), by any error with a Code() int method.
func IsAuth(err error) bool {
	if errors.Is(err, ErrAuth) || errors.Is(err, ErrTruncated) || errors.Is(err, ErrLogDamaged) {
		return true
	}
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return false
	}
	c := coded.Code()
	return c == sqlite3.SQLITE_IOERR_DATA || c&0xff == sqlite3.SQLITE_NOTADB || c&0xff == sqlite3.SQLITE_CORRUPT
}

// errShort: the file ends where SQLite expects that it may; the buffer is zeros.
var errShort = errors.New("cryptvfs: short read")

// resultCode turns an error of this package or of the operating system into
// SQLite's, other being the code for errors that have no better one.
func resultCode(err error, other int32) int32 {
	switch {
	case err == nil:
		return sqlite3.SQLITE_OK
	case err == errShort:
		return sqlite3.SQLITE_IOERR_SHORT_READ
	case errors.Is(err, ErrAuth), errors.Is(err, ErrTruncated), errors.Is(err, ErrLogDamaged):
		return sqlite3.SQLITE_IOERR_DATA
	case errors.Is(err, ErrSyncFailed):
		return sqlite3.SQLITE_IOERR_FSYNC
	case errors.Is(err, ErrHeld):
		return sqlite3.SQLITE_READONLY
	case isDiskFull(err):
		return sqlite3.SQLITE_FULL
	}
	return other
}

// openCode is resultCode for opening and creating: exists tells a file that may
// not be written from a folder in which nothing may be made.
func openCode(err error, exists bool) int32 {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		if exists {
			return sqlite3.SQLITE_READONLY
		}
		return sqlite3.SQLITE_READONLY_DIRECTORY
	case errors.Is(err, syscall.EISDIR):
		return sqlite3.SQLITE_CANTOPEN_ISDIR
	}
	return resultCode(err, sqlite3.SQLITE_CANTOPEN)
}
