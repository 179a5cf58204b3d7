package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
)

// Vault is an open vault: the use cases, and what is done to it as a whole. It is
// safe for concurrent use; acts on the whole take turns.
type Vault struct {
	*vault.Vault

	dir string
	id  vault.Hash
	o   Options

	lock     *lock
	database *database
	anchors  *anchors
	keeper   *keeper
	instance string

	whole     sync.Mutex // one act on the whole at a time; guards what follows
	closed    bool
	backupKey *secret.Bytes
	sk        *secret.Bytes // device secret; nil when the key file needs none
	pending   *binding
	door      door
}

// ErrClosed is an act on a vault that was closed.
var ErrClosed = errors.New("the vault is closed")

// Dir is the vault's folder, absolute.
func (v *Vault) Dir() string { return v.dir }

// ID is the vault's name: SHA-256 of its genesis.
func (v *Vault) ID() vault.Hash { return v.id }

// Close writes what the audit trail still holds, closes the database, lets this
// device remember how far it came, wipes the keys and lets go of the vault. It
// may be called again and then does nothing. The first error is the one that
// matters; everything is let go of in any case.
func (v *Vault) Close(ctx context.Context) error {
	v.whole.Lock()
	defer v.whole.Unlock()
	return v.shut(ctx)
}

// shut is Close for who holds whole.
func (v *Vault) shut(ctx context.Context) error {
	if v.closed {
		return nil
	}
	v.closed = true
	err := v.Vault.Close(context.WithoutCancel(ctx))
	err = first(err, v.door.close(context.WithoutCancel(ctx)))
	// The database first: an anchor must never tell of what did not last.
	closed := v.database.close()
	v.keeper.close()
	v.pending.drop()
	v.backupKey.Destroy()
	v.sk.Destroy()
	return first(err, closed, v.lock.release())
}

// Check derives from the passphrase again and is nil when it opens this vault:
// for asking again before a sensitive act. keyfile.ErrPassphrase otherwise.
func (v *Vault) Check(ctx context.Context, passphrase *secret.Bytes) error {
	v.whole.Lock()
	defer v.whole.Unlock()
	b, _, err := v.reopen(ctx, passphrase)
	b.Destroy()
	return err
}

// ownKey reads the key file as it is on disk now. The caller holds whole.
func (v *Vault) ownKey() ([]byte, keyfile.Info, error) {
	if v.closed {
		return nil, keyfile.Info{}, ErrClosed
	}
	file, info, err := readKey(v.dir)
	if err == nil && info.VaultID != v.id {
		err = fmt.Errorf("%w: the key file has become another vault's", vault.ErrIntegrity)
	}
	return file, info, err
}

// reopen derives and opens the key file. The caller holds whole.
func (v *Vault) reopen(ctx context.Context, passphrase *secret.Bytes) (*keyfile.Bundle, keyfile.Info, error) {
	file, info, err := v.ownKey()
	if err != nil {
		return nil, info, err
	}
	b, err := openKeys(ctx, file, passphrase, v.sk)
	return b, info, err
}

// rewrite seals the bundle into the vault's key file, whole or not at all. The
// act is in the audit trail before the file changes, and not at all when the
// passphrase or the parameters are refused. After keyfile.ErrUnsynced the new key
// file is in force; inForce then says what that means to the owner.
func (v *Vault) rewrite(ctx context.Context, a vault.Action, b *keyfile.Bundle, passphrase, sk *secret.Bytes, p keyfile.Params, inForce string) error {
	file, err := keyfile.Seal(b, passphrase, sk, p)
	if err != nil {
		return err
	}
	if err := v.announce(ctx, a); err != nil {
		return err
	}
	err = v.o.writeKey(filepath.Join(v.dir, keyName), file)
	if errors.Is(err, keyfile.ErrUnsynced) {
		return fmt.Errorf("%s: %w", inForce, err)
	}
	return fault("writing the key file", err)
}

// announce writes the act into the audit trail before it is done.
func (v *Vault) announce(ctx context.Context, a vault.Action) error {
	if v.lock.readOnly() {
		return vault.ErrReadOnly
	}
	return explain(v.Record(ctx, a, vault.RecordID{}), v.database.vfs.LastError())
}

// ChangePassphrase puts the keys under another passphrase, with the same
// parameters when p is nil. The key file alone is rewritten: whoever cuts it off
// finds either the old passphrase or the new one in force. It does not undo
// copies: an old backup opens with the old passphrase. After keyfile.ErrUnsynced
// the new one is in force, and a power cut may bring the old one back; after any
// other error the old one is.
func (v *Vault) ChangePassphrase(ctx context.Context, old, new *secret.Bytes, p *keyfile.Params) error {
	v.whole.Lock()
	defer v.whole.Unlock()
	b, info, err := v.reopen(ctx, old)
	if err != nil {
		return err
	}
	defer b.Destroy()
	if p == nil {
		p = &info.Params
	}
	return v.rewrite(ctx, vault.ActionPassphrase, b, new, v.sk, *p, "the NEW passphrase is in force")
}

// now is the clock's time as it is kept: UTC, whole seconds.
func (o Options) now() time.Time { return o.Clock().UTC().Truncate(time.Second) }
