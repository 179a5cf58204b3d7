// Package enginetest is a journal in memory for tests of package engine: several
// devices, signed and chained segments, attachments, packs, and the promises of
// engine.Journal and nothing else of a vault.
//
// It verifies as a real journal does, and it also watches the engine: Broken
// names every rule of engine.Journal that the engine has not kept. Its seal is a
// checksum under a shared key and hides nothing.
package enginetest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"

	"phivault/sync/remote"
)

// What a journal says of an object. ErrLocal is a journal that cannot work.
var (
	ErrForged     = errors.New("forged")
	ErrFork       = errors.New("two histories")
	ErrGone       = errors.New("the remote went back")
	ErrUnreadable = errors.New("does not open")
	ErrLocal      = errors.New("no room on the disk")
)

const (
	lookAhead = 16
	packOf    = 64
)

// Vault is what its devices share. Its fields are set before the first journal.
type Vault struct {
	Devices    int
	PerSegment int // entries at most; default 100
	Packs      bool
	key        []byte
}

// NewVault gives a vault with this many devices, numbered from 0.
func NewVault(devices int) *Vault {
	key := make([]byte, 32)
	rand.Read(key)
	return &Vault{Devices: devices, PerSegment: 100, key: key}
}

// Space is where the vault's objects lie.
func (v *Vault) Space() remote.Space { return remote.VaultSpace([10]byte(v.key)) }

// Segment is a signed part of a device's log.
type Segment struct {
	Device, Seq int
	Prev        [32]byte
	Entries     []string
	Blobs       []Blob
	Signature   []byte
}

// Blob is an attachment: size zero bytes under a name that was chosen by chance.
type Blob struct {
	Name [32]byte
	Size int
}

func (s Segment) signed() []byte {
	s.Signature = nil
	b, err := json.Marshal(s)
	if err != nil {
		panic("enginetest: " + err.Error())
	}
	return b
}

func (s Segment) hash() [32]byte { return sha256.Sum256(append(s.signed(), s.Signature...)) }

func (v *Vault) mac(label string, parts ...any) []byte {
	h := hmac.New(sha256.New, v.key)
	h.Write([]byte(label))
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			binary.Write(h, binary.BigEndian, int64(p))
		case []byte:
			binary.Write(h, binary.BigEndian, int64(len(p)))
			h.Write(p)
		}
	}
	return h.Sum(nil)
}

// Sign signs as the segment's device does, whatever the segment says: an
// attacker may have been a member.
func (v *Vault) Sign(s Segment) Segment {
	s.Signature = v.mac("sign", s.Device, s.signed())
	return s
}

// SegmentName names a segment.
func (v *Vault) SegmentName(device, seq int) remote.Name {
	return v.Space().Name([32]byte(v.mac("segment", device, seq)))
}

// PackName names the pack that begins with a segment.
func (v *Vault) PackName(device, first int) remote.Name {
	return v.Space().Name([32]byte(v.mac("pack", device, first)))
}

// Seal seals for a name. Two seals of one thing differ.
func (v *Vault) Seal(n remote.Name, content any) []byte {
	plain, err := json.Marshal(content)
	if err != nil {
		panic("enginetest: " + err.Error())
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	return append(append(salt, v.mac("seal", []byte(n.String()), salt, plain)...), plain...)
}

const overhead = 16 + 32

func (v *Vault) open(n remote.Name, object []byte, content any) error {
	if len(object) < overhead {
		return ErrUnreadable
	}
	salt, sum, plain := object[:16], object[16:overhead], object[overhead:]
	if !bytes.Equal(sum, v.mac("seal", []byte(n.String()), salt, plain)) {
		return ErrUnreadable
	}
	if json.Unmarshal(plain, content) != nil {
		return ErrForged
	}
	return nil
}
