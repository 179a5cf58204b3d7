package local

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The copies are of different moments: commits and checkpoints go on between them.
func TestCopiesOfDatabaseAndLogGoTogether(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	for n := range 100 {
		addPatient(t, v.Vault, n)
	}
	// The copied log shall have few of the pages that are changed after it.
	if err := v.database.store.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	addPatient(t, v.Vault, 100)
	db := filepath.Join(w.dir, dbName)
	conn, err := connect(db, v.database.vfs)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), dbName)
	take := func(to, from string) error {
		f, err := os.Create(to)
		if err != nil {
			return err
		}
		return errors.Join(copyTo(ctx, f, from), f.Close())
	}
	err = held(ctx, v.database.vfs, db,
		func() error { return take(copied+walSuffix, db+walSuffix) },
		func() error {
			for n := range 100 {
				addPatient(t, v.Vault, 1000+n)
			}
			if err := conn.Run("PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
				return err
			}
			return take(copied, db)
		})
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	if err := moveLog(ctx, v.database.vfs, copied); err != nil {
		t.Fatal(err)
	}
	if got := files(t, filepath.Dir(copied)); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
	w.close(v)
	copyFolder(t, w.dir).change(dbName, readFile(t, copied)).put(t, w.dir)
	w.o.AcceptOlder = true
	v = w.open()
	wantPatients(t, v, 101)
	wantClean(t, v)
	w.close(v)
}

func TestMergedLeavesNothingBeside(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	dest := filepath.Join(t.TempDir(), "b")
	gone := errors.New("gone")
	for _, want := range []error{nil, gone} {
		var size int64
		err := merged(ctx, v.database.vfs, filepath.Join(w.dir, dbName), dest, func(f *os.File) error {
			fi, err := f.Stat()
			size = fi.Size()
			return errors.Join(err, want)
		})
		if !errors.Is(err, want) || size == 0 || size%pageSize != 0 {
			t.Errorf("%d bytes, %v", size, err)
		}
		if got := files(t, filepath.Dir(dest)); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	}
}
