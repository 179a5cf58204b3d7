package cryptvfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// filesOf reads a folder.
func filesOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

func sameFiles(t testing.TB, dir string, want map[string]string) {
	t.Helper()
	got := filesOf(t, dir)
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s was made", name)
		}
	}
	for name, b := range want {
		if s, ok := got[name]; !ok || s != b {
			t.Errorf("%s is there: %v, has %d bytes of %d, changed", name, ok, len(s), len(b))
		}
	}
}

// TestAHeldVFSChangesNothing: with a log as a kill leaves it, with one whose
// content is in the database already, and without any.
func TestAHeldVFSChangesNothing(t *testing.T) {
	for _, c := range []struct{ name, last string }{
		{"log to be moved", "insert into t(id,n) values(2,2)"},
		{"log moved", "insert into t(id,n) values(2,2); pragma wal_checkpoint(full)"},
		{"empty log", "insert into t(id,n) values(2,2); pragma wal_checkpoint(truncate)"},
		{"no log", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := hastyVFS(t, 4096)
			from := mustDir(t)
			db := openDB(t, first, filepath.Join(from, "v.db"), "&_pragma=wal_autocheckpoint(0)")
			db.SetMaxOpenConns(1)
			run(t, db, testSchema+"insert into t(id,n) values(1,1);"+c.last)
			if c.last == "" {
				run(t, db, "insert into t(id,n) values(2,2)")
				db.Close()
			}
			want := filesOf(t, from)
			db.Close()
			dir := mustDir(t)
			for name, b := range want {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(b), fileMode); err != nil {
					t.Fatal(err)
				}
			}
			rec := &recorder{}
			v, err := newVFS(Options{Key: testKey, VaultID: testVault, Held: true}, rec)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			path := filepath.Join(dir, "v.db")
			more := "&mode=rw&_pragma=wal_autocheckpoint(0)"
			db, other := openDB(t, v, path, more), openDB(t, v, path, more)
			db.SetMaxOpenConns(1)
			other.SetMaxOpenConns(1)
			if s := one(t, db, "select count(*) from t") + one(t, other, "select count(*) from t"); s != "22" {
				t.Errorf("read %s", s)
			}
			_, err = db.Exec("insert into t(id) values(3)")
			if codeOf(err) != sqlite3.SQLITE_READONLY || !errors.Is(v.LastError(), ErrHeld) {
				t.Errorf("writing: %v, %v", err, v.LastError())
			}
			db.Exec("pragma wal_checkpoint(truncate)") // has nothing to do, or fails
			sameFiles(t, dir, want)
			db.Close()
			other.Close()
			sameFiles(t, dir, want)
			fresh := openDB(t, v, filepath.Join(dir, "w.db"), "")
			if _, err := fresh.Exec("create table x(a)"); err == nil {
				t.Error("a database was made")
			}
			sameFiles(t, dir, want)
			if len(rec.events) != 0 {
				t.Errorf("touched the disk: %v", rec.events)
			}

			db, other = openDB(t, v, path, more), openDB(t, v, path, more)
			db.SetMaxOpenConns(1)
			other.SetMaxOpenConns(1)
			one(t, other, "select count(*) from t")
			one(t, db, "select count(*) from t")
			v.Release()
			run(t, db, "insert into t(id) values(3)")
			run(t, other, "insert into t(id) values(4)")
			if s := one(t, db, "select count(*) from t"); s != "4" {
				t.Errorf("after the release: %s", s)
			}
			run(t, other, "pragma wal_checkpoint(truncate)")
			db.Close()
			other.Close()
			if _, err := os.Lstat(path + logSuffix); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the log after closing: %v", err)
			}
			if s := one(t, openDB(t, v, path, ""), "select count(*) from t"); s != "4" {
				t.Errorf("opened again: %s", s)
			}
		})
	}
}

func TestAReadOnlyVFSStaysSo(t *testing.T) {
	first := hastyVFS(t, 4096)
	from, dir := mustDir(t), mustDir(t)
	db := openDB(t, first, filepath.Join(from, "v.db"), "&_pragma=wal_autocheckpoint(0)")
	db.SetMaxOpenConns(1)
	run(t, db, testSchema+"insert into t(id,n) values(1,1)")
	want := filesOf(t, from) // all of it is in the log
	db.Close()
	for name, b := range want {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	rec := &recorder{}
	v, err := newVFS(Options{Key: testKey, VaultID: testVault, ReadOnly: true}, rec)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	v.Release()
	db = openDB(t, v, filepath.Join(dir, "v.db"), "&mode=rw&_pragma=wal_autocheckpoint(0)")
	db.SetMaxOpenConns(1)
	if s := one(t, db, "select count(*) from t"); s != "1" {
		t.Errorf("read %s", s)
	}
	if _, err = db.Exec("insert into t(id) values(3)"); codeOf(err) != sqlite3.SQLITE_READONLY {
		t.Errorf("writing: %v, %v", err, v.LastError())
	}
	if s := one(t, db, "select count(*) from t"); s != "1" {
		t.Errorf("after what failed: %s", s)
	}
	db.Close()
	sameFiles(t, dir, want)
	if len(rec.events) != 0 {
		t.Errorf("touched the disk: %v", rec.events)
	}
}
