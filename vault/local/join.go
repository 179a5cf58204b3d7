package local

import (
	"context"
	"encoding/json"
	"path/filepath"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault/journal"
	"phivault/vault/store"
)

// Newcomer is a device that has keys and no vault yet. Its owner calls Destroy.
type Newcomer struct {
	*identity.Device
	sign, kem *secret.Bytes
}

// NewNewcomer draws the keys of a new device.
func NewNewcomer() (*Newcomer, error) {
	n := &Newcomer{sign: secret.Random(identity.SeedSize), kem: secret.Random(identity.SeedSize)}
	var err error
	if n.Device, err = identity.NewDevice(n.sign.Bytes(), n.kem.Bytes()); err != nil {
		n.Destroy()
		return nil, err
	}
	return n, nil
}

// Destroy wipes the keys.
func (n *Newcomer) Destroy() {
	n.Device.Destroy()
	n.sign.Destroy()
	n.kem.Destroy()
}

// Join makes, in dir, this device's own copy of a vault that it was admitted to,
// under a passphrase of its own, and opens it. It is empty until the first sync,
// and the keys of the newcomer are in its key file from then on. As with Create,
// dir is vacant, and on an error nothing is left. Newcomer, reply and passphrase
// stay the caller's.
func Join(ctx context.Context, dir string, passphrase *secret.Bytes, p keyfile.Params, n *Newcomer, j *journal.Joined, o Options) (*Vault, error) {
	b := &keyfile.Bundle{Genesis: j.Genesis, Database: secret.Random(keyfile.KeySize), SigningSeed: n.sign.Clone(), KEMSeed: n.kem.Clone()}
	for _, e := range j.Epochs {
		b.Epochs = append(b.Epochs, keyfile.Epoch{ID: e.ID, Key: e.Key.Clone()})
	}
	defer b.Destroy()
	floors, err := json.Marshal(j.Floors)
	if err != nil {
		return nil, err
	}
	return found(ctx, dir, passphrase, p, b, floorsState, floors, o)
}

// keepState keeps something in a database that was just made: how far the inviting
// device had come, or the keys of the spare that comes to life.
func (s *stage) keepState(ctx context.Context, b *keyfile.Bundle, key string, value []byte, o Options) error {
	d, err := openDatabase(ctx, s.path(dbName), b, store.Open, store.Options{Clock: o.Clock})
	if err != nil {
		return err
	}
	err = d.store.SetState(ctx, key, value)
	if err == nil {
		err = d.store.Checkpoint(ctx)
	}
	return d.end(err)
}

// found makes a vault of the bundle's keys in dir, and opens it. The bundle stays
// the caller's.
func found(ctx context.Context, dir string, passphrase *secret.Bytes, p keyfile.Params, b *keyfile.Bundle, key string, value []byte, o Options) (*Vault, error) {
	o.fill()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := vacant(dir); err != nil {
		return nil, err
	}
	// Before the first file: a refused passphrase or parameter leaves no trace.
	file, err := keyfile.Seal(b, passphrase, nil, p)
	if err != nil {
		return nil, err
	}
	l, err := build(ctx, dir, o, func(s *stage) error {
		if err := s.create(ctx, b, file, o); err != nil || value == nil {
			return err
		}
		return s.keepState(ctx, b, key, value, o)
	})
	if err != nil {
		return nil, err
	}
	if err := l.guard(ctx, filepath.Join(dir, dbName), o.Wait); err != nil {
		return nil, first(err, l.release())
	}
	v := &Vault{dir: dir, id: b.VaultID(), o: o, lock: l, anchors: newAnchors(b.VaultID(), o)}
	recalled := v.anchors.recall(ctx)
	if err := v.attach(ctx, b, func() remembered { r := wait(ctx, recalled); r.fresh = true; return r }); err != nil {
		v.backupKey.Destroy()
		return nil, first(err, l.release())
	}
	return v, nil
}
