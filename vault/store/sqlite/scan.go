package sqlite

import (
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"
)

// Raw is where Scan lends a blob or a text as it lies: SQLite's until the next step; nil
// for NULL.
type Raw []byte

// Scan puts the row's columns into dest, one for each: *int64, *int, *bool, *string,
// *[]byte (a copy), *Raw or **string. NULL fits the last three of them, as nil. What does
// not fit is ErrType.
func (s *Stmt) Scan(dest ...any) error {
	if s.columns == 0 {
		s.columns = int(sqlite3.Xsqlite3_column_count(s.tls, s.p))
	}
	if len(dest) != s.columns {
		return fmt.Errorf("%w: %d columns for %d", ErrType, s.columns, len(dest))
	}
	for i, d := range dest {
		switch d := d.(type) {
		case *int64:
			if s.Kind(i) != sqlite3.SQLITE_INTEGER {
				return s.misfit(i)
			}
			*d = s.Int(i)
		case *int:
			if s.Kind(i) != sqlite3.SQLITE_INTEGER {
				return s.misfit(i)
			}
			*d = int(s.Int(i))
		case *bool:
			if s.Kind(i) != sqlite3.SQLITE_INTEGER {
				return s.misfit(i)
			}
			*d = s.Int(i) != 0
		case *[]byte:
			b := s.Bytes(i)
			*d = nil
			if b != nil {
				*d = append(make([]byte, 0, len(b)), b...)
			}
		case *Raw:
			*d = s.Bytes(i)
		case *string:
			if s.Null(i) {
				return s.misfit(i)
			}
			*d = string(s.Bytes(i))
		case **string:
			*d = nil
			if b := s.Bytes(i); b != nil {
				t := string(b)
				*d = &t
			}
		default:
			return fmt.Errorf("%w: no %T can be filled", ErrType, d)
		}
	}
	return nil
}

func (s *Stmt) misfit(i int) error {
	return fmt.Errorf("%w: column %d is of type %d", ErrType, i, s.Kind(i))
}
