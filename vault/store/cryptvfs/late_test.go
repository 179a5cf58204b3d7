package cryptvfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Whoever only reads leaves no log; what is written first makes it, for all who have the
// database open, and a process that is killed then has lost nothing.
func TestTheFirstWriteMakesTheLog(t *testing.T) {
	v := newTestVFS(t, 4096)
	dir := mustDir(t)
	path := filepath.Join(dir, "v.db")
	db := openDB(t, v, path, "")
	run(t, db, testSchema+"insert into t(id,n) values(1,1)")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	reader, writer := openDB(t, v, path, ""), openDB(t, v, path, "&_pragma=synchronous(2)")
	for _, db := range []interface{ Ping() error }{reader, writer} {
		if err := db.Ping(); err != nil {
			t.Fatal(err)
		}
	}
	if one(t, reader, "select count(*) from t") != "1" || one(t, writer, "select count(*) from t") != "1" {
		t.Fatal("a row is lost")
	}
	if _, err := os.Lstat(path + logSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("reading made a log: %v", err)
	}
	run(t, writer, "insert into t(id,n) values(2,2)")
	if _, err := os.Lstat(path + logSuffix); err != nil {
		t.Fatal(err)
	}
	if n := one(t, reader, "select count(*) from t"); n != "2" {
		t.Errorf("who opened it before sees %s rows", n)
	}
	copied := mustDir(t)
	for name, b := range filesOf(t, dir) { // as a kill leaves them
		if err := os.WriteFile(filepath.Join(copied, name), []byte(b), fileMode); err != nil {
			t.Fatal(err)
		}
	}
	if n := one(t, openDB(t, newTestVFS(t, 4096), filepath.Join(copied, "v.db"), ""), "select count(*) from t"); n != "2" {
		t.Errorf("after a kill there are %s rows", n)
	}
}

// A log that is made once more while the database stays open has a name once more, which
// must be durable with the first commit.
func TestTheNameOfEachLogIsSynced(t *testing.T) {
	r := &recorder{}
	v := vfsOn(t, 4096, r)
	path := filepath.Join(mustDir(t), "v.db")
	handlesOn(t, v, path, 1) // somebody who read nothing yet
	for i := range 3 {
		r.events = nil
		db := openDB(t, v, path, "")
		run(t, db, "create table if not exists t(n); insert into t values(1)")
		named := false
		for _, e := range r.events {
			named = named || e.op == "sync-folder"
		}
		if !named {
			t.Errorf("log %d: its folder was not synced", i)
		}
		if err := db.Close(); err != nil { // which removes the log
			t.Fatal(err)
		}
		if _, err := os.Lstat(path + logSuffix); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("log %d is still there: %v", i, err)
		}
	}
}
