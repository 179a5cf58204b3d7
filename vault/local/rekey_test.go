package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/store/cryptvfs"
)

// playRekey changes the keys and stops at the step that arg names, or goes on
// doing it.
func playRekey(dir, arg string, o Options) error {
	o.fill()
	o.step = func(s string) {
		if s == arg {
			fmt.Println("at", s)
			select {} // until the parent kills
		}
	}
	for first := true; ; first = false {
		p := secret.FromBytes([]byte(pass))
		v, err := Open(ctx, dir, p, o)
		if err != nil {
			return err
		}
		if first {
			fmt.Println("go")
		}
		if _, err := v.Rekey(ctx, p, nil); err != nil {
			return err
		}
	}
}

// same opens the vault, checks all of it and that it has these records, and that its
// database is that of the device whose keys it has.
func (w *world) same(want []vault.RecordID) {
	w.t.Helper()
	v := w.open()
	wantClean(w.t, v)
	if got := ids(w.t, v); !slices.Equal(got, want) {
		w.t.Fatalf("%d records, want %d", len(got), len(want))
	}
	ownMember(w.t, v)
	w.close(v)
	if f := files(w.t, w.dir); slices.Contains(f, rekeyName) || slices.Contains(f, rekeyName+walSuffix) {
		w.t.Error("the copy is left")
	}
}

func ids(t testing.TB, v *Vault) (out []vault.RecordID) {
	t.Helper()
	for r, err := range v.Find(ctx, vault.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.ID)
	}
	return out
}

func filled(t *testing.T) (w *world, want []vault.RecordID) {
	t.Helper()
	w = newWorld(t)
	v := w.create()
	for n := range 40 {
		addPatient(t, v.Vault, n)
	}
	want = ids(t, v)
	w.close(v)
	return w, want
}

func (w *world) bundle() *keyfile.Bundle {
	w.t.Helper()
	b, err := keyfile.Open(readFile(w.t, filepath.Join(w.dir, keyName)), phrase(w.t, pass), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(b.Destroy)
	return b
}

func TestRekeyWritesEverythingUnderAnotherKey(t *testing.T) {
	w, want := filled(t)
	before, file := w.bundle(), readFile(t, filepath.Join(w.dir, keyName))
	v := w.open()
	if _, err := v.Rekey(ctx, phrase(t, other), nil); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Fatalf("another passphrase: %v", err)
	}
	done, total := int64(0), int64(0)
	if _, err := v.Rekey(ctx, phrase(t, pass), func(d, n int64) { done, total = d, n }); err != nil {
		t.Fatal(err)
	}
	if done == 0 || done != total {
		t.Errorf("%d of %d bytes", done, total)
	}
	if _, err := v.Status(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("the vault is not closed: %v", err)
	}
	after := w.bundle()
	if before.Database.Equal(after.Database) || before.SigningSeed.Equal(after.SigningSeed) || before.KEMSeed.Equal(after.KEMSeed) ||
		!bytes.Equal(before.Genesis, after.Genesis) {
		t.Error("not all keys of this device are others")
	}
	if bytes.Equal(file[:64], readFile(t, filepath.Join(w.dir, keyName))[:64]) {
		t.Error("the key file has the same salt")
	}
	// No page is left that the old key opens: each is tried as the first of a file.
	raw := readFile(t, filepath.Join(w.dir, dbName))
	for _, x := range []struct {
		b    *keyfile.Bundle
		want bool
	}{{before, false}, {after, true}} {
		ok, err := cryptvfs.Opens(filepath.Join(w.dir, dbName), x.b.Database.Bytes(), x.b.VaultID(), pageSize)
		if err != nil || ok != x.want {
			t.Errorf("opens: %v, %v", ok, err)
		}
	}
	to := filepath.Join(t.TempDir(), "all")
	if err := cryptvfs.Reseal(ctx, filepath.Join(w.dir, dbName), to, cryptvfs.Resealing{Key: after.Database.Bytes(), Fresh: before.Database.Bytes(),
		VaultID: after.VaultID(), PageSize: pageSize}); err != nil {
		t.Errorf("a page is not under the new key: %v", err)
	}
	if len(raw) == 0 {
		t.Fatal("an empty database")
	}
	w.same(want)
}

func TestKilledAtEachStepOfRekeyNothingIsLost(t *testing.T) {
	for _, step := range []string{stepClosed, stepCopied, stepEnded, stepBegun, stepDecided, stepReplaced} {
		w, want := filled(t)
		before := w.bundle()
		a := w.start("rekey", w.dir, step)
		a.expect("go")
		a.expect("at " + step)
		a.kill()
		after := w.bundle()
		if changed := !before.Database.Equal(after.Database); changed != (step == stepDecided || step == stepReplaced) {
			t.Errorf("%s: new key in force: %v", step, changed)
		}
		w.same(want)
		// Killed once more, and then to its end.
		a = w.start("rekey", w.dir, step)
		a.expect("go")
		a.expect("at " + step)
		a.kill()
		v := w.open()
		if _, err := v.Rekey(ctx, phrase(t, pass), nil); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		w.same(want)
	}
}

func TestKilledAnywhereInRekeyNothingIsLost(t *testing.T) {
	w, want := filled(t)
	once := takes(func() {
		if _, err := w.open().Rekey(ctx, phrase(t, pass), nil); err != nil {
			t.Fatal(err)
		}
	})
	for range rounds(8, 200) {
		w.killed("rekey", w.dir, "", 3*once)
		w.same(want)
	}
}

func TestRekeyThatCannotWriteLeavesTheOldKeys(t *testing.T) {
	w, want := filled(t)
	before := readFile(t, filepath.Join(w.dir, keyName))
	o := w.o
	o.writeKey = func(string, []byte) error { return errors.New("no room") }
	v, err := Open(ctx, w.dir, phrase(t, pass), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Rekey(ctx, phrase(t, pass), nil); err == nil || errors.Is(err, ErrRekeyed) {
		t.Errorf("a key file that was not written: %v", err)
	}
	if !bytes.Equal(before, readFile(t, filepath.Join(w.dir, keyName))) {
		t.Error("the key file changed")
	}
	w.same(want)

	// Cancelled while the pages are copied.
	v = w.open()
	c, cancel := context.WithCancel(ctx)
	if _, err := v.Rekey(c, phrase(t, pass), func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	w.same(want)

	// In force, and the disk did not confirm it: either way something opens.
	o.writeKey = func(path string, file []byte) error {
		return errors.Join(os.WriteFile(path, file, 0o600), keyfile.ErrUnsynced)
	}
	if v, err = Open(ctx, w.dir, phrase(t, pass), o); err != nil {
		t.Fatal(err)
	}
	old := readFile(t, filepath.Join(w.dir, keyName))
	if _, err := v.Rekey(ctx, phrase(t, pass), nil); !errors.Is(err, ErrRekeyed) {
		t.Errorf("unsynced: %v", err)
	}
	fresh := readFile(t, filepath.Join(w.dir, keyName))
	whole := t.TempDir()
	if err := os.CopyFS(whole, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, keyName), old, 0o600); err != nil {
		t.Fatal(err)
	}
	w.same(want)
	w.dir, w.o.StateDir = whole, t.TempDir() // another machine, which remembers nothing of it
	if err := os.WriteFile(filepath.Join(w.dir, keyName), fresh, 0o600); err != nil {
		t.Fatal(err)
	}
	w.same(want)
}
