package segment

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"phivault/crypto/identity"
	"phivault/vault"
)

// EpochID names an epoch.
type EpochID [16]byte

// Segment is the signed plaintext of one segment.
type Segment struct {
	VaultID   vault.Hash
	Place     vault.Place // Hash is that of the whole encoding; not encoded itself
	Prev      vault.Hash
	Epoch     EpochID // that names and seals this segment
	Next      EpochID // that names and seals its successor
	Clock     time.Time
	Last      bool          // of its log
	Heads     []vault.Place // ascending by device, then log number
	Made      []vault.Run   // when the entries were made, as Runs gives it; none: the writer did not say
	Entries   []vault.Header
	Signature [identity.SignatureSize]byte

	// Carried is beside the segment in one store's object, no part of what is
	// signed and hashed. Only the first segment of a log after the first has any.
	Carried []Carried
}

// Carried is the object of a lower log's segment, by the same device, whose own
// name is taken at that store. It is sealed as it would be under that name.
type Carried struct {
	Number, Seq uint64
	Object      []byte
}

// Later reports whether the segment is the first of a log that is not its
// device's first.
func (s *Segment) Later() bool { return s.Place.Log.Number > 0 && s.Place.Seq == 0 }

// Limits of one segment.
const (
	MaxEntries = 4096

	version    = 1
	suite      = 1
	label      = "phivault/segment/v1"
	headSize   = 16 + 8 + 8 + 32
	headerSize = 1 + 16 + 2 + 32 + 8 // without parents
	flagLast   = 1
	flagClocks = 2
	maxClock   = 253402300799999 // the end of year 9999
)

// prefix is everything before the count of entries.
func (s *Segment) prefix() []byte {
	b := make([]byte, 0, 256+len(s.Heads)*headSize)
	b = append(b, version, suite)
	b = append(b, s.VaultID[:]...)
	b = append(b, s.Place.Log.Device[:]...)
	b = binary.BigEndian.AppendUint64(b, s.Place.Log.Number)
	b = binary.BigEndian.AppendUint64(b, s.Place.Seq)
	b = append(b, s.Prev[:]...)
	b = append(b, s.Epoch[:]...)
	b = append(b, s.Next[:]...)
	b = binary.BigEndian.AppendUint64(b, wireClock(s.Clock))
	flags := byte(0)
	if s.Last {
		flags |= flagLast
	}
	if len(s.Made) > 0 {
		flags |= flagClocks
	}
	b = append(b, flags)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Heads)))
	for _, h := range s.Heads {
		b = append(b, h.Log.Device[:]...)
		b = binary.BigEndian.AppendUint64(b, h.Log.Number)
		b = binary.BigEndian.AppendUint64(b, h.Seq)
		b = append(b, h.Hash[:]...)
	}
	if len(s.Made) > 0 {
		b = appendClocks(b, s.Made)
	}
	return b
}

func (s *Segment) signed() []byte {
	b := binary.BigEndian.AppendUint32(s.prefix(), uint32(len(s.Entries)))
	for _, h := range s.Entries {
		b, _ = h.AppendBinary(b)
	}
	return b
}

// Sign signs the segment with its device's key and sets its hash.
func (s *Segment) Sign(d *identity.Device) {
	b := s.signed()
	copy(s.Signature[:], d.Sign(label, b))
	s.Place.Hash = sha256.Sum256(append(b, s.Signature[:]...))
}

// Verify reports whether the segment is signed by the device it names, whose keys
// are p.
func (s *Segment) Verify(p identity.Public) bool {
	return [16]byte(p.DeviceID()) == s.Place.Log.Device && p.Verify(label, s.signed(), s.Signature[:])
}

// Encode gives the canonical bytes, signature included.
func (s *Segment) Encode() []byte { return append(s.signed(), s.Signature[:]...) }

// Head gives what a ledger keeps beside the entries: the encoding without them.
func (s *Segment) Head() []byte { return append(s.prefix(), s.Signature[:]...) }

// Decode reads what Encode wrote and nothing else, and sets the hash.
func Decode(b []byte) (*Segment, error) {
	s := new(Segment)
	r := &reader{b: b}
	s.decodePrefix(r)
	n := r.u32()
	if n > MaxEntries || !r.room(int(n), headerSize) || len(s.Made) > 0 && !covers(s.Made, n) {
		return nil, ErrFormat
	}
	s.Entries = make([]vault.Header, n)
	for i := range s.Entries {
		s.Entries[i] = decodeHeader(r)
	}
	r.fill(s.Signature[:])
	if err := r.end(); err != nil {
		return nil, err
	}
	s.Place.Hash = sha256.Sum256(b)
	return s, nil
}

func (s *Segment) decodePrefix(r *reader) {
	if r.u8() != version || r.u8() != suite {
		r.bad = true
	}
	r.fill(s.VaultID[:])
	r.fill(s.Place.Log.Device[:])
	s.Place.Log.Number, s.Place.Seq = r.u64(), r.u64()
	r.fill(s.Prev[:])
	r.fill(s.Epoch[:])
	r.fill(s.Next[:])
	clock, flags := r.u64(), r.u8()
	if clock > maxClock || flags&^(flagLast|flagClocks) != 0 {
		r.bad = true
	}
	s.Clock, s.Last = readClock(clock), flags&flagLast != 0
	n := r.u16()
	if !r.room(n, headSize) {
		return
	}
	s.Heads = make([]vault.Place, n)
	for i := range s.Heads {
		h := &s.Heads[i]
		r.fill(h.Log.Device[:])
		h.Log.Number, h.Seq = r.u64(), r.u64()
		r.fill(h.Hash[:])
		if i > 0 && CompareLogs(s.Heads[i-1].Log, h.Log) >= 0 {
			r.bad = true
		}
	}
	if flags&flagClocks != 0 {
		s.Made = decodeClocks(r)
	}
}

func decodeHeader(r *reader) (h vault.Header) {
	h.Kind = vault.Kind(r.u8())
	if h.Kind < vault.KindPut || h.Kind > vault.KindPurge {
		r.bad = true
	}
	r.fill(h.Record[:])
	if n := r.u16(); n > 0 && r.room(n, 32) {
		h.Parents = make([]vault.RevisionID, n)
		for i := range h.Parents {
			r.fill(h.Parents[i][:])
			if i > 0 && bytes.Compare(h.Parents[i-1][:], h.Parents[i][:]) >= 0 {
				r.bad = true
			}
		}
	}
	r.fill(h.Payload[:])
	h.Length = r.u64()
	if h.Length > maxLength {
		r.bad = true
	}
	return h
}

// maxLength bounds what a header may claim of its payload, in bytes: what a
// store unpacks at most.
const maxLength = 256 << 20

// CompareLogs orders logs by device, then number.
func CompareLogs(a, b vault.LogID) int {
	return cmp.Or(bytes.Compare(a.Device[:], b.Device[:]), cmp.Compare(a.Number, b.Number))
}

// ComparePlaces orders places by log, then number in it.
func ComparePlaces(a vault.LogID, i uint64, b vault.LogID, k uint64) int {
	return cmp.Or(CompareLogs(a, b), cmp.Compare(i, k))
}

// SortPlaces brings heads into the order in which a segment lists them.
func SortPlaces(p []vault.Place) {
	slices.SortFunc(p, func(a, b vault.Place) int { return CompareLogs(a.Log, b.Log) })
}

// FromLedger rebuilds a segment from what a ledger gives back. ErrFormat when its
// hash is not the one that the ledger remembers: the store changed.
func FromLedger(l vault.Segment) (*Segment, error) {
	if len(l.Head) < identity.SignatureSize {
		return nil, ErrFormat
	}
	prefix, sig := l.Head[:len(l.Head)-identity.SignatureSize], l.Head[len(l.Head)-identity.SignatureSize:]
	b := binary.BigEndian.AppendUint32(bytes.Clone(prefix), uint32(len(l.Entries)))
	for _, e := range l.Entries {
		b, _ = e.Header.AppendBinary(b)
	}
	s, err := Decode(append(b, sig...))
	if err != nil {
		return nil, err
	}
	if s.Place != l.Place {
		return nil, ErrFormat
	}
	return s, nil
}
