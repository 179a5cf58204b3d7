package local

import (
	"errors"
	"testing"

	"phivault/crypto/keyfile"
)

func TestHeldKeysOpenTheVaultAgainUntilTheKeyFileChanges(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	var held *Keys
	o := w.o
	o.Hold = func(k *Keys) { held = k }
	if _, err := Open(ctx, w.dir, phrase(t, other), o); !errors.Is(err, keyfile.ErrPassphrase) || held != nil {
		t.Fatalf("a wrong passphrase gives keys: %v", err)
	}
	v, err := Open(ctx, w.dir, phrase(t, pass), o)
	if err != nil {
		t.Fatal(err)
	}
	if held == nil {
		t.Fatal("no keys")
	}
	defer held.Destroy()
	for n := range 3 {
		addPatient(t, v.Vault, n)
		w.close(v)
		if v, err = held.Open(ctx, w.o); err != nil {
			t.Fatal(err)
		}
		wantPatients(t, v, int64(n)+1)
	}
	// The vault that they opened has copies: wiping one is not wiping the other.
	if err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), nil); err != nil {
		t.Fatal(err)
	}
	w.close(v)
	if _, err := held.Open(ctx, w.o); !errors.Is(err, ErrKeysChanged) {
		t.Errorf("another key file: %v", err)
	}
	if v, err = Open(ctx, w.dir, phrase(t, other), o); err != nil {
		t.Fatal(err)
	}
	w.close(v)
	held.Destroy()
	held.Destroy()
	if _, err := held.Open(ctx, w.o); !errors.Is(err, ErrKeysChanged) {
		t.Errorf("wiped keys: %v", err)
	}
}
