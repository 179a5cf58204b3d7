package vault

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
)

// Hash is a SHA-256 digest (FIPS 180-4).
type Hash [32]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// RecordID names a record for good: SHA-256 over (source, resourceType, id),
// cut to 16 bytes. Two devices that import the same resource agree on it.
type RecordID [16]byte

// IsZero reports whether id names no record.
func (id RecordID) IsZero() bool { return id == RecordID{} }

// String gives the 32 lower-case hex digits that users see.
func (id RecordID) String() string { return hex.EncodeToString(id[:]) }

// ParseRecordID reads what String wrote. It does not accept abbreviations;
// Index.Lookup does.
func ParseRecordID(s string) (id RecordID, err error) {
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("%w: a record id has %d hex digits", ErrUsage, 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return RecordID{}, fmt.Errorf("%w: a record id is hexadecimal", ErrUsage)
	}
	return id, nil
}

// RecordIDOf derives the id of the record that (source, resourceType, id)
// names. Each part is length-prefixed, so no two triples collide by shifting.
func RecordIDOf(source, resourceType, id string) (r RecordID) {
	var usual [256]byte
	b := append(usual[:0], "phivault record v1\x00"...)
	for _, s := range [...]string{source, resourceType, id} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	h := sha256.Sum256(b)
	copy(r[:], h[:])
	return r
}

// RevisionID names one revision of a record by content and ancestry alone:
// neither author, time nor device enter, so the same import on two devices is
// the same revision.
type RevisionID Hash

func (r RevisionID) String() string { return Hash(r).String() }

// RevisionIDOf derives the id of the revision that h records.
func RevisionIDOf(h Header) RevisionID {
	b := make([]byte, 0, 96+32*len(h.Parents))
	b = append(b, "phivault revision v1\x00"...)
	b = append(b, h.Record[:]...)
	b = append(b, byte(h.Kind))
	b = appendParents(b, h.Parents)
	b = append(b, h.Payload[:]...)
	return RevisionID(sha256.Sum256(b))
}

// SortRevisions orders revision ids by their bytes, the order in which a header
// lists its parents and in which a conflict decides what is shown.
func SortRevisions(r []RevisionID) {
	slices.SortFunc(r, func(a, b RevisionID) int { return slices.Compare(a[:], b[:]) })
}
