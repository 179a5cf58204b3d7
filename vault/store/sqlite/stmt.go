package sqlite

import (
	"math"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Stmt is a prepared statement. Columns are counted from 0, parameters from 1.
type Stmt struct {
	tls *libc.TLS
	p   uintptr

	// What texts and blobs are bound from: SQLite reads it until the statement is begun
	// anew. Go's own memory would not do: a stack may move.
	mem     uintptr
	size    int
	bound   int  // parameters that have a value
	columns int  // that a row has; 0: not asked yet
	begun   bool // and perhaps not ended
}

// keepBound is half of what a statement keeps for what is bound to it, in bytes, when it
// is reset.
const keepBound = 32 << 10

// Query begins the statement with these parameters: integers, strings, []byte, bool, or
// nil; a nil []byte is NULL. Parameters that are not given are NULL.
func (s *Stmt) Query(args ...any) error {
	s.Reset()
	size := 0
	for _, a := range args {
		switch v := a.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	if size > math.MaxInt32 || !s.room(size) {
		return ErrTooLong
	}
	if len(args) < s.bound {
		sqlite3.Xsqlite3_clear_bindings(s.tls, s.p)
	}
	s.bound = len(args)
	used := 0
	for i, a := range args {
		n := int32(i + 1)
		var rc int32
		switch v := a.(type) {
		case nil:
			rc = sqlite3.Xsqlite3_bind_null(s.tls, s.p, n)
		case int64:
			rc = sqlite3.Xsqlite3_bind_int64(s.tls, s.p, n, v)
		case int:
			rc = sqlite3.Xsqlite3_bind_int64(s.tls, s.p, n, int64(v))
		case bool:
			var one int64
			if v {
				one = 1
			}
			rc = sqlite3.Xsqlite3_bind_int64(s.tls, s.p, n, one)
		case string:
			p := s.put(&used, len(v))
			if len(v) > 0 {
				copy(bytesAt(p, int32(len(v))), v)
			}
			rc = sqlite3.Xsqlite3_bind_text(s.tls, s.p, n, p, int32(len(v)), sqlite3.SQLITE_STATIC)
		case []byte:
			if v == nil {
				rc = sqlite3.Xsqlite3_bind_null(s.tls, s.p, n)
				break
			}
			p := s.put(&used, len(v))
			if len(v) > 0 {
				copy(bytesAt(p, int32(len(v))), v)
			}
			rc = sqlite3.Xsqlite3_bind_blob(s.tls, s.p, n, p, int32(len(v)), sqlite3.SQLITE_STATIC)
		default:
			return ErrType
		}
		if rc != sqlite3.SQLITE_OK {
			return &Error{rc}
		}
	}
	return nil
}

// put gives the address of n bytes of the statement's memory.
func (s *Stmt) put(used *int, n int) uintptr {
	p := s.mem + uintptr(*used)
	*used += n
	return p
}

// room makes sure of n bytes and of an address even for none, since NULL would be bound
// otherwise.
func (s *Stmt) room(n int) bool {
	if s.size > 0 && n <= s.size {
		return true
	}
	s.forget()
	if n < keepBound {
		n = max(2*n, 64)
	}
	if s.mem = libc.Xmalloc(s.tls, libc.Tsize_t(n)); s.mem != 0 {
		s.size = n
	}
	return s.mem != 0
}

// forget gives up the memory of what is bound.
func (s *Stmt) forget() {
	sqlite3.Xsqlite3_clear_bindings(s.tls, s.p)
	libc.Xfree(s.tls, s.mem)
	s.mem, s.size, s.bound = 0, 0, 0
}

// Exec runs the statement to its end with these parameters.
func (s *Stmt) Exec(args ...any) error {
	if err := s.Query(args...); err != nil {
		return err
	}
	for {
		if more, err := s.Step(); err != nil || !more {
			s.Reset()
			return err
		}
	}
}

// Step goes to the next row and reports whether there is one.
func (s *Stmt) Step() (bool, error) {
	s.begun = true
	switch rc := sqlite3.Xsqlite3_step(s.tls, s.p); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, &Error{rc}
	}
}

// Reset ends what was begun, so that the statement holds no lock and no view. What it
// ended with was told by its last step.
func (s *Stmt) Reset() {
	if s.begun {
		s.begun = false
		sqlite3.Xsqlite3_reset(s.tls, s.p)
	}
	if s.size > 2*keepBound {
		s.forget()
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
	libc.Xfree(s.tls, s.mem)
	return nil
}
