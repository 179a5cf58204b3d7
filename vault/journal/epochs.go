package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

func (j *Journal) wrapping(writer, recipient [16]byte, epoch segment.EpochID) identity.Wrapping {
	return identity.Wrapping{VaultID: j.id, Writer: writer, Recipient: recipient, Epoch: epoch}
}

// errOtherKey is a wrap of a key that is not the epoch's.
var errOtherKey = errors.New("not the epoch's key")

// unwrap opens an epoch's key that writer wrapped for this device. is may be nil for
// what was looked at before it was kept.
func (j *Journal) unwrap(id segment.EpochID, writer [16]byte, wrap []byte, is func(*secret.Bytes) bool) error {
	if j.keys[id] != nil {
		return nil
	}
	key, err := j.p.Device.Unwrap(j.wrapping(writer, j.self, id), wrap)
	if err != nil {
		return err
	}
	defer key.Destroy()
	if is != nil && !is(key) {
		return errOtherKey
	}
	k, err := segment.NewKeys(id, key)
	if err == nil {
		j.keys[id] = k
	}
	return err
}

// mintedBy tells the key of an epoch that a device minted from any other.
func (j *Journal) mintedBy(id segment.EpochID, minter [16]byte) func(*secret.Bytes) bool {
	return func(key *secret.Bytes) bool { return segment.MintedID(j.id, minter, segment.Commit(key)) == id }
}

// learn keeps a wrap, once it opened. One that does not open, or holds another key
// than the epoch's, is the writer's fault and leaves the epoch unknown here: an inbox
// may still bring it.
func (j *Journal) learn(ctx context.Context, id segment.EpochID, minter, writer [16]byte, wrap []byte) error {
	if j.keys[id] != nil || j.unwrap(id, writer, wrap, j.mintedBy(id, minter)) != nil {
		return nil
	}
	return j.p.State.SetState(ctx, epochState+hex.EncodeToString(id[:]), append(writer[:len(writer):len(writer)], wrap...))
}

// learnFormer is learn for a key that was wrapped for the device that this one was.
// It is kept under this one's own key, since the other's will be gone.
func (j *Journal) learnFormer(ctx context.Context, id segment.EpochID, minter, writer [16]byte, wrap []byte) error {
	if j.keys[id] != nil || j.earlier() == nil {
		return nil
	}
	key, err := j.earlier().Unwrap(j.wrapping(writer, j.earlier().ID(), id), wrap)
	if err != nil {
		return nil
	}
	defer key.Destroy()
	own, err := identity.Wrap(j.p.Device.Public(), j.wrapping(j.self, j.self, id), key)
	if err != nil {
		return err
	}
	return j.learn(ctx, id, minter, j.self, own)
}

// choose gives the epoch that new segments should be sealed under: of those whose
// recipients are the members, the highest. ok is false when there is none.
func (j *Journal) choose() (id segment.EpochID, ok bool) {
	ms := j.s.members(everything)
	devices := ms.devices()
	var best *epochInfo
	for _, e := range j.s.Epochs {
		if j.keys[e.ID] != nil && j.minted(ms, e) && slices.Equal(e.Recipients, devices) && (best == nil || higher(best, e) < 0) {
			best = e
		}
	}
	if best == nil {
		return id, false
	}
	return best.ID, true
}

// heldBy gives the highest epoch whose key all members have and nobody else: for
// what a device that replaced another saved before it could mint one. Without any,
// and for other devices, otherwise.
func (j *Journal) heldBy(otherwise segment.EpochID) segment.EpochID {
	if !j.s.copied(j.self) {
		return otherwise
	}
	ms := j.s.members(everything)
	devices := ms.devices()
	var best *epochInfo
	for _, e := range j.s.Epochs {
		if j.keys[e.ID] != nil && j.minted(ms, e) && slices.Equal(ms.holders(e), devices) && (best == nil || higher(best, e) < 0) {
			best = e
		}
	}
	if best == nil {
		return otherwise
	}
	return best.ID
}

// holders are the devices, members or not, that were given an epoch's key: its
// recipients, and whose admission says so. Ascending.
func (m membership) holders(e *epochInfo) [][16]byte {
	ids := slices.Clone(e.Recipients)
	for _, x := range m.all {
		if slices.Contains(x.given, e.ID) {
			ids = append(ids, x.device)
		}
	}
	slices.SortFunc(ids, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// minted reports whether an epoch's mint stands.
func (j *Journal) minted(ms membership, e *epochInfo) bool { return e.ID == j.first || ms.stands(e.At) }

// mint makes an epoch for the members as they will be after some changes that
// are about to be appended before it.
func (j *Journal) mint(after ...event) (vault.Note, *minted, error) {
	ms := j.s.members(everything, after...)
	var top *epochInfo
	for _, e := range j.s.Epochs {
		if j.minted(ms, e) && (top == nil || higher(top, e) < 0) {
			top = e
		}
	}
	key := secret.Random(32)
	defer key.Destroy()
	m := segment.Mint{Commit: segment.Commit(key), Parent: top.ID, Depth: top.Depth + 1}
	m.Epoch = segment.MintedID(j.id, j.self, m.Commit)
	for _, d := range ms.devices() {
		x, _ := ms.find(d)
		w, err := identity.Wrap(x.public, j.wrapping(j.self, d, m.Epoch), key)
		if err != nil {
			return vault.Note{}, nil, err
		}
		m.Wraps = append(m.Wraps, segment.MintWrap{Device: d, Wrap: w})
	}
	p := m.Encode()
	return vault.Note{Kind: vault.KindEpoch, Payload: p}, &minted{m.Epoch, sha256.Sum256(p), infoOf(m, vault.Place{}), after}, nil
}

// settle mints an epoch as soon as no known one fits the members, so that nothing
// written from now on is sealed for anybody else.
func (j *Journal) settle(ctx context.Context) error {
	if j.mute() != nil || !j.s.members(everything).is(j.self) {
		return nil
	}
	if _, ok := j.choose(); ok || j.pending.mint != nil {
		return nil
	}
	n, m, err := j.mint()
	if err != nil {
		return err
	}
	return j.append(ctx, m, n)
}

// append writes notes, of which one is the epoch m.
func (j *Journal) append(ctx context.Context, m *minted, notes ...vault.Note) error {
	_, err := j.p.Store.Append(ctx, vault.Batch{Notes: notes})
	if err == nil {
		j.pending.mint = m
	}
	return err
}
