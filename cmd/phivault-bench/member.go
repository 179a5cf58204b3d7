package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/sync/remote/folder"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/store"
	"phivault/vault/store/cryptvfs"
	"phivault/vault/store/unsealed"
)

// member is one device's copy of a vault, as a process that measures is told of
// it. Its keys guard synthetic records and die with the scratch folder.
type member struct {
	DB        string // path
	Key       []byte // of the database; none: SQLite's own files, in the clear
	Sign, KEM []byte
	Genesis   []byte
	Epochs    []epochKey
	Floors    []vault.Place
	Remote    string // a folder
}

type epochKey struct {
	ID  segment.EpochID
	Key []byte
}

// opened is a member's database at work.
type opened struct {
	m       member
	vfs     *cryptvfs.VFS
	store   *store.Store
	vault   *vault.Vault
	device  *identity.Device // once the door is open
	journal *journal.Journal
	epochs  []journal.EpochKey
	remote  *folder.Remote
}

type opener func(context.Context, string, store.Options) (*store.Store, error)

func newMember(dir, remote string, encrypted bool) member {
	m := member{DB: filepath.Join(dir, "vault.db"), Sign: random(32), KEM: random(32), Remote: remote}
	if encrypted {
		m.Key = random(32)
	}
	return m
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// open opens the database as the product does once it has the keys, and nothing else:
// what "open" measures. The device's own keys wait for the door.
func (m member) open(ctx context.Context, with opener) (*opened, error) {
	id, err := identity.OwnID(m.Genesis, m.Sign, m.KEM)
	if err != nil {
		return nil, err
	}
	o := &opened{m: m}
	so := store.Options{VaultID: sha256.Sum256(m.Genesis), Device: id, Genesis: m.Genesis}
	if m.Key == nil {
		so.Unsealed = unsealed.ForMeasuring()
	} else {
		if o.vfs, err = cryptvfs.New(cryptvfs.Options{Key: m.Key, VaultID: so.VaultID}); err != nil {
			return nil, err
		}
		so.VFS = o.vfs.Name()
	}
	if o.store, err = with(ctx, m.DB, so); err != nil {
		return nil, errors.Join(err, o.close(ctx))
	}
	s := o.store
	o.vault = vault.New(vault.Parts{Store: s, Load: s, Index: s, Blobs: s, Log: s, Check: s})
	return o, nil
}

func (o *opened) close(ctx context.Context) (err error) {
	if o.journal != nil {
		err = o.journal.Close(ctx)
	}
	if o.vault != nil {
		err = errors.Join(err, o.vault.Close(ctx))
	}
	if o.store != nil {
		err = errors.Join(err, o.store.Close())
	}
	if o.vfs != nil {
		err = errors.Join(err, o.vfs.Close())
	}
	if o.remote != nil {
		err = errors.Join(err, o.remote.Close())
	}
	for _, e := range o.epochs {
		e.Key.Destroy()
	}
	o.device.Destroy()
	return err
}

// door opens what syncing needs, once.
func (o *opened) door(ctx context.Context) (err error) {
	if o.journal != nil {
		return nil
	}
	if o.device == nil {
		if o.device, err = identity.NewDevice(o.m.Sign, o.m.KEM); err != nil {
			return err
		}
	}
	if o.remote, err = folder.Create(o.m.Remote); err != nil {
		return err
	}
	for _, e := range o.m.Epochs {
		o.epochs = append(o.epochs, journal.EpochKey{ID: e.ID, Key: secret.FromBytes(append([]byte(nil), e.Key...))})
	}
	s := o.store
	o.journal, err = journal.Open(ctx, journal.Parts{Ledger: s, State: s, Store: s, Blobs: s, Device: o.device,
		Genesis: o.m.Genesis, Epochs: o.epochs, Floors: o.m.Floors})
	return err
}

func (o *opened) sync(ctx context.Context) error {
	if err := o.door(ctx); err != nil {
		return err
	}
	_, err := engine.Sync(ctx, o.journal, []engine.Target{{Name: "r", Remote: o.remote}}, engine.Options{})
	return err
}

// found makes a vault of two devices that share a remote; both are empty.
func found(ctx context.Context, dir string, encrypted bool) (first, second member, err error) {
	for _, d := range []string{"first", "second"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return first, second, err
		}
	}
	shared := filepath.Join(dir, "remote")
	first = newMember(filepath.Join(dir, "first"), shared, encrypted)
	second = newMember(filepath.Join(dir, "second"), shared, encrypted)
	if first.Genesis, err = identity.NewGenesis(first.Sign, first.KEM); err != nil {
		return first, second, err
	}
	e := epochKey{Key: random(32)}
	rand.Read(e.ID[:])
	first.Epochs = []epochKey{e}
	a, err := first.open(ctx, store.Create)
	if err != nil {
		return first, second, err
	}
	err = a.admit(ctx, &second)
	if err == nil {
		var b *opened
		if b, err = second.open(ctx, store.Create); err == nil {
			err = errors.Join(b.sync(ctx), b.close(ctx))
		}
	}
	return first, second, errors.Join(err, a.close(ctx))
}

// admit invites m, as "device invite" and "device join" do.
func (o *opened) admit(ctx context.Context, m *member) error {
	if err := o.door(ctx); err != nil {
		return err
	}
	d, err := identity.NewDevice(m.Sign, m.KEM)
	if err != nil {
		return err
	}
	defer d.Destroy()
	i := identity.NewInvitation()
	w, err := journal.NewRequest(i, d, "second", [32]byte(random(32)))
	if err != nil {
		return err
	}
	c, err := o.journal.Candidate(i, w.Envelope)
	if err != nil {
		return err
	}
	if c.Words != w.Words {
		return fmt.Errorf("%w: the request is another's", vault.ErrIntegrity)
	}
	reply, err := o.journal.Admit(ctx, c, segment.RoleMember)
	if err != nil {
		return err
	}
	if err := o.sync(ctx); err != nil {
		return err
	}
	if reply, err = inMemory(reply); err != nil {
		return err
	}
	j, err := w.Accept(reply)
	if err != nil {
		return err
	}
	defer j.Destroy()
	m.Genesis, m.Floors = j.Genesis, j.Floors
	for _, e := range j.Epochs {
		m.Epochs = append(m.Epochs, epochKey{e.ID, append([]byte(nil), e.Key.Bytes()...)})
	}
	return nil
}

// inMemory reads an envelope, which then can be opened any number of times.
func inMemory(e engine.Envelope) (engine.Envelope, error) {
	r, err := e.Open()
	if err != nil {
		return e, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	e.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	return e, err
}
