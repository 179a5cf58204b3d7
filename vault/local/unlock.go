package local

import (
	"context"
	"crypto/hkdf"
	"crypto/sha512"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
)

// readKey reads a vault's key file and what it says about itself. Parameters
// outside the limits are an error here, before anything is derived.
func readKey(dir string) ([]byte, keyfile.Info, error) {
	file, err := keyfile.ReadFile(filepath.Join(dir, keyName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, keyfile.Info{}, vault.ErrNoVault
	}
	if errors.Is(err, keyfile.ErrFormat) {
		return nil, keyfile.Info{}, damagedKey(err)
	}
	if err != nil {
		return nil, keyfile.Info{}, fault("reading the key file", err)
	}
	info, err := keyfile.Inspect(file)
	if errors.Is(err, keyfile.ErrFormat) {
		err = damagedKey(err)
	}
	return file, info, err
}

// damagedKey is a key file that is none, or not a whole one. The database is
// unharmed, and so is a backup's key file.
func damagedKey(err error) error {
	return fmt.Errorf("%w: the key file is cut short or altered; restore a backup (%w)", vault.ErrIntegrity, err)
}

// deviceSecret finds what a bound key file needs besides the passphrase. It is
// nil for a key file that needs nothing; otherwise the caller destroys it.
func deviceSecret(ctx context.Context, info keyfile.Info, o Options) (*secret.Bytes, error) {
	switch {
	case !info.NeedsDeviceSecret:
		return nil, nil
	case o.DeviceSecret != nil:
		return o.DeviceSecret.Clone(), nil
	case o.Keyring == nil:
		return nil, needSecret(ErrNoKeyring)
	}
	s, err := loadSecret(ctx, o.Keyring, info.VaultID)
	if err != nil {
		return nil, needSecret(err)
	}
	return s, nil
}

func needSecret(why error) error {
	return fmt.Errorf("the vault is bound to a device secret, which is not at hand (%w); give the printed code: %w", why, keyfile.ErrDeviceSecret)
}

func loadSecret(ctx context.Context, k Keyring, id vault.Hash) (*secret.Bytes, error) {
	code, err := k.Get(ctx, secretItem(id))
	if err != nil {
		return nil, err
	}
	s, err := ParseCode(code)
	if err != nil {
		return nil, errors.New("what the keyring holds is not a device secret")
	}
	return s, nil
}

// openKeys derives and opens a key file. The context is looked at before the
// derivation, which nothing interrupts, and after it.
func openKeys(ctx context.Context, file []byte, passphrase, sk *secret.Bytes) (*keyfile.Bundle, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := keyfile.Open(file, passphrase, sk)
	if err == nil && ctx.Err() != nil {
		b.Destroy()
		return nil, ctx.Err()
	}
	return b, err
}

// device is the name of the device whose seeds the bundle holds.
func device(b *keyfile.Bundle) ([16]byte, error) {
	id, err := identity.OwnID(b.Genesis, b.SigningSeed.Bytes(), b.KEMSeed.Bytes())
	if err != nil {
		err = fmt.Errorf("the key file's device: %w", err)
	}
	return id, err
}

// backupKey authenticates the frame of backups: HKDF-SHA-512(database key, salt =
// vault id, label), 32 bytes. Backups stay verifiable when the passphrase changes.
func backupKey(b *keyfile.Bundle) (*secret.Bytes, error) {
	id := b.VaultID()
	k, err := hkdf.Key(sha512.New, b.Database.Bytes(), id[:], "phivault/backup/v1 authentication key", 32)
	if err != nil {
		return nil, err
	}
	return secret.FromBytes(k), nil
}
