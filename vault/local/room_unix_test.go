//go:build unix

package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
)

func init() {
	roles["limited"] = playLimited
	roles["powerless"] = playPowerless
}

// playLimited does what arg says with files that cannot grow above a few hundred
// bytes from then on.
func playLimited(dir, arg string, o Options) error {
	p := secret.FromBytes([]byte(pass))
	act := func() error { return errors.New("no such act") }
	switch what, path, _ := strings.Cut(arg, " "); what {
	case "create":
		act = func() error { _, err := Create(ctx, dir, p, keyfile.DefaultParams(), o); return err }
	case "restore":
		act = func() error { _, err := Restore(ctx, path, dir, p, o); return err }
	case "backup", "passwd":
		v, err := Open(ctx, dir, p, o)
		if err != nil {
			return err
		}
		act = map[string]func() error{
			"backup": func() error { _, err := v.Backup(ctx, path, BackupOptions{}); return err },
			"passwd": func() error { return v.ChangePassphrase(ctx, p, secret.FromBytes([]byte(other)), nil) },
		}[what]
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 300, Max: 300}); err != nil {
		return err
	}
	fmt.Println("go")
	return act()
}

func TestNoRoomForFiles(t *testing.T) {
	w := newWorld(t)
	backup := w.backedUp(2)
	empty := filepath.Join(t.TempDir(), "new")
	for _, what := range []string{"create", "restore " + backup, "backup " + empty, "passwd"} {
		dir := w.dir
		if strings.HasPrefix(what, "create") || strings.HasPrefix(what, "restore") {
			dir = empty
		}
		a := w.start("limited", dir, what)
		a.expect("go")
		a.expect("error full")
		a.end()
		if _, err := os.Lstat(empty); err == nil {
			t.Errorf("%s left something", what)
		}
		if got := files(t, filepath.Dir(empty)); len(got) != 0 {
			t.Errorf("%s left %v", what, got)
		}
		v := w.open()
		wantPatients(t, v, 2)
		wantClean(t, v)
		w.close(v)
	}
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
}

// playPowerless is another user's process, which reads, and then tries to write.
func playPowerless(dir, _ string, o Options) error {
	if os.Getuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			return err
		}
	}
	v, err := Open(ctx, dir, secret.FromBytes([]byte(pass)), o)
	if err != nil {
		return err
	}
	n := 0
	for r, err := range v.Find(ctx, vault.Query{Type: "Patient"}) {
		if err == nil {
			_, err = v.Get(ctx, r.ID)
		}
		if err != nil {
			return err
		}
		n++
	}
	fmt.Println("read", n)
	err = tryAddPatient(v.Vault, 9)
	if cerr := v.Close(ctx); cerr != nil {
		return cerr
	}
	return err
}

func TestAFolderThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	killed(t, w).put(t, w.dir) // the second patient is in the log alone
	// Another user may read everything and write nothing.
	for path := w.dir; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name := range copyFolder(t, w.dir) {
		if err := os.Chmod(filepath.Join(w.dir, name), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(w.dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(w.dir, 0o700) })
	a := w.start("powerless", w.dir, "")
	a.expect("read 2")
	a.expect("error readonly")
	a.end()
	if err := os.Chmod(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// The lock can be made and the database still not be written.
	if err := os.Remove(filepath.Join(w.dir, lockName)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(w.dir, lockName), nil)
	if err := os.Chmod(filepath.Join(w.dir, lockName), 0o666); err != nil {
		t.Fatal(err)
	}
	a = w.start("powerless", w.dir, "")
	a.expect("read 2")
	a.expect("error readonly")
	a.end()
	// Its owner, who may write it, has everything.
	if err := os.Chmod(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name := range copyFolder(t, w.dir) {
		if err := os.Chmod(filepath.Join(w.dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := w.open()
	wantPatients(t, v, 2)
	wantClean(t, v)
	w.close(v)
}

func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	disk := smallDisk(t, 6<<20)
	filler := filepath.Join(disk, "filler")
	fill := func() { t.Helper(); fillUp(t, filler) }
	w.dir = filepath.Join(disk, "vault")
	fill()
	if _, err := Create(ctx, w.dir, phrase(t, pass), keyfile.DefaultParams(), w.o); !errors.Is(err, vault.ErrFull) {
		t.Errorf("create: %v", err)
	}
	if _, err := os.Lstat(w.dir); err == nil {
		t.Errorf("create left %v", files(t, w.dir))
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	v := w.create()
	addPatient(t, v.Vault, 1)
	fill()
	full := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, vault.ErrFull) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var err error
	for n := 100; err == nil; n++ {
		err = tryAddPatient(v.Vault, n)
	}
	full("add", err)
	_, err = v.Backup(ctx, filepath.Join(disk, "b"), BackupOptions{})
	full("backup", err)
	if got := files(t, disk); !slices.Equal(got, []string{"filler", "vault"}) {
		t.Errorf("left: %v", got)
	}
	full("passwd", v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), nil))
	_ = v.Close(ctx) // the audit trail has no room
	// Reading stays possible. Closing has made room: it removed the log.
	fill()
	w.notices()
	v = w.open()
	if c, err := v.Counts(ctx); err != nil || c.Patients == 0 {
		t.Errorf("%+v %v", c, err)
	}
	wantClean(t, v)
	if got := w.notices(); !slices.Contains(got, NoticeNotAudited) {
		t.Errorf("notices %v", got)
	}
	_ = v.Close(ctx)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	v = w.open()
	addPatient(t, v.Vault, 2)
	wantClean(t, v)
	w.close(v)
}

// fillUp makes the file as long as the disk lets it.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for size := 64 << 10; size > 0; {
		if n, err := f.Write(make([]byte, size)); err != nil || n < size {
			size /= 2
		}
	}
	_ = f.Close()
}

// A full disk is when a backup on another one is wanted most.
func TestBackupOfAVaultOnAFullDisk(t *testing.T) {
	w := newWorld(t)
	disk := smallDisk(t, 6<<20)
	w.dir = filepath.Join(disk, "vault")
	v := w.create()
	addPatient(t, v.Vault, 0)
	if err := v.database.store.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	// What is committed from here on is in the log alone: a reader of an older
	// state keeps the log from being moved.
	frozen := w.reading(v)
	var n int64 = 1
	for ; n < 20; n++ {
		addPatient(t, v.Vault, int(n))
	}
	fillUp(t, filepath.Join(disk, "filler"))
	for err := error(nil); err == nil; n++ {
		err = tryAddPatient(v.Vault, int(n))
	}
	n--                                            // the last was not saved
	for i, err := 0, error(nil); err == nil; i++ { // the least that can be written, into what the log has left
		err = v.database.store.SetMeta(ctx, "filler", fmt.Sprint(i))
	}
	frozen()
	dir := t.TempDir()
	for round, v := range []func() *Vault{func() *Vault { return v }, w.open} {
		v := v()
		w.notices()
		dest := filepath.Join(dir, fmt.Sprint(round))
		if _, err := v.Backup(ctx, dest, BackupOptions{}); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if got := w.notices(); !slices.Equal(got, []NoticeKind{NoticeNotAudited, NoticeBackupUnnoted}) {
			t.Errorf("round %d: notices %v", round, got)
		}
		r, err := Drill(ctx, dest, phrase(t, pass), w.o)
		if err != nil || len(r.Problems) != 0 || r.Verified.Records != n {
			t.Errorf("round %d: %+v %v, want %d records", round, r, err, n)
		}
		if got := files(t, dir); len(got) != round+1 {
			t.Errorf("round %d left %v", round, got)
		}
		_ = v.Close(ctx)
		fillUp(t, filepath.Join(disk, "filler"))
	}
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	v = w.open()
	wantPatients(t, v, n)
	wantClean(t, v)
	w.close(v)
}

// reading begins to read the database as it is now; end lets go.
func (w *world) reading(v *Vault) (end func()) {
	w.t.Helper()
	db, err := connect(filepath.Join(w.dir, dbName), v.database.vfs)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := beginReading(db); err != nil {
		w.t.Fatal(err)
	}
	return func() {
		if err := errors.Join(db.Run("ROLLBACK"), db.Close()); err != nil {
			w.t.Fatal(err)
		}
	}
}
