package cryptvfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// brokenDisk fails one operation on files with a suffix, while err is set.
type brokenDisk struct {
	systemDisk
	op, suffix string
	err        error
	calls      []string
}

func (d *brokenDisk) check(op, path string) error {
	d.calls = append(d.calls, op+" "+filepath.Base(path))
	if d.err != nil && op == d.op && strings.HasSuffix(path, d.suffix) {
		return &fs.PathError{Op: op, Path: path, Err: d.err}
	}
	return nil
}

func (d *brokenDisk) Write(f *os.File, b []byte, off int64) error {
	if err := d.check("write", f.Name()); err != nil {
		d.systemDisk.Write(f, b[:len(b)/2], off) // a part got through
		return err
	}
	return d.systemDisk.Write(f, b, off)
}

func (d *brokenDisk) Sync(f *os.File) error {
	return errors.Join(d.check("sync", f.Name()), d.systemDisk.Sync(f))
}

func (d *brokenDisk) Truncate(f *os.File, size int64) error {
	if err := d.check("truncate", f.Name()); err != nil {
		return err
	}
	return d.systemDisk.Truncate(f, size)
}

func (d *brokenDisk) Rename(from, to string) error {
	if err := d.check("rename", from); err != nil {
		return err
	}
	return d.systemDisk.Rename(from, to)
}

func codeOf(err error) int {
	var c interface{ Code() int }
	if errors.As(err, &c) {
		return c.Code()
	}
	return -1
}

func TestAFailingDiskIsAClearErrorAndLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		op, suffix string
		err        error
		code       int
		stays      bool // until the files are opened again
	}{
		"full disk":      {"write", logSuffix, syscall.ENOSPC, sqlite3.SQLITE_FULL, false},
		"broken disk":    {"write", logSuffix, syscall.EIO, sqlite3.SQLITE_IOERR_WRITE, false},
		"failing sync":   {"sync", logSuffix, syscall.EIO, sqlite3.SQLITE_IOERR_FSYNC, true},
		"full at a sync": {"sync", logSuffix, syscall.ENOSPC, sqlite3.SQLITE_FULL, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := &brokenDisk{op: c.op, suffix: c.suffix}
			v, err := newVFS(Options{Key: testKey, VaultID: testVault}, d)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			path := filepath.Join(t.TempDir(), "v.db")
			db := openDB(t, v, path, "")
			db.SetMaxOpenConns(1)
			run(t, db, "create table c(id integer primary key, v); insert into c values(1,0)")
			d.err = c.err
			_, err = db.Exec("insert into c values(2,randomblob(20000))")
			if codeOf(err) != c.code || !errors.Is(v.LastError(), c.err) {
				t.Fatalf("%v (%d), %v", err, codeOf(err), v.LastError())
			}
			d.err = nil
			_, err = db.Exec("insert into c values(3,0)")
			if c.stays && codeOf(err) != sqlite3.SQLITE_IOERR_FSYNC || !c.stays && err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if c.stays && !errors.Is(v.LastError(), ErrSyncFailed) {
				t.Error(v.LastError())
			}
			db.Close()
			db = openDB(t, v, path, "")
			run(t, db, "insert into c values(4,0)")
			if s := one(t, db, "pragma integrity_check"); s != "ok" {
				t.Error(s)
			}
			if s := one(t, db, "select count(*) from c where id in (1,4)"); s != "2" {
				t.Error("lost")
			}
			db.Close()
		})
	}
}

func TestAFailingCheckpointKeepsTheLog(t *testing.T) {
	for op, code := range map[string]int{"write": sqlite3.SQLITE_FULL, "sync": sqlite3.SQLITE_FULL} {
		d := &brokenDisk{op: op, suffix: "v.db"}
		v, err := newVFS(Options{Key: testKey, VaultID: testVault}, d)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "v.db")
		db := openDB(t, v, path, "")
		db.SetMaxOpenConns(1)
		run(t, db, "create table c(id integer primary key, v); insert into c values(1,7)")
		d.err = syscall.ENOSPC
		if _, err := db.Exec("pragma wal_checkpoint(truncate)"); codeOf(err) != code {
			t.Errorf("%s: %v", op, err)
		}
		db.Close()
		d.err = nil
		if s := one(t, openDB(t, v, path, ""), "select v from c"); s != "7" {
			t.Error(op, s)
		}
	}
}

// TestADatabaseAppearsWholeOrNotAtAll: page one is written beside, made durable
// and renamed, in this order.
func TestADatabaseAppearsWholeOrNotAtAll(t *testing.T) {
	d := &brokenDisk{}
	v, err := newVFS(Options{Key: testKey, VaultID: testVault}, d)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "v.db")
	db := openDB(t, v, path, "")
	run(t, db, "select * from sqlite_schema")
	want := "write v.db-new,sync v.db-new,rename v.db-new,sync " + filepath.Base(dir)
	if got := strings.Join(d.calls, ","); !strings.HasPrefix(got+",", want+",") && filepath.Separator == '/' {
		t.Error(got)
	}
	db.Close()
	for _, op := range []string{"write", "sync", "rename"} {
		d.op, d.suffix, d.err = op, newSuffix, syscall.ENOSPC
		fresh := filepath.Join(t.TempDir(), "v.db")
		db := openDB(t, v, fresh, "")
		if _, err := db.Exec("select 1 from sqlite_schema"); codeOf(err) != sqlite3.SQLITE_FULL {
			t.Errorf("%s: %v", op, err)
		}
		if left, err := os.ReadDir(filepath.Dir(fresh)); err != nil || len(left) != 0 {
			t.Errorf("%s left %v behind", op, left)
		}
		d.err = nil
		run(t, db, "create table t(a)") // opens as new
		db.Close()
	}
	// What a crash could leave: no content, or a torn page beside.
	for name, content := range map[string]string{"v.db": "", "v.db" + newSuffix: "torn"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), fileMode); err != nil {
			t.Fatal(err)
		}
		run(t, openDB(t, v, filepath.Join(dir, "v.db"), ""), "create table t(a)")
	}
}

func TestWhatMayNotBeOpenedHasAClearCode(t *testing.T) {
	v := newTestVFS(t, 4096)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		path, more string
		code       int
	}{
		"missing, not to be made": {"none.db", "&mode=rw", sqlite3.SQLITE_CANTOPEN},
		"missing folder":          {"no/v.db", "", sqlite3.SQLITE_CANTOPEN},
		"a folder":                {"", "", sqlite3.SQLITE_CANTOPEN},
		"only to be read":         {"none.db", "&mode=ro", sqlite3.SQLITE_CANTOPEN},
	} {
		db := openDB(t, v, filepath.Join(dir, c.path), c.more)
		if _, err := db.Exec("select 1 from sqlite_schema"); codeOf(err) != c.code {
			t.Errorf("%s: %v (%d)", name, err, codeOf(err))
		}
	}
	for _, c := range []struct {
		err    error
		exists bool
		code   int32
	}{
		{syscall.EROFS, true, sqlite3.SQLITE_READONLY},
		{syscall.EACCES, true, sqlite3.SQLITE_READONLY},
		{syscall.EACCES, false, sqlite3.SQLITE_READONLY_DIRECTORY},
		{syscall.EPERM, false, sqlite3.SQLITE_READONLY_DIRECTORY},
		{syscall.EISDIR, true, sqlite3.SQLITE_CANTOPEN_ISDIR},
		{syscall.ENOSPC, false, sqlite3.SQLITE_FULL},
		{syscall.EMFILE, true, sqlite3.SQLITE_CANTOPEN},
	} {
		if got := openCode(&fs.PathError{Err: c.err}, c.exists); got != c.code {
			t.Errorf("%v, %v: %d, want %d", c.err, c.exists, got, c.code)
		}
	}
}

func TestCloseRefusesWhileFilesAreOpen(t *testing.T) {
	v, err := New(Options{Key: testKey, VaultID: testVault})
	if err != nil {
		t.Fatal(err)
	}
	db := openDB(t, v, filepath.Join(t.TempDir(), "v.db"), "")
	run(t, db, "create table t(a)")
	if err := v.Close(); !errors.Is(err, ErrInUse) {
		t.Fatal(err)
	}
	run(t, db, "insert into t values(1)")
	db.Close()
	for range 2 {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
	gone := openDB(t, v, filepath.Join(t.TempDir(), "v.db"), "")
	if _, err := gone.Exec("create table t(a)"); err == nil {
		t.Error("opened through a closed VFS")
	}
	for _, o := range []Options{{}, {Key: testKey[:31]}, {Key: testKey, PageSize: 1024}, {Key: testKey, PageSize: 65536}} {
		if v, err := New(o); err == nil || v != nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
