package cursor

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

func open(t *testing.T, statements ...string) *Conn {
	t.Helper()
	uri := "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "a.db"))
	db, err := sql.Open("sqlite", uri)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := Open(uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestRowsAreReadAsTheyAre(t *testing.T) {
	c := open(t, "CREATE TABLE t(n INTEGER PRIMARY KEY, a, b)",
		"INSERT INTO t VALUES(1,-5000000000,x'00ff'),(2,NULL,'text'),(3,NULL,x''),(4,NULL,NULL)")
	s, err := c.Prepare("SELECT n,a,b FROM t WHERE n>=? AND n<? ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, from := range []int64{1, 1, 3} { // a statement begins anew
		if err := s.Query(from, 5); err != nil {
			t.Fatal(err)
		}
		for n := from; n < 5; n++ {
			if more, err := s.Step(); !more || err != nil {
				t.Fatal(n, more, err)
			}
			wanted := map[int64]string{1: "\x00\xff", 2: "text"}[n]
			if s.Int(0) != n || string(s.Bytes(2)) != wanted || (s.Bytes(2) == nil) != (n == 4) || s.Null(2) != (n == 4) {
				t.Errorf("row %d: %d %q", n, s.Int(0), s.Bytes(2))
			}
			if n == 1 && (s.Int(1) != -5000000000 || s.Null(1)) || n > 1 && (s.Int(1) != 0 || !s.Null(1)) {
				t.Errorf("row %d: %d", n, s.Int(1))
			}
			if n == 2 && s.Kind(2) != sqlite3.SQLITE_TEXT {
				t.Errorf("a text is of kind %d", s.Kind(2))
			}
		}
		if more, err := s.Step(); more || err != nil {
			t.Error("a row too many", err)
		}
	}
}

func TestNothingIsWritten(t *testing.T) {
	c := open(t, "CREATE TABLE t(n)")
	var e *Error
	if err := c.Run("INSERT INTO t VALUES(1)"); !errors.As(err, &e) || e.Code != sqlite3.SQLITE_READONLY {
		t.Errorf("writing: %v", err)
	}
}

func TestErrorsHaveCodesAndNoText(t *testing.T) {
	c := open(t, "CREATE TABLE t(n)")
	_, err := c.Prepare("SELECT secret FROM nowhere")
	var e *Error
	if !errors.As(err, &e) || e.Code != sqlite3.SQLITE_ERROR || strings.Contains(err.Error(), "nowhere") {
		t.Errorf("an unknown table: %v", err)
	}
	if _, err := Open("file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "none.db"))); !errors.As(err, &e) {
		t.Errorf("no such file: %v", err)
	}
}
