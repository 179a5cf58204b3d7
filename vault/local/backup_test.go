package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/vault"
	"phivault/vault/fhir"
)

// backedUp makes a vault with n patients, backs it up and closes it.
func (w *world) backedUp(n int) (path string) {
	w.t.Helper()
	v := w.create()
	for i := range n {
		addPatient(w.t, v.Vault, i)
	}
	path = filepath.Join(w.t.TempDir(), "backup")
	var last, total int64
	b, err := v.Backup(ctx, path, BackupOptions{Progress: func(done, of int64) { last, total = done, of }})
	if err != nil {
		w.t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Size() != b.Bytes || last != total || total == 0 || total >= b.Bytes {
		w.t.Errorf("%+v, %d of %d, %v %v", b, last, total, fi, err)
	}
	if got := files(w.t, filepath.Dir(path)); len(got) != 1 {
		w.t.Errorf("files %v", got)
	}
	w.close(v)
	return path
}

func TestBackupRestoresWhatWasThere(t *testing.T) {
	w := newWorld(t)
	path := w.backedUp(3)
	v := w.open()
	addPatient(t, v.Vault, 4)
	id := v.ID()
	w.close(v)
	w.notices()
	original := w.dir
	w.dir = filepath.Join(t.TempDir(), "restored")
	r, err := Restore(ctx, path, w.dir, phrase(t, pass), w.o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verified.Records != 3 || r.Backup.VaultID != id || r.Backup.Entry == 0 {
		t.Errorf("%+v", r)
	}
	if got := files(t, w.dir); !slices.Equal(got, []string{lockName, dbName, keyName}) {
		t.Errorf("files %v", got)
	}
	v = w.open()
	// Not a rollback: another copy, of which nothing is remembered yet.
	if got := w.notices(); !slices.Equal(got, []NoticeKind{NoticeNoAnchor}) {
		t.Errorf("notices %v", got)
	}
	wantPatients(t, v, 3)
	wantClean(t, v)
	s, err := v.Status(ctx)
	if err != nil || !s.Restored.Equal(w.o.Clock()) || s.Backup == nil || s.Backup.Path != path {
		t.Errorf("%+v %v", s, err)
	}
	w.close(v)
	w.dir = original
	v = w.open()
	wantPatients(t, v, 4)
	w.close(v)
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
}

func TestBackupOverwritesNothing(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	path := filepath.Join(t.TempDir(), "letter")
	writeFile(t, path, []byte("dear"))
	if _, err := v.Backup(ctx, path, BackupOptions{}); !errors.Is(err, ErrFileExists) {
		t.Error(err)
	}
	if err := os.Symlink(filepath.Join(t.TempDir(), "nowhere"), path+"-link"); err == nil {
		if _, err := v.Backup(ctx, path+"-link", BackupOptions{}); !errors.Is(err, ErrFileExists) {
			t.Error(err)
		}
	}
	// The name is taken while the backup is being written.
	late := path + "-late"
	_, err := v.Backup(ctx, late, BackupOptions{Progress: func(int64, int64) { writeFile(t, late, []byte("dear")) }})
	if !errors.Is(err, ErrFileExists) || string(readFile(t, late)) != "dear" || string(readFile(t, path)) != "dear" {
		t.Error(err)
	}
	// What a killed process left is no obstacle.
	stale := path + "-new.0123456789abcdef" + partialSuffix
	writeFile(t, stale, bytes.Repeat([]byte("x"), 10<<20))
	writeFile(t, stale+walSuffix, []byte("x"))
	// Nor is what another process is writing, or what only looks like it.
	busy, err := createBeside(path + "-new")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	alike := path + "-new.0123" + partialSuffix
	writeFile(t, alike, nil)
	if _, err := v.Backup(ctx, path+"-new", BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Drill(ctx, path+"-new", phrase(t, pass), w.o); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"+partialSuffix+"*")); !slices.Equal(left, slices.Sorted(slices.Values([]string{alike, busy.Name()}))) {
		t.Errorf("left: %v", left)
	}
	if s, err := v.Status(ctx); err != nil || s.Backup == nil || s.Backup.Path != path+"-new" {
		t.Errorf("%+v %v", s.Backup, err)
	}
}

func TestCancelledBackupAndRestoreLeaveNothing(t *testing.T) {
	w := newWorld(t)
	path := w.backedUp(1)
	v := w.open()
	c, cancel := context.WithCancel(ctx)
	defer cancel()
	dir := t.TempDir()
	if _, err := v.Backup(c, filepath.Join(dir, "b"), BackupOptions{Progress: func(int64, int64) { cancel() }}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	c, cancel2 := context.WithCancel(ctx)
	defer cancel2()
	w.o.Progress = func(Step, int64, int64) { cancel2() }
	to := filepath.Join(dir, "vault")
	if _, err := Restore(c, path, to, phrase(t, pass), w.o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	c, cancel3 := context.WithCancel(ctx)
	defer cancel3()
	w.o.Progress = func(Step, int64, int64) { cancel3() }
	w.o.Scratch = dir
	if _, err := Drill(c, path, phrase(t, pass), w.o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	w.o.Progress = nil
	if err := tryAddPatient(v.Vault, 9); err != nil {
		t.Error(err)
	}
}

func TestRestoreIsIntoANewFolderOnly(t *testing.T) {
	w := newWorld(t)
	path := w.backedUp(1)
	before := copyFolder(t, w.dir)
	for _, f := range []folder{before, before.change(keyName, nil), before.change(dbName, nil), {"letter": []byte("dear")}} {
		f.put(t, w.dir)
		if _, err := Restore(ctx, path, w.dir, phrase(t, pass), w.o); !errors.Is(err, ErrExists) {
			t.Errorf("%v: %v", files(t, w.dir), err)
		}
	}
	if _, err := Restore(ctx, path, filepath.Join(t.TempDir(), "v"), phrase(t, other), w.o); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Error(err)
	}
	if _, err := Restore(ctx, filepath.Join(w.dir, "letter"), filepath.Join(t.TempDir(), "v"), phrase(t, pass), w.o); !errors.Is(err, ErrNotBackup) {
		t.Error(err)
	}
}

// An old backup opens with the passphrase of its time, and the new passphrase
// does not.
func TestBackupKeepsItsPassphrase(t *testing.T) {
	w := newWorld(t)
	path := w.backedUp(1)
	v := w.open()
	if err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Drill(ctx, path, phrase(t, other), w.o); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Error(err)
	}
	if _, err := Drill(ctx, path, phrase(t, pass), w.o); err != nil {
		t.Error(err)
	}
}

func TestDrillLeavesEverythingAsItWas(t *testing.T) {
	w := newWorld(t)
	path := w.backedUp(2)
	w.o.Sole = true // as the program runs
	v := w.open()
	key := readFile(t, filepath.Join(w.dir, keyName))
	backup := readFile(t, path)
	w.o.Scratch = t.TempDir()
	// What a killed drill left goes; what a running one uses stays.
	dead, busy := filepath.Join(w.o.Scratch, "phivault-drill-1"), filepath.Join(w.o.Scratch, "phivault-drill-2")
	folder{lockName: nil, dbName: []byte("x")}.put(t, dead)
	folder{dbName: []byte("x")}.put(t, busy)
	l, err := acquire(ctx, filepath.Join(busy, lockName), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	steps := map[Step]bool{}
	o := w.o
	o.StateDir = t.TempDir() // not the open vault's, whose own anchor may be written meanwhile
	o.Progress = func(s Step, _, _ int64) { steps[s] = true }
	r, err := Drill(ctx, path, phrase(t, pass), o)
	if err != nil || len(r.Problems) != 0 || r.Verified.Records != 2 {
		t.Errorf("%+v %v", r, err)
	}
	if !steps[StepCopy] || !steps[StepVerify] {
		t.Errorf("steps %v", steps)
	}
	if got := files(t, w.o.Scratch); !slices.Equal(got, []string{filepath.Base(busy)}) {
		t.Errorf("left: %v", got)
	}
	if got := files(t, o.StateDir); len(got) != 0 {
		t.Errorf("a drill remembers %v", got)
	}
	if !bytes.Equal(readFile(t, filepath.Join(w.dir, keyName)), key) {
		t.Error("the key file changed")
	}
	if !bytes.Equal(readFile(t, path), backup) {
		t.Error("the backup changed")
	}
	addPatient(t, v.Vault, 8)
	w.close(v)
	v = w.open()
	wantPatients(t, v, 3)
}

// Writers and checkpoints go on during a backup; it has what was committed before
// it began, and is whole.
func TestBackupWhileOthersWrite(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	for n := range 20 {
		addPatient(t, v.Vault, n)
	}
	addLarge(t, v)
	db, err := connect(filepath.Join(w.dir, dbName), v.database.vfs)
	if err != nil {
		t.Fatal(err)
	}
	during, pieces := 0, 0
	path := filepath.Join(t.TempDir(), "b")
	var before [32]byte
	_, err = v.Backup(ctx, path, BackupOptions{Progress: func(int64, int64) {
		if pieces++; pieces == 1 {
			before = sha256.Sum256(readFile(t, filepath.Join(w.dir, dbName)))
		}
		for range 20 {
			addPatient(t, v.Vault, 1000+during)
			during++
		}
		if err := db.Run("PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
			t.Error(err)
		}
		if sha256.Sum256(readFile(t, filepath.Join(w.dir, dbName))) != before {
			t.Error("the database file changed while it was copied")
		}
	}})
	if err != nil || pieces < 3 {
		t.Fatal(pieces, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Drill(ctx, path, phrase(t, pass), w.o)
	if err != nil || len(r.Problems) != 0 || r.Verified.Records != 21 {
		t.Errorf("%+v %v", r, err)
	}
	wantPatients(t, v, int64(20+during))
	wantClean(t, v)
}

// addLarge adds a record of about 3 MiB that does not compress.
func addLarge(t *testing.T, v *Vault) {
	t.Helper()
	addAttachment(t, v, 3<<20)
}

// addAttachment adds a document whose attachment of this size is kept apart.
func addAttachment(t *testing.T, v *Vault, size int) {
	t.Helper()
	noise := make([]byte, size)
	rand.Read(noise)
	b, err := v.Blobs().NewBlob(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write(noise); err != nil {
		t.Fatal(err)
	}
	sum, n, err := b.Commit()
	if err != nil {
		t.Fatal(err)
	}
	json := `{"resourceType":"DocumentReference","id":"large","status":"current","content":[{"attachment":{"contentType":"image/png","data":"`
	r, err := fhir.Parse([]byte(json+`"}}]}`), []vault.Cut{{Offset: int64(len(json)), Size: n, SHA256: sum}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Add(ctx, vault.LocalSource, &r); err != nil {
		t.Fatal(err)
	}
}

func TestInspectBackup(t *testing.T) {
	w := newWorld(t)
	path := w.backedUp(1)
	b, err := InspectBackup(path)
	if err != nil || !b.Created.Equal(w.o.Clock()) || b.Key.Params != keyfile.DefaultParams() {
		t.Errorf("%+v %v", b, err)
	}
	if _, err := InspectBackup(filepath.Join(w.dir, "none")); !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), w.dir) {
		t.Error(err)
	}
	if _, err := InspectBackup(w.dir); !errors.Is(err, ErrNotBackup) {
		t.Error(err)
	}
}
