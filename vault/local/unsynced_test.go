package local

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/vault"
)

// unsynced writes key files in a folder whose sync fails.
func unsynced(path string, file []byte) error {
	if err := keyfile.WriteFile(path, file); err != nil {
		return err
	}
	return fmt.Errorf("%w (input/output error)", keyfile.ErrUnsynced)
}

func TestThePassphraseIsInForceThoughTheFolderDidNotSync(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	w.o.writeKey = unsynced
	v := w.open()
	err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), nil)
	if !errors.Is(err, keyfile.ErrUnsynced) || errors.Is(err, vault.ErrFull) || !strings.HasPrefix(err.Error(), "the NEW passphrase is in force") {
		t.Errorf("%v", err)
	}
	if err := v.Check(ctx, phrase(t, other)); err != nil {
		t.Error(err)
	}
	w.close(v)
	w.fails(pass, keyfile.ErrPassphrase)
}

func TestTheBindingIsInForceThoughTheFolderDidNotSync(t *testing.T) {
	w := newWorld(t).withKeyring()
	w.o.writeKey = unsynced
	v := w.create()
	code, confirm, err := v.BindKeyring(ctx, phrase(t, pass))
	if err != nil {
		t.Fatal(err)
	}
	if err := confirm(code); !errors.Is(err, keyfile.ErrUnsynced) || !strings.HasPrefix(err.Error(), "the vault is bound") {
		t.Error(err)
	}
	// The open vault knows that it is bound: nothing else opens its key file.
	if err := v.Check(ctx, phrase(t, pass)); err != nil {
		t.Error(err)
	}
	if err := v.UnbindKeyring(ctx, phrase(t, pass)); !errors.Is(err, keyfile.ErrUnsynced) || !strings.HasPrefix(err.Error(), "the vault is unbound") {
		t.Error(err)
	}
	if err := v.Check(ctx, phrase(t, pass)); err != nil {
		t.Error(err)
	}
	// A power cut may bring the bound key file back, which needs it.
	if !slices.Contains(w.ring.names(), secretItem(v.ID())) {
		t.Error("the keyring dropped the device secret")
	}
	w.close(v)
	w.close(w.open())
}
