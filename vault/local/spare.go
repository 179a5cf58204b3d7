package local

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

// SpareRemote is where a spare finds the vault. Access is the public half of the host-access
// key in Credential, nil where it holds none.
type SpareRemote struct {
	URL, Pin, Credential string
	Access               ed25519.PublicKey
}

// Spare is a device for a drawer that was made and is not admitted yet.
type Spare struct {
	Text   string // to be put away
	Device identity.DeviceID
	Proof  []byte // that the access key is its; nil without one
	// Admit lets it in. The next sync tells the others.
	Admit func(context.Context) error
}

// NewSpare makes a device for a drawer: its keys and the remote's address, sealed as text
// under a passphrase of its own. It is to be admitted once the text is where it is to stay. journal.ErrNotMember unless this device is
// an owner; keyfile.ErrSpare when address and credential leave no room.
func (v *Vault) NewSpare(ctx context.Context, passphrase *secret.Bytes, p keyfile.Params, name string, r SpareRemote) (made Spare, err error) {
	v.whole.Lock()
	defer v.whole.Unlock()
	if v.closed {
		return made, ErrClosed
	}
	j, err := v.door.open(ctx, v.database.store, v.o)
	if err != nil {
		return made, explain(err, v.database.vfs.LastError())
	}
	if !slices.ContainsFunc(j.Members(), func(m journal.Member) bool { return m.Self && m.Owner && !m.Removed }) {
		return made, fmt.Errorf("%w: only an owner makes a spare", journal.ErrNotMember)
	}
	most, err := keyfile.SpareEpochs(v.door.keys.Genesis, r.URL, r.Pin, r.Credential)
	if err != nil {
		return made, err
	}
	n, err := NewNewcomer()
	if err != nil {
		return made, err
	}
	defer n.Destroy()
	s := &keyfile.Spare{Bundle: &keyfile.Bundle{Genesis: v.door.keys.Genesis, Database: secret.New(keyfile.KeySize),
		SigningSeed: n.sign.Clone(), KEMSeed: n.kem.Clone()}, Remote: r.URL, Pin: r.Pin, Credential: r.Credential}
	defer s.Destroy()
	var given []segment.EpochID
	// The first, which names every log's first segment, and the newest. What does not
	// fit comes through the inbox.
	keys := j.Keys()
	for i, k := range keys {
		if i > 0 && i < len(keys)-most+1 {
			k.Key.Destroy()
			continue
		}
		s.Epochs = append(s.Epochs, keyfile.Epoch{ID: k.ID, Key: k.Key})
		given = append(given, k.ID)
	}
	made.Device = n.ID()
	if made.Text, err = keyfile.SealSpare(s, passphrase, p); err != nil {
		return made, err
	}
	if r.Access != nil {
		made.Proof = j.AccessProofOf(n.Device, r.Access)
	}
	public := n.Public()
	made.Admit = func(ctx context.Context) error {
		if err := v.announce(ctx, vault.ActionSpare); err != nil {
			return err
		}
		return j.AdmitSpare(ctx, public, name, given)
	}
	return made, nil
}

// Revive makes, in dir, a vault of a spare that comes to life, under a passphrase of its
// own, and opens it. It has fresh keys: the spare's sign for them at the first sync,
// which fills it. So a spare used twice is two devices. As with Create, dir is vacant.
// Spare and passphrase stay the caller's.
func Revive(ctx context.Context, dir string, passphrase *secret.Bytes, p keyfile.Params, s *keyfile.Spare, o Options) (*Vault, error) {
	n, err := NewNewcomer()
	if err != nil {
		return nil, err
	}
	defer n.Destroy()
	b := &keyfile.Bundle{Genesis: s.Genesis, Database: secret.Random(keyfile.KeySize), SigningSeed: n.sign.Clone(), KEMSeed: n.kem.Clone()}
	for _, e := range s.Epochs {
		b.Epochs = append(b.Epochs, keyfile.Epoch{ID: e.ID, Key: e.Key.Clone()})
	}
	defer b.Destroy()
	key, value := journal.Former(s.SigningSeed, s.KEMSeed)
	defer clear(value)
	return found(ctx, dir, passphrase, p, b, key, value, o)
}
