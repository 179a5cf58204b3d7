package local

import (
	"context"
	"crypto/sha256"
	"errors"
	"path/filepath"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
)

// Keys are what opens a vault again without its passphrase: the open key file, in
// locked memory, for a program that lets go of the database and comes back. Who holds
// them destroys them.
type Keys struct {
	dir  string
	file [sha256.Size]byte // of the key file that they were in
	b    *keyfile.Bundle
	sk   *secret.Bytes
}

// ErrKeysChanged is a vault whose key file is another one than when the keys were
// taken: the passphrase or the keys were changed meanwhile.
var ErrKeysChanged = errors.New("the vault's key file was changed meanwhile")

// Open opens the vault again; see Open for its errors. ErrKeysChanged when it asks for
// the passphrase.
func (k *Keys) Open(ctx context.Context, o Options) (*Vault, error) {
	o.fill()
	return openDir(ctx, k.dir, k.open, o)
}

func (k *Keys) open(_ context.Context, file []byte, _ keyfile.Info, _ Options) (*keyfile.Bundle, *secret.Bytes, error) {
	if k.b == nil || sha256.Sum256(file) != k.file {
		return nil, nil, ErrKeysChanged
	}
	return k.b.Clone(), copied(k.sk), nil
}

// Destroy wipes the keys. It may be called again, and on nil.
func (k *Keys) Destroy() {
	if k == nil {
		return
	}
	k.b.Destroy()
	k.sk.Destroy()
	k.b, k.sk = nil, nil
}

// copied is nil for a key file that needs no device secret.
func copied(sk *secret.Bytes) *secret.Bytes {
	if sk == nil {
		return nil
	}
	return sk.Clone()
}

// unlocker opens a vault's key file.
type unlocker func(ctx context.Context, file []byte, info keyfile.Info, o Options) (*keyfile.Bundle, *secret.Bytes, error)

// by is the unlocker of a passphrase.
func by(passphrase *secret.Bytes) unlocker {
	return func(ctx context.Context, file []byte, info keyfile.Info, o Options) (*keyfile.Bundle, *secret.Bytes, error) {
		sk, err := deviceSecret(ctx, info, o)
		if err != nil {
			return nil, nil, err
		}
		b, err := openKeys(ctx, file, passphrase, sk)
		if err != nil {
			sk.Destroy()
			return nil, nil, err
		}
		return b, sk, nil
	}
}

// hold hands the keys out, where somebody wants them.
func (o Options) hold(dir string, file []byte, b *keyfile.Bundle, sk *secret.Bytes) {
	if o.Hold != nil {
		o.Hold(&Keys{dir: filepath.Clean(dir), file: sha256.Sum256(file), b: b.Clone(), sk: copied(sk)})
	}
}
