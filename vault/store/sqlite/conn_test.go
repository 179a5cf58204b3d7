package sqlite

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

func uri(t *testing.T, mode string) string {
	return "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "a.db")) + "?mode=" + mode
}

func open(t *testing.T, statements ...string) *Conn {
	t.Helper()
	c, err := Open(uri(t, "rwc"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, q := range statements {
		if err := c.Run(q); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func prepare(t *testing.T, c *Conn, sql string) *Stmt {
	t.Helper()
	s, err := c.Prepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func code(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return -1
}

func TestRowsAreReadAsTheyAre(t *testing.T) {
	c := open(t, "CREATE TABLE t(n INTEGER PRIMARY KEY, a, b)",
		"INSERT INTO t VALUES(1,-5000000000,x'00ff'),(2,NULL,'text'),(3,NULL,x''),(4,NULL,NULL)")
	s := prepare(t, c, "SELECT n,a,b FROM t WHERE n>=? AND n<? ORDER BY n")
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

// What is bound comes back as it was and of the same type, whatever was bound before.
func TestBindingAndScanning(t *testing.T) {
	c := open(t)
	s := prepare(t, c, "SELECT ?1,typeof(?1),?2,typeof(?2)")
	big := strings.Repeat("long", keepBound)
	for _, v := range []struct {
		in   any
		kind string
		text string // as a text or a blob
	}{
		{int64(-1 << 62), "integer", "-4611686018427387904"}, {7, "integer", "7"}, {true, "integer", "1"}, {false, "integer", "0"},
		{"é\x00x", "text", "é\x00x"}, {"", "text", ""}, {big, "text", big}, {"small", "text", "small"},
		{[]byte{0, 255}, "blob", "\x00\xff"}, {[]byte{}, "blob", ""}, {[]byte(big), "blob", big},
		{nil, "null", ""}, {[]byte(nil), "null", ""},
	} {
		if err := s.Query(v.in, "second"); err != nil {
			t.Fatal(err)
		}
		if more, err := s.Step(); !more || err != nil {
			t.Fatal(more, err)
		}
		var got []byte
		var raw Raw
		var kind, second string
		var skip Raw
		if err := s.Scan(&got, &kind, &second, &skip); err != nil || string(got) != v.text || kind != v.kind || second != "second" {
			t.Errorf("%T: %.20q of %s, %q: %v", v.in, got, kind, second, err)
		}
		if (got == nil) != (v.kind == "null") {
			t.Errorf("%T: NULL and empty are not the same", v.in)
		}
		var p *string
		if err := s.Scan(&raw, &kind, &p, &skip); err != nil || string(raw) != v.text || (raw == nil) != (v.kind == "null") || *p != "second" {
			t.Errorf("%T: %.20q lent: %v", v.in, raw, err)
		}
	}
	if err := s.Query(big, big); err != nil || s.size < 2*len(big) {
		t.Errorf("%d bytes bound in %d: %v", 2*len(big), s.size, err)
	}
	if s.Reset(); s.size > 2*keepBound {
		t.Errorf("%d bytes are kept", s.size)
	}
	var n int64
	var i int
	var b bool
	var text string
	var p = &text
	three := prepare(t, c, "SELECT 3,3,3,NULL")
	if more, err := three.Step(); !more || err != nil {
		t.Fatal(err)
	}
	if err := three.Scan(&n, &i, &b, &p); err != nil || n != 3 || i != 3 || !b || p != nil {
		t.Error(n, i, b, p, err)
	}
	for _, dest := range [][]any{{&n, &i, &b, &n}, {&n, &i, &b, &i}, {&n, &i, &b, &b}, {&n, &i, &b, &text}, {&n, &i, &b}, {&n, &i, &b, &p, &n}, {&n, &i, &b, new(any)}} {
		if err := three.Scan(dest...); !errors.Is(err, ErrType) {
			t.Errorf("%T: %v", dest[len(dest)-1], err)
		}
	}
	if err := s.Query(3.5); !errors.Is(err, ErrType) {
		t.Errorf("a number that is none of ours: %v", err)
	}
	if err := s.Query(1, 2, 3); code(err) != sqlite3.SQLITE_RANGE {
		t.Errorf("a parameter too many: %v", err)
	}
	// What is not given is NULL, and not what was given before.
	if err := s.Query("first"); err != nil {
		t.Fatal(err)
	}
	if more, err := s.Step(); !more || err != nil || !s.Null(2) {
		t.Error("an old parameter stayed", err)
	}
}

// Bytes given to a statement may change once it has them.
func TestWhatIsBoundIsCopied(t *testing.T) {
	c := open(t)
	s := prepare(t, c, "SELECT ?")
	b := []byte("before")
	if err := s.Query(b); err != nil {
		t.Fatal(err)
	}
	copy(b, "after!")
	if _, err := s.Step(); err != nil || !bytes.Equal(s.Bytes(0), []byte("before")) {
		t.Errorf("%q %v", s.Bytes(0), err)
	}
}

func TestRunRunsAllOfIt(t *testing.T) {
	c := open(t, "-- first\nCREATE TABLE t(n); /* two */ INSERT INTO t VALUES(1),(2) RETURNING n;;\n-- the end")
	if n := c.Changes(); n != 2 {
		t.Errorf("%d rows were changed", n)
	}
	if err := c.Run("INSERT INTO t VALUES(?),(?); INSERT INTO t SELECT count(*) FROM t; SELECT 1", 5, "six"); err != nil {
		t.Fatal(err)
	}
	s := prepare(t, c, "SELECT count(*),max(n)='six',sum(n=4) FROM t")
	var all, six, four int
	if _, err := s.Step(); err != nil || s.Scan(&all, &six, &four) != nil || all != 5 || six != 1 || four != 1 {
		t.Error(all, six, four, err)
	}
	if n := c.TotalChanges(); n != 5 {
		t.Errorf("%d changes", n)
	}
	s.Reset()
	for _, bad := range []string{"INSERT INTO t VALUES(9); SELECT nothing", "INSERT INTO t VALUES(9); INSERT INTO t VALUES(abs(-9223372036854775808))"} {
		if err := c.Run(bad); code(err) != sqlite3.SQLITE_ERROR {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if n := c.TotalChanges(); n != 7 {
		t.Errorf("%d changes: what came before an error stays", n)
	}
	if _, err := c.Prepare("-- nothing"); code(err) != sqlite3.SQLITE_MISUSE {
		t.Errorf("no statement at all: %v", err)
	}
}

func TestExecResets(t *testing.T) {
	c := open(t, "CREATE TABLE t(n UNIQUE)")
	s := prepare(t, c, "INSERT INTO t VALUES(?)")
	for i, v := range []any{1, 1, 2, 2, 3} {
		err := s.Exec(v)
		if again := i == 1 || i == 3; again != (code(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE) || !again && err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := s.Exec(strings.Repeat("x", 4*keepBound)); err != nil || s.size > 2*keepBound {
		t.Errorf("%d bytes are kept: %v", s.size, err)
	}
	if err := c.Run("DROP TABLE t"); err != nil { // locked, while a statement is not reset
		t.Error(err)
	}
}

func TestTheLogIsCounted(t *testing.T) {
	c := open(t, "PRAGMA journal_mode=wal; CREATE TABLE t(n)")
	if n := c.Logged(); n != -1 {
		t.Errorf("%d frames before a commit", n)
	}
	for i := range 3 {
		if err := c.Run("INSERT INTO t VALUES(1)"); err != nil {
			t.Fatal(err)
		}
		// Making the table took two pages, and each row the table's.
		if n := c.Logged(); n != i+3 {
			t.Errorf("%d frames after %d", n, i)
		}
		if n := c.Logged(); n != -1 {
			t.Errorf("%d frames, with no commit since", n)
		}
	}
	if err := c.Run("PRAGMA wal_checkpoint(RESTART); INSERT INTO t VALUES(1)"); err != nil {
		t.Fatal(err)
	}
	if n := c.Logged(); n != 1 {
		t.Errorf("%d frames in a log begun anew", n)
	}
}

func TestErrorsHaveCodesAndNoText(t *testing.T) {
	c := open(t, "CREATE TABLE t(n)")
	_, err := c.Prepare("SELECT secret FROM nowhere")
	if code(err) != sqlite3.SQLITE_ERROR || strings.Contains(err.Error(), "nowhere") {
		t.Errorf("an unknown table: %v", err)
	}
	if _, err := Open(uri(t, "rw")); code(err) != sqlite3.SQLITE_CANTOPEN {
		t.Errorf("no such file: %v", err)
	}
	if err := c.Run("PRAGMA query_only=1; INSERT INTO t VALUES(1)"); code(err) != sqlite3.SQLITE_READONLY {
		t.Errorf("writing: %v", err)
	}
}

// A statement is planned once, whatever its LIMIT is.
func TestABoundLimitIsNoReasonToPlanAgain(t *testing.T) {
	c := open(t, "CREATE TABLE t(n)", "INSERT INTO t VALUES(1),(2),(3)")
	s := prepare(t, c, "SELECT n FROM t ORDER BY n LIMIT ?")
	for limit := range 3 {
		if err := s.Query(limit); err != nil {
			t.Fatal(err)
		}
		if more, err := s.Step(); err != nil || more != (limit > 0) {
			t.Fatal(more, err)
		}
	}
	if n := sqlite3.Xsqlite3_stmt_status(s.tls, s.p, sqlite3.SQLITE_STMTSTATUS_REPREPARE, 0); n != 0 {
		t.Errorf("it was made %d times more", n)
	}
}
