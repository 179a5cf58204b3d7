package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault/store"
)

// Create makes a new vault in dir, a folder that does not exist or holds nothing
// else, and opens it. What an interrupted Create or Restore left there is
// replaced: it never was a vault. ErrExists when there is something. The
// passphrase stays the caller's.
func Create(ctx context.Context, dir string, passphrase *secret.Bytes, p keyfile.Params, o Options) (*Vault, error) {
	b, err := keyfile.NewBundle(identity.NewGenesis)
	if err != nil {
		return nil, err
	}
	defer b.Destroy()
	return found(ctx, dir, passphrase, p, b, "", nil, o)
}

func vacant(dir string) error {
	s, err := look(dir)
	if err != nil {
		return err
	}
	return s.vacant()
}

// build makes the folder, takes its lock and has a vault put together in it. The
// lock is handed on to the caller; on error nothing is left.
func build(ctx context.Context, dir string, o Options, fill func(*stage) error) (*lock, error) {
	made, err := makeFolder(dir, keyfile.SyncDir)
	if err != nil {
		return nil, fault("making the vault's folder", err)
	}
	l, err := acquire(ctx, filepath.Join(dir, lockName), o.Command, o.Wait)
	if err != nil {
		return nil, err
	}
	s, err := beginVacant(dir, made)
	if err != nil {
		return nil, first(err, l.release())
	}
	if err = fill(s); err == nil {
		err = s.finish()
	}
	if err != nil {
		s.abandon()
		return nil, first(err, l.release())
	}
	return l, nil
}

// makeFolder makes dir and the folders above it that are missing, and has the
// folders that they were made in synced: a power cut must not take the whole vault
// with its name. Where one may be written but not read, nobody can do that.
func makeFolder(dir string, sync func(string) error) (made bool, err error) {
	var in []string
	for d := dir; d != filepath.Dir(d); d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		in = append(in, filepath.Dir(d))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	for _, parent := range in {
		if err := sync(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
			_ = os.Remove(dir)
			return false, err
		}
	}
	return len(in) > 0, nil
}

func beginVacant(dir string, made bool) (*stage, error) {
	if err := vacant(dir); err != nil {
		return nil, err
	}
	// The folder holds nothing of anybody else's: it is the vault's from now on.
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fault("making the vault's folder private", err)
	}
	return begin(dir, made)
}

// create fills the stage with a new database and its key file.
func (s *stage) create(ctx context.Context, b *keyfile.Bundle, file []byte, o Options) error {
	d, err := openDatabase(ctx, s.path(dbName), b, store.Create, store.Options{Genesis: b.Genesis, Clock: o.Clock})
	if err != nil {
		return err
	}
	_, err = newCopy(ctx, d.store)
	if err == nil {
		err = d.store.Checkpoint(ctx)
	}
	if err = d.end(err); err != nil {
		return err
	}
	return fault("writing the key file", keyfile.WriteFile(s.path(keyName), file))
}
