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

// playPowerless is another user's process.
func playPowerless(dir, _ string, o Options) error {
	if os.Getuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			return err
		}
	}
	return playHold(dir, "", o)
}

func TestAFolderThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
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
	a.expect("error readonly")
	a.end()
}

func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	disk := smallDisk(t, 6<<20)
	filler := filepath.Join(disk, "filler")
	fill := func() {
		t.Helper()
		f, err := os.OpenFile(filler, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
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
