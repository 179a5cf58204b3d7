// Package cursor reads rows of an SQLite database where they lie, for who reads
// all of them: database/sql copies each value twice and takes locks for each.
//
// It promises that nothing is written: a connection refuses to. It never keeps
// what it gives: bytes are SQLite's until the next step.
package cursor

import (
	"errors"
	"fmt"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Error is a result code of SQLite's, extended. Its messages can quote SQL and are
// not told.
type Error struct{ Code int }

func (e *Error) Error() string { return fmt.Sprintf("SQLite code %d", e.Code) }

// ErrTooLong is an SQL text that SQLite cannot take.
var ErrTooLong = errors.New("cursor: too long")

// Conn is a connection, for one goroutine at a time. SQLite's own lock on it is
// left out.
type Conn struct {
	tls *libc.TLS
	db  uintptr
}

// pointerSize is what SQLite writes an address into, in bytes.
const pointerSize = int(unsafe.Sizeof(uintptr(0)))

// Open opens a database that exists by its URI (https://sqlite.org/uri.html), which
// may name a VFS. SQLite must have been begun by the driver before.
func Open(uri string) (*Conn, error) {
	c := &Conn{tls: libc.NewTLS()}
	name, err := libc.CString(uri)
	if err != nil {
		c.tls.Close()
		return nil, ErrTooLong
	}
	defer libc.Xfree(c.tls, name)
	out := c.tls.Alloc(pointerSize)
	defer c.tls.Free(pointerSize)
	putAddress(out, 0)
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, out, sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_NOMUTEX|sqlite3.SQLITE_OPEN_URI, 0)
	c.db = address(out)
	if rc != sqlite3.SQLITE_OK {
		return nil, errors.Join(&Error{int(rc)}, c.Close())
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	if err := c.Run("PRAGMA query_only=1"); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close gives the connection up. Every statement must be closed.
func (c *Conn) Close() error {
	rc := sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	c.tls.Close()
	return result(rc)
}

// Run runs one statement to its end.
func (c *Conn) Run(sql string) error {
	s, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		more, err = s.Step()
	}
	return errors.Join(err, s.Close())
}

// Prepare makes a statement of sql.
func (c *Conn) Prepare(sql string) (*Stmt, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, ErrTooLong
	}
	defer libc.Xfree(c.tls, text)
	out := c.tls.Alloc(pointerSize)
	defer c.tls.Free(pointerSize)
	putAddress(out, 0)
	if err := result(sqlite3.Xsqlite3_prepare_v2(c.tls, c.db, text, -1, out, 0)); err != nil {
		return nil, err
	}
	return &Stmt{c.tls, address(out)}, nil
}

func result(rc int32) error {
	if rc == sqlite3.SQLITE_OK {
		return nil
	}
	return &Error{int(rc)}
}

// at makes a pointer of an address outside Go's heap, where SQLite keeps all that it
// gives. unsafe.Add keeps go vet's unsafeptr check meaningful for the rest.
func at(p uintptr) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), p) }

func address(p uintptr) uintptr { return *(*uintptr)(at(p)) }
func putAddress(p, v uintptr)   { *(*uintptr)(at(p)) = v }

// bytesAt lends n bytes of SQLite's memory. It must not be inlined: see cryptvfs's of
// the same name.
//
//go:noinline
func bytesAt(p uintptr, n int32) []byte { return unsafe.Slice((*byte)(at(p)), n) }
