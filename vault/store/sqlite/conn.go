// Package sqlite is the way to SQLite: connections and statements on the translated C
// library itself (https://sqlite.org/c3ref/intro.html). database/sql and its driver copy
// each value twice, allocate for each column and take locks for each call.
//
// It promises that an error holds SQLite's code and never a text of SQLite's, which can
// quote SQL and what is in it. It never keeps what [Raw] lends: such bytes are SQLite's
// until the statement's next step. It makes no transaction, no retry and no pool.
package sqlite

import (
	"errors"
	"fmt"
	"sync"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Error is a result code of SQLite's, extended (https://sqlite.org/rescode.html).
type Error struct{ code int32 }

// Code is the number, of which the lowest 8 bits are the primary code.
func (e *Error) Code() int     { return int(e.code) }
func (e *Error) Error() string { return fmt.Sprintf("SQLite code %d", e.code) }

// Errors of use.
var (
	ErrTooLong = errors.New("sqlite: a text or a blob is too long")
	ErrType    = errors.New("sqlite: a value is of another type than what is asked for")
)

// begin is what one system needs before SQLite's first use.
var begin sync.Once

// Conn is a connection, for one goroutine at a time: SQLite's own lock on it is left out.
type Conn struct {
	tls    *libc.TLS
	db     uintptr
	frames uintptr // where SQLite's hook puts an int32; 0 until Logged was called
}

// Open opens a database by its URI (https://sqlite.org/uri.html), which says the mode and
// may name a VFS.
func Open(uri string) (*Conn, error) {
	begin.Do(sqlite3.PatchIssue199)
	c := &Conn{tls: libc.NewTLS()}
	if err := c.open(uri); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	c.stable()
	return c, nil
}

// open gives back what it borrows of tls before anyone closes that.
func (c *Conn) open(uri string) error {
	name, err := libc.CString(uri)
	if err != nil {
		return ErrTooLong
	}
	defer libc.Xfree(c.tls, name)
	out := c.tls.Alloc(pointerSize)
	defer c.tls.Free(pointerSize)
	putAddress(out, 0)
	const flags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE | sqlite3.SQLITE_OPEN_NOMUTEX | sqlite3.SQLITE_OPEN_URI
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, out, flags, 0)
	c.db = address(out)
	return result(rc)
}

// stable has statements planned without a look at what is bound: otherwise each with a
// bound LIMIT is made anew whenever it is begun
// (https://sqlite.org/queryplanner-ng.html#qpstab).
func (c *Conn) stable() {
	list := libc.NewVaList(int32(1), uintptr(0))
	if list == 0 {
		return
	}
	defer libc.Xfree(c.tls, list)
	sqlite3.Xsqlite3_db_config(c.tls, c.db, sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG, list)
}

// Close gives the connection up. Every statement must be closed.
func (c *Conn) Close() error {
	rc := sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	if c.frames != 0 {
		libc.Xfree(c.tls, c.frames)
	}
	c.tls.Close()
	return result(rc)
}

// Run runs the statements of sql, each to its end, the first with args as far as it has
// parameters; what they give is passed over.
func (c *Conn) Run(sql string, args ...any) error {
	text, err := libc.CString(sql)
	if err != nil {
		return ErrTooLong
	}
	defer libc.Xfree(c.tls, text)
	for rest := text; rest != 0 && *(*byte)(at(rest)) != 0; args = nil {
		var s *Stmt
		if s, rest, err = c.prepare(rest, 0); err != nil {
			return err
		}
		if s == nil { // a comment, or nothing
			continue
		}
		if err := errors.Join(s.Exec(args...), s.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Prepare makes a statement of the first in sql, to be used again and again.
func (c *Conn) Prepare(sql string) (*Stmt, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, ErrTooLong
	}
	defer libc.Xfree(c.tls, text)
	s, _, err := c.prepare(text, sqlite3.SQLITE_PREPARE_PERSISTENT)
	if err == nil && s == nil {
		err = &Error{sqlite3.SQLITE_MISUSE}
	}
	return s, err
}

// prepare makes a statement of the C string at text, nil of one without any, and tells
// where it ends.
func (c *Conn) prepare(text uintptr, flags uint32) (s *Stmt, rest uintptr, err error) {
	out := c.tls.Alloc(2 * pointerSize)
	defer c.tls.Free(2 * pointerSize)
	tail := out + uintptr(pointerSize)
	putAddress(out, 0)
	if err := result(sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, -1, flags, out, tail)); err != nil {
		return nil, 0, err
	}
	if p := address(out); p != 0 {
		s = &Stmt{tls: c.tls, p: p}
	}
	return s, address(tail), nil
}

// Changes is how many rows the last INSERT, UPDATE or DELETE that ended has changed.
func (c *Conn) Changes() int64 { return sqlite3.Xsqlite3_changes64(c.tls, c.db) }

// TotalChanges is how many rows were changed since the connection was opened, those of
// virtual tables' own tables too.
func (c *Conn) TotalChanges() int64 { return sqlite3.Xsqlite3_total_changes64(c.tls, c.db) }

// Logged is how many frames the write-ahead log had after the last commit of this
// connection; -1 when there was none since it was asked last. Asking ends SQLite's own
// automatic checkpoints (https://sqlite.org/c3ref/wal_hook.html).
func (c *Conn) Logged() int {
	if c.frames == 0 {
		p := libc.Xcalloc(c.tls, 1, 8)
		if p == 0 {
			return -1
		}
		*(*int32)(at(p)) = -1
		c.frames = p
		sqlite3.Xsqlite3_wal_hook(c.tls, c.db, codePointer(logHook(noteFrames)), p)
	}
	n := (*int32)(at(c.frames))
	defer func() { *n = -1 }()
	return int(*n)
}

// logHook is the shape of a hook as modernc.org/sqlite/lib calls it.
type logHook func(tls *libc.TLS, arg, db, name uintptr, frames int32) int32

func noteFrames(_ *libc.TLS, arg, _, _ uintptr, frames int32) int32 {
	*(*int32)(at(arg)) = frames
	return sqlite3.SQLITE_OK
}

func result(rc int32) error {
	if rc == sqlite3.SQLITE_OK {
		return nil
	}
	return &Error{rc}
}
