package cursor

import (
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Stmt is a prepared statement. Columns are counted from 0, parameters from 1.
type Stmt struct {
	tls *libc.TLS
	p   uintptr
}

// Query begins the statement anew with these parameters.
func (s *Stmt) Query(args ...int64) error {
	// What the run before ended with was told by its step.
	sqlite3.Xsqlite3_reset(s.tls, s.p)
	for i, v := range args {
		if err := result(sqlite3.Xsqlite3_bind_int64(s.tls, s.p, int32(i+1), v)); err != nil {
			return err
		}
	}
	return nil
}

// Step goes to the next row and reports whether there is one.
func (s *Stmt) Step() (bool, error) {
	switch rc := sqlite3.Xsqlite3_step(s.tls, s.p); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, &Error{int(rc)}
	}
}

// Kind is the type of a column's value: sqlite3.SQLITE_INTEGER and so on. It must be
// asked for before the value.
func (s *Stmt) Kind(i int) int32 { return sqlite3.Xsqlite3_column_type(s.tls, s.p, int32(i)) }

// Null reports whether a column holds nothing.
func (s *Stmt) Null(i int) bool { return s.Kind(i) == sqlite3.SQLITE_NULL }

// Int is a column's number; 0 for NULL.
func (s *Stmt) Int(i int) int64 { return sqlite3.Xsqlite3_column_int64(s.tls, s.p, int32(i)) }

// Bytes is a column's blob or text, SQLite's until the next Step, Query or Close; nil
// for NULL alone.
func (s *Stmt) Bytes(i int) []byte {
	p := sqlite3.Xsqlite3_column_blob(s.tls, s.p, int32(i))
	n := sqlite3.Xsqlite3_column_bytes(s.tls, s.p, int32(i))
	switch {
	case p != 0 && n > 0:
		return bytesAt(p, n)
	case s.Null(i):
		return nil
	}
	return []byte{}
}

// Close gives the statement up. How it ended was told by its last step.
func (s *Stmt) Close() error {
	sqlite3.Xsqlite3_finalize(s.tls, s.p)
	return nil
}
