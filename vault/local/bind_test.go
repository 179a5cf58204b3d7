package local

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
)

func bind(t *testing.T, v *Vault) (code string) {
	t.Helper()
	code, confirm, err := v.BindKeyring(ctx, phrase(t, pass))
	if err != nil {
		t.Fatal(err)
	}
	if err := confirm(strings.ToLower(code)); err != nil {
		t.Fatal(err)
	}
	return code
}

func TestBoundVaultNeedsKeyringOrCode(t *testing.T) {
	w := newWorld(t).withKeyring()
	v := w.create()
	addPatient(t, v.Vault, 1)
	code := bind(t, v)
	if err := v.Check(ctx, phrase(t, pass)); err != nil {
		t.Error(err)
	}
	w.close(v)
	w.close(w.open())
	w.fails(other, keyfile.ErrPassphrase)
	info, err := Inspect(w.dir)
	if err != nil || !info.Key.NeedsDeviceSecret {
		t.Errorf("%+v %v", info, err)
	}
	// Elsewhere: no keyring, an empty one, one that does not answer, one that lies.
	for name, k := range map[string]Keyring{"none": nil, "empty": newRing(),
		"silent": &ring{fail: errors.New("no bus")}, "lying": &ring{items: map[string]string{secretItem(v.ID()): "AAAA"}}} {
		w.o.Keyring = k
		if err := w.fails(pass, keyfile.ErrDeviceSecret); !strings.Contains(err.Error(), "give the printed code") {
			t.Errorf("%s: %v", name, err)
		}
		if w.o.DeviceSecret, err = ParseCode(code); err != nil {
			t.Fatal(err)
		}
		v := w.open()
		wantPatients(t, v, 1)
		// The passphrase changes, the binding stays.
		if err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), nil); err != nil {
			t.Fatal(err)
		}
		if err := v.ChangePassphrase(ctx, phrase(t, other), phrase(t, pass), nil); err != nil {
			t.Fatal(err)
		}
		w.close(v)
		w.o.DeviceSecret.Destroy()
		w.o.DeviceSecret = secret.Random(deviceSecretSize)
		w.fails(pass, keyfile.ErrPassphrase)
		w.o.DeviceSecret.Destroy()
		w.o.DeviceSecret = nil
	}
	w.o.Keyring = w.ring
	v = w.open()
	if err := v.UnbindKeyring(ctx, phrase(t, other)); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("unbound with a wrong passphrase: %v", err)
	}
	if err := v.UnbindKeyring(ctx, phrase(t, pass)); err != nil {
		t.Fatal(err)
	}
	if err := v.UnbindKeyring(ctx, phrase(t, pass)); !errors.Is(err, ErrUnbound) {
		t.Error(err)
	}
	if slices.Contains(w.ring.names(), secretItem(v.ID())) {
		t.Error("the keyring still has the device secret")
	}
	w.close(v)
	w.o.Keyring = nil
	w.close(w.open())
}

func TestBindingWaitsForTheCode(t *testing.T) {
	w := newWorld(t).withKeyring()
	v := w.create()
	path := filepath.Join(w.dir, keyName)
	before := string(readFile(t, path))
	unchanged := func() {
		t.Helper()
		if string(readFile(t, path)) != before {
			t.Fatal("the key file changed")
		}
	}
	if _, _, err := v.BindKeyring(ctx, phrase(t, other)); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("bound with a wrong passphrase: %v", err)
	}
	first, confirmFirst, err := v.BindKeyring(ctx, phrase(t, pass))
	if err != nil {
		t.Fatal(err)
	}
	unchanged()
	if slices.Contains(w.ring.names(), secretItem(v.ID())) {
		t.Error("the keyring was given the secret before the code was confirmed")
	}
	second, confirm, err := v.BindKeyring(ctx, phrase(t, pass))
	if err != nil || first == second {
		t.Fatal(err)
	}
	if err := confirmFirst(first); !errors.Is(err, ErrStale) {
		t.Errorf("a replaced code: %v", err)
	}
	slip := "A"
	if strings.HasSuffix(second, slip) {
		slip = "B"
	}
	for _, typed := range []string{"", "AAAA", first, second[:len(second)-1] + slip} {
		if err := confirm(typed); !errors.Is(err, ErrCode) {
			t.Errorf("%q: %v", typed, err)
		}
	}
	unchanged()
	// A keyring that takes and does not give, or gives something else.
	stranger := secret.Random(deviceSecretSize)
	defer stranger.Destroy()
	for _, twist := range []func(string) string{func(string) string { return "" }, func(string) string { return formatCode(stranger) }} {
		w.ring.twist = twist
		if err := confirm(second); err == nil {
			t.Error("bound to a secret that the keyring does not give back")
		}
		unchanged()
	}
	w.ring.twist = nil
	w.ring.breaks(errors.New("locked"))
	if err := confirm(second); err == nil {
		t.Error("bound without the keyring")
	}
	unchanged()
	w.ring.breaks(nil)
	if err := confirm(second); err != nil {
		t.Fatal(err)
	}
	if err := confirm(second); !errors.Is(err, ErrStale) {
		t.Errorf("confirmed twice: %v", err)
	}
	if _, _, err := v.BindKeyring(ctx, phrase(t, pass)); !errors.Is(err, ErrBound) {
		t.Error(err)
	}
	w.close(v)
	w.close(w.open())
}

func TestBindingEndsWithTheVault(t *testing.T) {
	w := newWorld(t).withKeyring()
	v := w.create()
	code, confirm, err := v.BindKeyring(ctx, phrase(t, pass))
	if err != nil {
		t.Fatal(err)
	}
	w.close(v)
	if err := confirm(code); !errors.Is(err, ErrStale) {
		t.Error(err)
	}
	w.o.Keyring = nil
	v = w.open()
	if _, _, err := v.BindKeyring(ctx, phrase(t, pass)); !errors.Is(err, ErrNoKeyring) {
		t.Error(err)
	}
}

// Two copies of one vault on one device share its secret: binding the second
// must not lock the first out.
func TestBindingACopyKeepsTheFirstBound(t *testing.T) {
	w := newWorld(t).withKeyring()
	v := w.create()
	code := bind(t, v)
	backup := filepath.Join(t.TempDir(), "b")
	if _, err := v.Backup(ctx, backup, BackupOptions{Passphrase: phrase(t, pass)}); err != nil {
		t.Fatal(err)
	}
	w.close(v)
	copied := filepath.Join(t.TempDir(), "copy")
	if _, err := Restore(ctx, backup, copied, phrase(t, pass), w.o); err != nil {
		t.Fatal(err)
	}
	c, err := Open(ctx, copied, phrase(t, pass), w.o)
	c = w.started(c, err)
	if again := bind(t, c); again != code {
		t.Error("the device has two secrets for one vault")
	}
	w.close(c)
	w.close(w.open())
}

func TestBackupOfABoundVaultOpensWithoutTheDevice(t *testing.T) {
	w := newWorld(t).withKeyring()
	v := w.create()
	addPatient(t, v.Vault, 1)
	bind(t, v)
	path := filepath.Join(t.TempDir(), "b")
	if _, err := v.Backup(ctx, path, BackupOptions{}); !errors.Is(err, ErrPassphraseNeeded) {
		t.Errorf("without the passphrase: %v", err)
	}
	if _, err := v.Backup(ctx, path, BackupOptions{Passphrase: phrase(t, other)}); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("with a wrong passphrase: %v", err)
	}
	info, err := v.Backup(ctx, path, BackupOptions{Passphrase: phrase(t, pass)})
	if err != nil || info.Key.NeedsDeviceSecret {
		t.Fatalf("%+v %v", info, err)
	}
	w.close(v)
	elsewhere := newWorld(t)
	if _, err := Restore(ctx, path, elsewhere.dir, phrase(t, pass), elsewhere.o); err != nil {
		t.Fatal(err)
	}
	c := elsewhere.open()
	wantPatients(t, c, 1)
}
