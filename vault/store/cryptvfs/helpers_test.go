package cryptvfs

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// TestMain lets a test start this binary again for what it can do only in a
// process of its own: be killed, or take away SQLite's other VFSs.
func TestMain(m *testing.M) {
	if name := os.Getenv(childVar); name != "" {
		children[name]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const childVar = "PHIVAULT_CRYPTVFS_CHILD"

var children = map[string]func(){
	"crash":    crashChild,
	"lockdown": lockdownChild,
	"lockpage": lockPageChild,
}

// child prepares this binary to run children[name].
func child(name string, env ...string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), childVar+"="+name), env...)
	return c
}

// slow is how often more than by default the big suites do their work.
func slow(normal, slow int) int {
	if os.Getenv("PHIVAULT_SLOW") == "1" {
		return slow
	}
	return normal
}

// canary stands for what must never be readable on disk.
const canary = "CANARYxyzzyqplugh"

var (
	testKey   = bytes.Repeat([]byte{7}, 32)
	testVault = [32]byte{1, 2, 3}
)

const testSchema = `
create table t(id integer primary key, k text unique, b blob, n int default 0);
create index t_n on t(n);
create virtual table f using fts5(x, content='', contentless_delete=1, detail=none);
create table acct(id integer primary key, v int);`

func newTestVFS(t testing.TB, pageSize int) *VFS { return vfsOn(t, pageSize, systemDisk{}) }

// hastyVFS does not wait for the disk, for what no crash can hit.
func hastyVFS(t testing.TB, pageSize int) *VFS { return vfsOn(t, pageSize, hastyDisk{}) }

func vfsOn(t testing.TB, pageSize int, d changes) *VFS {
	t.Helper()
	v, err := newVFS(Options{Key: testKey, VaultID: testVault, PageSize: pageSize}, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

const (
	openMain = sqlite3.SQLITE_OPEN_MAIN_DB | sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE
	openWAL  = sqlite3.SQLITE_OPEN_WAL | sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE
)

// mustDir is a folder of the test by its real name.
func mustDir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// dsn has the settings the store uses, small caches so that pages travel.
func dsn(v *VFS, path, more string) string {
	s := "file:" + filepath.ToSlash(path) + "?_txlock=immediate&_pragma=temp_store(2)&_pragma=busy_timeout(20000)" +
		"&_pragma=secure_delete(1)" + more
	for _, usual := range []string{"synchronous(2)", "cache_size(-2000)", "wal_autocheckpoint(200)"} {
		if name, _, _ := strings.Cut(usual, "("); !strings.Contains(more, name+"(") { // the driver sorts, so that the last need not win
			s += "&_pragma=" + usual
		}
	}
	if v != nil {
		s += "&vfs=" + v.Name()
	}
	return s
}

func openDB(t testing.TB, v *VFS, path, more string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(v, path, more))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t testing.TB, db *sql.DB, q string, args ...any) {
	t.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func one(t testing.TB, db *sql.DB, q string, args ...any) (s string) {
	t.Helper()
	if err := db.QueryRow(q, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return s
}

// count is a table of the numbers below n, to insert from.
func count(n int) string {
	return fmt.Sprintf("(with recursive c(value) as (select 0 union all select value+1 from c where value<%d) select value from c)", n-1)
}

// checkSound runs SQLite's own check and FTS5's on a connection of its own.
func checkSound(t testing.TB, v *VFS, path string) {
	t.Helper()
	db := openDB(t, v, path, "")
	defer db.Close()
	if s := one(t, db, "pragma integrity_check"); s != "ok" {
		t.Fatalf("integrity_check: %s", s)
	}
	run(t, db, "insert into f(f) values('integrity-check')")
}

// checkUnreadable searches every file of a folder.
func checkUnreadable(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("nothing to search: %v", err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{canary, "SQLite format", "CREATE TABLE", "create table", "create index", "hypertension", "contentless_delete"} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%q is readable in %s", s, e.Name())
			}
		}
		switch filepath.Ext(e.Name()) {
		case ".db", ".db-wal":
		default:
			t.Errorf("unexpected file %s", e.Name())
		}
	}
}

func forBothPageSizes(t *testing.T, f func(t *testing.T, pageSize int)) {
	for _, size := range []int{4096, 8192} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { f(t, size) })
	}
}
