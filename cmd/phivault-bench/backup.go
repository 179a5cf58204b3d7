package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault/local"
)

// backup times a backup of the encrypted side as the command makes it. Opening the
// vault for it, with its key derivation, does not count.
func (w *worker) backup(ctx context.Context, path string) (r reply, err error) {
	if err := w.close(ctx); err != nil {
		return r, err
	}
	w.opened = nil
	dir := filepath.Dir(w.m.DB)
	pass := secret.FromBytes([]byte("a passphrase for synthetic records"))
	defer pass.Destroy()
	if err := w.m.seal(filepath.Join(dir, "vault.key"), pass); err != nil {
		return r, err
	}
	v, err := local.Open(ctx, dir, pass, local.Options{StateDir: filepath.Join(dir, "state")})
	if err != nil {
		return r, err
	}
	secret.Release()
	markPeak()
	for range 3 {
		var info local.BackupInfo
		r.MS = append(r.MS, timed(func() { info, err = v.Backup(ctx, path, local.BackupOptions{}) }))
		if r.Count = info.Bytes; err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			break
		}
	}
	if err = errors.Join(err, v.Close(ctx)); err != nil {
		return r, err
	}
	return r, w.reopen(ctx)
}

// seal writes the member's keys into a key file.
func (m member) seal(path string, pass *secret.Bytes) error {
	clone := func(b []byte) *secret.Bytes { return secret.FromBytes(append([]byte(nil), b...)) }
	b := &keyfile.Bundle{Genesis: m.Genesis, Database: clone(m.Key), SigningSeed: clone(m.Sign), KEMSeed: clone(m.KEM)}
	for _, e := range m.Epochs {
		b.Epochs = append(b.Epochs, keyfile.Epoch{ID: e.ID, Key: clone(e.Key)})
	}
	defer b.Destroy()
	file, err := keyfile.Seal(b, pass, nil, keyfile.DefaultParams())
	if err != nil {
		return err
	}
	return keyfile.WriteFile(path, file)
}
