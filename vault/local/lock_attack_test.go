package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/vault"
)

// A file named lock asks to be deleted. SQLite's own locks are in the memory of
// one process, so nothing but the database's lock keeps a second one out.
func TestADeletedLockLetsNobodyIn(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	gone := func() {
		t.Helper()
		if err := os.Remove(filepath.Join(w.dir, lockName)); err != nil {
			t.Fatal(err)
		}
	}
	gone()
	var in *InUseError
	if err := w.fails(pass, vault.ErrInUse); !errors.As(err, &in) {
		t.Error(err)
	}
	if info, err := Inspect(w.dir); err != nil || info.LockedBy == nil {
		t.Errorf("%+v %v", info.LockedBy, err)
	}
	child := w.start("hold", w.dir, "")
	child.expect("error inuse")
	child.end()
	addPatient(t, v.Vault, 2)
	w.close(v)
	child = w.start("hold", w.dir, "")
	child.expect("go")
	gone()
	w.fails(pass, vault.ErrInUse)
	child.kill()
	v = w.open()
	wantPatients(t, v, 2)
	wantClean(t, v)
	w.close(v)
	if info, err := Inspect(w.dir); err != nil || info.LockedBy != nil {
		t.Errorf("%+v %v", info.LockedBy, err)
	}
}

// Whoever can write to the folder could have the vault empty another file of the
// owner's, without knowing the passphrase.
func TestALockThatIsALinkIsRefused(t *testing.T) {
	for name, link := range map[string]func(old, new string) error{"symbolic": os.Symlink, "hard": os.Link} {
		w := newWorld(t)
		w.close(w.create())
		victim := filepath.Join(t.TempDir(), "victim")
		writeFile(t, victim, []byte("7 precious"))
		lock := filepath.Join(w.dir, lockName)
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}
		if err := link(victim, lock); err != nil {
			t.Skipf("no right to make a %s link: %v", name, err)
		}
		v, err := Open(ctx, w.dir, phrase(t, other), w.o)
		if v != nil || err == nil {
			t.Errorf("%s link: opened", name)
		}
		_, ierr := Inspect(w.dir)
		if name == "symbolic" {
			if !errors.Is(err, errNotPlain) || !errors.Is(ierr, errNotPlain) || !strings.Contains(err.Error(), "lock") {
				t.Errorf("%v, %v", err, ierr)
			}
		} else if !errors.Is(err, keyfile.ErrPassphrase) || ierr != nil {
			// A copy of the folder made of hard links is a vault like any other.
			t.Errorf("%v, %v", err, ierr)
		}
		if got := readFile(t, victim); string(got) != "7 precious" {
			t.Errorf("%s link: the other file now holds %q", name, got)
		}
	}
}

func TestALockOfAnotherMakingIsNotEmptied(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	lock := filepath.Join(w.dir, lockName)
	text := strings.Repeat("somebody's notes on locks\n", 20)
	writeFile(t, lock, []byte(text))
	w.close(w.open())
	if got := readFile(t, lock); string(got) != text {
		t.Errorf("the file now holds %d bytes", len(got))
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(lock, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, w.dir, phrase(t, pass), w.o); err == nil {
		t.Error("a folder was taken for a lock")
	}
}
