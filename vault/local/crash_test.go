package local

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phivault/crypto/keyfile"
	"phivault/vault"
)

// rounds is how often a process is killed at a random moment.
func rounds(few, many int) int {
	if os.Getenv("PHIVAULT_SLOW") != "" {
		return many
	}
	return few
}

// takes is how long act takes here and now, so that killing within a few times
// that hits it anywhere.
func takes(act func()) time.Duration {
	begin := time.Now()
	act()
	return time.Since(begin)
}

// killed runs a role and kills it somewhere within span after it began.
func (w *world) killed(role, dir, arg string, span time.Duration) *actor {
	w.t.Helper()
	a := w.start(role, dir, arg)
	a.expect("go")
	time.Sleep(rand.N(span)) // the moment itself is the test's input; nothing waits for it
	a.kill()
	for _, line := range a.said {
		if strings.HasPrefix(line, "error") {
			w.t.Fatal(line)
		}
	}
	return a
}

func TestKilledWhileCreating(t *testing.T) {
	outcomes := map[string]int{}
	once := takes(func() { newWorld(t).create() })
	for range rounds(8, 200) {
		w := newWorld(t)
		root := t.TempDir()
		a := w.killed("create", root, "", 2*once)
		made := len(a.said) - 1
		for n := range made {
			w.dir = filepath.Join(root, fmt.Sprint(n))
			v := w.open()
			wantClean(t, v)
			w.close(v)
		}
		w.dir = filepath.Join(root, fmt.Sprint(made))
		v, err := Open(ctx, w.dir, phrase(t, pass), w.o)
		switch {
		case err == nil:
			outcomes["whole"]++
		case errors.Is(err, vault.ErrNoVault):
			outcomes["none"]++
			if v, err = Create(ctx, w.dir, phrase(t, pass), keyfile.DefaultParams(), w.o); err != nil {
				t.Fatalf("a second Create: %v", err)
			}
		default:
			t.Fatalf("neither a vault nor none: %v", err)
		}
		wantClean(t, v)
		w.close(v)
	}
	t.Log(outcomes)
}

func TestKilledWhileChangingThePassphrase(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	once := takes(func() {
		if err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, pass), nil); err != nil {
			t.Fatal(err)
		}
	})
	w.close(v)
	outcomes := map[string]int{}
	for range rounds(8, 200) {
		w.killed("passwd", w.dir, "", 4*once)
		before := readFile(t, filepath.Join(w.dir, keyName))
		if len(before) == 0 {
			t.Fatal("an empty key file")
		}
		opened := 0
		for _, p := range []string{pass, other} {
			v, err := Open(ctx, w.dir, phrase(t, p), w.o)
			if err == nil {
				opened++
				outcomes[p]++
				wantClean(t, v)
				// What the killed one left of other key files goes with the next change.
				if err := v.ChangePassphrase(ctx, phrase(t, p), phrase(t, p), nil); err != nil {
					t.Fatal(err)
				}
				w.close(v)
			} else if !errors.Is(err, keyfile.ErrPassphrase) {
				t.Fatal(err)
			}
		}
		if opened != 1 {
			t.Fatalf("%d passphrases open the vault", opened)
		}
		for _, name := range files(t, w.dir) {
			if name != keyName && strings.Contains(name, keyName) {
				t.Errorf("%s is left", name)
			}
		}
	}
	t.Log(outcomes)
	if len(w.notices()) != 0 {
		t.Error("notices")
	}
}

func TestKilledWhileBackingUp(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	for n := range 20 {
		addPatient(t, v.Vault, n)
	}
	place := t.TempDir()
	once := takes(func() {
		if _, err := v.Backup(ctx, filepath.Join(t.TempDir(), "b"), BackupOptions{}); err != nil {
			t.Fatal(err)
		}
	})
	w.close(v)
	partial := 0
	for range rounds(6, 150) {
		a := w.killed("backup", w.dir, filepath.Join(place, "b"), 3*once)
		v := w.open()
		wantClean(t, v)
		for _, name := range files(t, place) {
			path := filepath.Join(place, name)
			if base, ok := strings.CutSuffix(path, partialSuffix); ok {
				base = base[:len(base)-len(".0123456789abcdef")]
				// Never a backup, also by another name; and no obstacle.
				partial++
				_, err := InspectBackup(path)
				if _, ok := v.Backup(ctx, base, BackupOptions{}); ok != nil {
					t.Fatalf("%v, and then %v", err, ok)
				}
				path = base
			}
			r, err := Drill(ctx, path, phrase(t, pass), w.o)
			if err != nil || len(r.Problems) != 0 || r.Verified.Records < 20 {
				t.Fatalf("%s: %+v %v", name, r, err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		w.close(v)
		_ = a
	}
	t.Logf("%d were cut off half way", partial)
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
}

func TestKilledWhileRestoring(t *testing.T) {
	w := newWorld(t)
	backup := w.backedUp(5)
	once := takes(func() {
		if _, err := Restore(ctx, backup, filepath.Join(t.TempDir(), "v"), phrase(t, pass), w.o); err != nil {
			t.Fatal(err)
		}
	})
	outcomes := map[string]int{}
	for range rounds(8, 200) {
		root := t.TempDir()
		a := w.killed("restore", root, backup, 2*once)
		made := len(a.said) - 1
		for n := range made + 1 {
			w.dir = filepath.Join(root, fmt.Sprint(n))
			v, err := Open(ctx, w.dir, phrase(t, pass), w.o)
			switch {
			case err == nil:
				outcomes["whole"]++
			case n == made && errors.Is(err, vault.ErrNoVault):
				outcomes["none"]++
				if _, err := Restore(ctx, backup, w.dir, phrase(t, pass), w.o); err != nil {
					t.Fatalf("a second Restore: %v", err)
				}
				v = w.open()
			default:
				t.Fatalf("restored %d of %d: %v", n, made, err)
			}
			wantPatients(t, v, 5)
			wantClean(t, v)
			w.close(v)
		}
	}
	t.Log(outcomes)
}
