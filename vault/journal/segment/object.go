package segment

import (
	"cmp"
	"encoding/binary"

	"phivault/crypto/seal"
	"phivault/sync/remote"
	"phivault/vault"
)

// Limits of objects, in bytes.
const (
	// TargetSize is the bucket that segments' objects should fill, and SmallSize the
	// one below it, for what would leave a quarter of that empty.
	TargetSize = 1 << 20
	SmallSize  = 256 << 10
	// MaxSize is the largest object of a segment that a reader takes.
	MaxSize = 4 << 20
	// minObject is the smallest that anything sealed for a store has.
	minObject = 4 << 10
	// MaxInline is the largest body that travels within its segment.
	MaxInline = 256 << 10
)

// Room is what entries, bodies, the lengths of bodies and the runs after the first may
// have, in bytes, so that the object of a segment with so many heads is not larger than
// size.
func Room(size int64, heads int) int64 {
	s := Segment{Made: make([]vault.Run, 1)}
	return seal.Capacity(size) - int64(4+len(s.Encode())+heads*headSize)
}

// packGone stands where a body says how it is packed.
const packGone = 255

// Gone gives the body of an entry whose content was removed on purpose.
func Gone() []byte { return []byte{packGone} }

// IsGone reports whether a body is Gone's.
func IsGone(body []byte) bool { return len(body) == 1 && body[0] == packGone }

// Apart reports whether an entry's body travels as an object of its own.
func Apart(body []byte) bool { return len(body) > MaxInline }

// Plaintext gives what a segment's object holds: var(signed plaintext) ‖ var(body)
// of each entry, empty for a body that is absent or travels apart ‖ what it carries.
func Plaintext(s *Segment, bodies [][]byte) []byte {
	signed := s.Encode()
	n := 4 + len(signed)
	for _, b := range bodies {
		n += 4 + len(b)
	}
	out := appendVar(make([]byte, 0, n), signed)
	for _, b := range bodies {
		if Apart(b) {
			b = nil
		}
		out = appendVar(out, b)
	}
	for _, c := range s.Carried {
		out = binary.BigEndian.AppendUint64(out, c.Number)
		out = binary.BigEndian.AppendUint64(out, c.Seq)
		out = appendVar(out, c.Object)
	}
	return out
}

// readCarried reads what follows the bodies of a segment that may carry others.
func readCarried(r *reader, s *Segment) {
	for s.Later() && !r.bad && len(r.b) > 0 {
		c := Carried{Number: r.u64(), Seq: r.u64(), Object: r.variable(MaxSize)}
		n := len(s.Carried)
		if c.Number >= s.Place.Log.Number || len(c.Object) < minObject || n > 0 && cmp.Or(cmp.Compare(s.Carried[n-1].Number, c.Number),
			cmp.Compare(s.Carried[n-1].Seq, c.Seq)) >= 0 {
			r.bad = true
		}
		s.Carried = append(s.Carried, c)
	}
}

// ParsePlaintext reads what Plaintext wrote. Bodies lie within b; an empty one is
// nil.
func ParsePlaintext(b []byte) (*Segment, [][]byte, error) {
	r := &reader{b: b}
	signed := r.variable(MaxSize)
	if r.bad {
		return nil, nil, ErrFormat
	}
	s, err := Decode(signed)
	if err != nil {
		return nil, nil, err
	}
	bodies := make([][]byte, len(s.Entries))
	for i := range bodies {
		if bodies[i] = r.variable(MaxInline); len(bodies[i]) == 0 {
			bodies[i] = nil
		}
	}
	readCarried(r, s)
	if err := r.end(); err != nil {
		return nil, nil, err
	}
	return s, bodies, nil
}

// Seal makes the object of a segment for the name it goes under.
func Seal(s *Segment, bodies [][]byte, vaultID vault.Hash, k *Keys, n remote.Name) ([]byte, error) {
	return seal.Seal(Plaintext(s, bodies), k.segment, k.context(vaultID, seal.KindSegment, n), seal.Buckets)
}

// Open opens an object. seal.ErrOpen when it is not one of this vault, epoch, kind
// and name; ErrFormat when it is and holds no segment.
func Open(object []byte, vaultID vault.Hash, k *Keys, n remote.Name) (*Segment, [][]byte, error) {
	plain, err := seal.Open(object, k.segment, k.context(vaultID, seal.KindSegment, n))
	if err != nil {
		return nil, nil, err
	}
	return ParsePlaintext(plain)
}

// Space is where a vault's objects lie.
func Space(vaultID vault.Hash) remote.Space { return remote.VaultSpace(tag(vaultID)) }

// BlobContext is what a blob's or payload's object is sealed with.
func (k *Keys) BlobContext(vaultID vault.Hash, n remote.Name) seal.Context {
	return k.context(vaultID, seal.KindBlob, n)
}

func (k *Keys) context(vaultID vault.Hash, kind seal.Kind, n remote.Name) seal.Context {
	return seal.Context{VaultID: vaultID, Kind: kind, Epoch: k.id, Name: n.String()}
}
