package cryptvfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestOnlyOrdinaryFilesAreOpened: whoever can put a link into the folder must not
// make us write where it leads.
func TestOnlyOrdinaryFilesAreOpened(t *testing.T) {
	v := newTestVFS(t, 4096)
	for _, name := range []string{"v.db", "v.db" + logSuffix, "v.db" + newSuffix} {
		for _, exists := range []bool{true, false} {
			dir, elsewhere := mustDir(t), mustDir(t)
			path, victim := filepath.Join(dir, "v.db"), filepath.Join(elsewhere, "precious")
			if name != "v.db"+newSuffix {
				db := openDB(t, v, path, "")
				run(t, db, "create table t(a)")
				db.Close()
			}
			if name == "v.db" { // the database itself, moved away and linked to
				if err := os.Rename(path, victim); err != nil {
					t.Fatal(err)
				}
			}
			if exists && name != "v.db" {
				if err := os.WriteFile(victim, []byte("precious"), fileMode); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(victim, filepath.Join(dir, name)); err != nil {
				t.Skip("links cannot be made here:", err)
			}
			before := filesOf(t, elsewhere)
			db := openDB(t, v, path, "")
			_, err := db.Exec("create table if not exists u(a)")
			db.Close()
			switch {
			case name == "v.db"+newSuffix: // rubbish: replaced
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			case err == nil:
				t.Errorf("%s is followed", name)
			case !errors.Is(v.LastError(), ErrRefused):
				t.Errorf("%s: %v", name, v.LastError())
			}
			sameFiles(t, elsewhere, before)
		}
	}
	// Nor a folder or what else is no file.
	dir := mustDir(t)
	path := filepath.Join(dir, "v.db")
	run(t, openDB(t, v, path, ""), "create table t(a)")
	other := filepath.Join(mustDir(t), "v.db")
	db := openDB(t, v, other, "")
	run(t, db, "create table t(a)")
	db.Close()
	if err := os.Mkdir(other+logSuffix, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openDB(t, v, other, "").Exec("insert into t values(1)"); err == nil {
		t.Error("a folder is taken for the log")
	}
}
