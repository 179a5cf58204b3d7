package cryptvfs

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// TestLockdownLeavesNoWayToAPlainFile runs in a process of its own.
func TestLockdownLeavesNoWayToAPlainFile(t *testing.T) {
	dir := t.TempDir()
	out, err := child("lockdown", crashPath+"="+dir).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "done" {
		t.Fatalf("%v\n%s", err, out)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(canary)) || bytes.Contains(b, []byte("SQLite format")) {
			t.Errorf("%s is readable", e.Name())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "v.db")); err != nil {
		t.Error(err) // the child did nothing
	}
}

func lockdownChild() {
	dir := os.Getenv(crashPath)
	must := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	session := func(lock bool) {
		v, err := New(Options{Key: testKey, VaultID: testVault})
		must(err)
		if lock {
			v.Lockdown()
		}
		dsn := dsn(v, filepath.Join(dir, "v.db"), "")
		db, err := sql.Open("sqlite", dsn)
		must(err)
		db.SetMaxOpenConns(1)
		_, err = db.Exec("create table if not exists t(b); insert into t values(?)", canary)
		must(err)
		for _, q := range []string{
			"attach 'file:" + dir + "/a.db?vfs=unix' as x", "attach 'file:" + dir + "/a.db?vfs=unix-none' as x",
			"attach 'file:" + dir + "/a.db?vfs=win32' as x", "attach 'file:/m?vfs=memdb' as x",
			"vacuum into 'file:" + dir + "/b.db?vfs=unix'", "vacuum into '" + dir + "/c.db'",
			"pragma journal_mode=delete", "pragma journal_mode=memory", "pragma journal_mode=off",
		} {
			if _, err := db.Exec(q); err == nil {
				fmt.Println("allowed:", q)
			}
		}
		// A forgotten temp_store: what does not fit into memory must fail, not spill.
		_, err = db.Exec("pragma temp_store=1; pragma temp.cache_size=5")
		must(err)
		_, err = db.Exec("create temp table big(b); insert into big select ?||hex(randomblob(500)) from "+count(20000), canary)
		var code interface{ Code() int }
		if !errors.As(err, &code) || code.Code()&0xff != sqlite3.SQLITE_CANTOPEN {
			fmt.Println("a temporary file was not refused:", err)
		}
		must(db.Close())
		must(v.Close())
	}
	session(true)
	if db, err := sql.Open("sqlite", filepath.Join(dir, "plain.db")); err == nil {
		if _, err := db.Exec("create table t(a)"); err == nil {
			fmt.Println("a database opened without any VFS")
		}
	}
	session(false) // a vault can be opened again
	fmt.Println("done")
}
