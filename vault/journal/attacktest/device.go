package attacktest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/store"
	"phivault/vault/store/cryptvfs"
)

// player is a device of the scratch vault: an encrypted database of throwaway keys
// and a journal, and what an attacker who is a member would hold.
type player struct {
	keys    *identity.Device
	seeds   [2]*secret.Bytes
	genesis []byte
	epochs  []journal.EpochKey
	floors  []vault.Place

	vfs     *cryptvfs.VFS
	store   *store.Store
	journal *journal.Journal
}

// newPlayer draws keys; open makes the rest.
func newPlayer() (*player, error) {
	p := &player{seeds: [2]*secret.Bytes{secret.Random(identity.SeedSize), secret.Random(identity.SeedSize)}}
	var err error
	p.keys, err = identity.NewDevice(p.seeds[0].Bytes(), p.seeds[1].Bytes())
	return p, err
}

// found makes the vault, of this one device.
func (p *player) found() (err error) {
	if p.genesis, err = identity.NewGenesis(p.seeds[0].Bytes(), p.seeds[1].Bytes()); err != nil {
		return err
	}
	e := journal.EpochKey{Key: secret.Random(32)}
	rand.Read(e.ID[:])
	p.epochs = []journal.EpochKey{e}
	return nil
}

// join has an owner admit the device. The two meet in memory.
func (p *player) join(ctx context.Context, owner *player, name string, role uint8) error {
	i := identity.NewInvitation()
	var nonce [32]byte
	rand.Read(nonce[:])
	w, err := journal.NewRequest(i, p.keys, name, nonce)
	if err != nil {
		return err
	}
	c, err := owner.journal.Candidate(i, w.Envelope)
	if err != nil {
		return err
	}
	reply, err := owner.journal.Admit(ctx, c, role)
	if err != nil {
		return err
	}
	joined, err := w.Accept(reply)
	if err != nil {
		return err
	}
	p.genesis, p.epochs, p.floors = joined.Genesis, joined.Epochs, joined.Floors
	return nil
}

func (p *player) open(ctx context.Context, dir string) error {
	g, err := identity.ParseGenesis(p.genesis)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	key := secret.Random(32)
	defer key.Destroy()
	if p.vfs, err = cryptvfs.New(cryptvfs.Options{Key: key.Bytes(), VaultID: g.VaultID()}); err != nil {
		return err
	}
	p.store, err = store.Create(ctx, filepath.Join(dir, "db"), store.Options{VFS: p.vfs.Name(), VaultID: g.VaultID(), Device: p.keys.ID(), Genesis: p.genesis})
	if err != nil {
		return err
	}
	p.journal, err = journal.Open(ctx, journal.Parts{Ledger: p.store, State: p.store, Store: p.store, Blobs: p.store,
		Device: p.keys, Genesis: p.genesis, Epochs: p.epochs, Floors: p.floors})
	return err
}

func (p *player) close(ctx context.Context) (err error) {
	if p.journal != nil {
		err = p.journal.Close(ctx)
	}
	if p.store != nil {
		err = errors.Join(err, p.store.Close())
	}
	if p.vfs != nil {
		err = errors.Join(err, p.vfs.Close())
	}
	p.keys.Destroy()
	for _, s := range p.seeds {
		s.Destroy()
	}
	for _, e := range p.epochs {
		e.Key.Destroy()
	}
	return err
}

func (p *player) id() vault.Hash { return sha256.Sum256(p.genesis) }

func (p *player) log() vault.LogID { return vault.LogID{Device: p.keys.ID()} }

// write adds a made-up record of no person.
func (p *player) write(ctx context.Context, id, text string) error {
	doc := fmt.Sprintf(`{"resourceType":"Basic","id":%q,"code":{"text":%q}}`, id, mark+" "+text)
	res, err := fhir.Parse([]byte(doc), nil)
	if err != nil {
		return err
	}
	put := &vault.Put{ID: vault.RecordIDOf("attack", "Basic", id), Source: "attack", Resource: &res}
	if err := p.store.Prepare(put); err != nil {
		return err
	}
	_, err = p.store.Append(ctx, vault.Batch{Puts: []*vault.Put{put}})
	return err
}

// mark is in every record of a scratch vault, to be looked for in what leaves it.
const mark = "Zebrafisch-Syndrom"

// sync exchanges everything with a remote.
func (p *player) sync(ctx context.Context, r remote.Remote) error {
	rep, err := engine.Sync(ctx, p.journal, []engine.Target{{Name: "r", Remote: r}}, engine.Options{
		Harmless: func(err error) bool {
			return errors.Is(err, journal.ErrWaiting) || errors.Is(err, journal.ErrUnreadable)
		}})
	for _, one := range rep.Remotes {
		err = errors.Join(append([]error{err}, one.Harmless...)...)
	}
	return err
}

// state is the logical state of the database: how far others' logs are in it, and
// their effects.
func (p *player) state(ctx context.Context) (string, error) {
	places, err := p.store.Places(ctx)
	if err != nil {
		return "", err
	}
	e, err := p.effects(ctx)
	return fmt.Sprintln(places, e), err
}

// effects are the number of entries that have one, and every record with all that it
// says.
func (p *player) effects(ctx context.Context) (string, error) {
	h := sha256.New()
	n := 0
	for _, err := range p.store.Entries(ctx, 1) {
		if err != nil {
			return "", err
		}
		n++
	}
	fmt.Fprintln(h, n)
	for r, err := range p.store.Find(ctx, vault.Query{}) {
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, r.ID, r.Version, r.Conflict, string(r.Resource.JSON))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// last is the last segment of a log, as p has it.
func (p *player) last(ctx context.Context, log vault.LogID) (*segment.Segment, error) {
	places, err := p.store.Places(ctx)
	if err != nil {
		return nil, err
	}
	for _, at := range places {
		if at.Log == log {
			return p.segment(ctx, log, at.Seq)
		}
	}
	return nil, fmt.Errorf("attacktest: %w", vault.ErrNotFound)
}

func (p *player) segment(ctx context.Context, log vault.LogID, seq uint64) (*segment.Segment, error) {
	l, err := p.store.Segment(ctx, log, seq)
	if err != nil {
		return nil, err
	}
	return segment.FromLedger(l)
}

// epoch gives an epoch's keys as the device has them.
func (p *player) epoch(ctx context.Context, id segment.EpochID) (*segment.Keys, error) {
	for _, e := range p.epochs {
		if e.ID == id {
			return segment.NewKeys(id, e.Key)
		}
	}
	b, err := p.store.State(ctx, "epoch/"+hex.EncodeToString(id[:]))
	if err != nil {
		return nil, err
	}
	if len(b) < 16 {
		return nil, fmt.Errorf("attacktest: an epoch's key: %w", vault.ErrNotFound)
	}
	key, err := p.keys.Unwrap(identity.Wrapping{VaultID: p.id(), Writer: [16]byte(b), Recipient: p.keys.ID(), Epoch: id}, b[16:])
	if err != nil {
		return nil, err
	}
	return segment.NewKeys(id, key)
}

// name is a segment's object.
func (p *player) name(ctx context.Context, s *segment.Segment) (remote.Name, error) {
	k, err := p.epoch(ctx, s.Epoch)
	if err != nil {
		return remote.Name{}, err
	}
	return segment.Space(p.id()).Name(k.SegmentName(s.Place.Log, s.Place.Seq)), nil
}

// next makes a next segment of by's log with its real keys: honest, but for what
// change does before it is signed, and sign instead of signing it.
func (p *player) next(ctx context.Context, change func(*segment.Segment), sign func(*segment.Segment)) (n remote.Name, object []byte, err error) {
	l, err := p.last(ctx, p.log())
	if err != nil {
		return n, nil, err
	}
	s := &segment.Segment{VaultID: p.id(), Place: vault.Place{Log: l.Place.Log, Seq: l.Place.Seq + 1}, Prev: l.Place.Hash,
		Epoch: l.Next, Next: l.Next, Clock: l.Clock}
	k, err := p.epoch(ctx, s.Epoch)
	if err != nil {
		return n, nil, err
	}
	n = segment.Space(p.id()).Name(k.SegmentName(s.Place.Log, s.Place.Seq))
	if change != nil {
		change(s)
	}
	if sign != nil {
		sign(s)
	} else {
		s.Sign(p.keys)
	}
	object, err = segment.Seal(s, nil, p.id(), k, n)
	return n, object, err
}
