package segment

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"phivault/crypto/seal"
	"phivault/crypto/secret"
	"phivault/vault"
)

// Keys are what follows from one epoch's key. Its owner calls Destroy.
type Keys struct {
	id                         EpochID
	root, segment, blob, named *secret.Bytes
}

const epochInfo = "phivault/epoch/v1/"

// NewKeys derives an epoch's keys from its key of 32 bytes, which it copies.
func NewKeys(id EpochID, key *secret.Bytes) (*Keys, error) {
	if key.Len() != seal.KeySize {
		return nil, fmt.Errorf("segment: an epoch key of %d bytes", key.Len())
	}
	k := &Keys{id: id, root: key.Clone()}
	k.segment, k.blob, k.named = k.derive("segment"), k.derive("blob"), k.derive("name")
	return k, nil
}

// Commit is what a mint says of its key, of 32 bytes, beside the wraps.
func Commit(key *secret.Bytes) [32]byte {
	b, err := hkdf.Key(sha512.New, key.Bytes(), nil, epochInfo+"commit", 32)
	if err != nil {
		panic("segment: " + err.Error())
	}
	return [32]byte(b)
}

// MintedID is the id of an epoch that a device mints with a key that commit is made
// of. Without the binding whoever reads a mint could give its id to a key of his own:
// in a mint that arrives first, or in an inbox.
func MintedID(vaultID vault.Hash, minter [16]byte, commit [32]byte) EpochID {
	b := append([]byte(epochInfo+"id"), vaultID[:]...)
	h := sha256.Sum256(append(append(b, minter[:]...), commit[:]...))
	return EpochID(h[:16])
}

func (k *Keys) derive(use string) *secret.Bytes {
	b, err := hkdf.Key(sha512.New, k.root.Bytes(), k.id[:], epochInfo+use, seal.KeySize)
	if err != nil {
		panic("segment: " + err.Error()) // 32 bytes are never too many
	}
	return secret.FromBytes(b)
}

// ID names the epoch.
func (k *Keys) ID() EpochID { return k.id }

// Key is the epoch's own key, lent: to be wrapped for a device.
func (k *Keys) Key() *secret.Bytes { return k.root }

// BlobKey seals attachments and payloads that travel apart; lent.
func (k *Keys) BlobKey() *secret.Bytes { return k.blob }

// Destroy wipes the keys. It may be called more than once, and on nil.
func (k *Keys) Destroy() {
	if k == nil {
		return
	}
	for _, b := range []*secret.Bytes{k.root, k.segment, k.blob, k.named} {
		b.Destroy()
	}
}

func (k *Keys) mac(parts ...[]byte) (id [32]byte) {
	m := hmac.New(sha256.New, k.named.Bytes())
	for _, p := range parts {
		m.Write(p)
	}
	m.Sum(id[:0])
	return id
}

// SegmentName is the 32 bytes of a segment's name.
func (k *Keys) SegmentName(log vault.LogID, seq uint64) [32]byte {
	return k.mac([]byte("segment\x00"), place(log, seq))
}

// PackName is that of the pack whose first segment this is.
func (k *Keys) PackName(log vault.LogID, first uint64) [32]byte {
	return k.mac([]byte("pack\x00"), place(log, first))
}

// PayloadName is that of a payload that travels apart.
func (k *Keys) PayloadName(payload vault.Hash) (id [32]byte) {
	h := sha256.New()
	h.Write([]byte("payload"))
	h.Write(payload[:])
	h.Write(k.named.Bytes())
	h.Sum(id[:0])
	return id
}

// Inbox gives a device's inbox. k must be the genesis epoch's.
func (k *Keys) Inbox(device [16]byte) *secret.Bytes { return k.derive("inbox" + string(device[:])) }

// InboxName is the 32 bytes of the name of a writer's nth object in an inbox.
func InboxName(inbox *secret.Bytes, writer [16]byte, n uint64) (id [32]byte) {
	m := hmac.New(sha256.New, inbox.Bytes())
	m.Write(binary.BigEndian.AppendUint64(writer[:len(writer):len(writer)], n))
	m.Sum(id[:0])
	return id
}

func place(log vault.LogID, seq uint64) []byte {
	b := append(make([]byte, 0, 32), log.Device[:]...)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, log.Number), seq)
}

func tag(vaultID vault.Hash) (t [10]byte) {
	h := sha256.Sum256(append([]byte("tag"), vaultID[:]...))
	copy(t[:], h[:])
	return t
}
