package segment

import (
	"phivault/crypto/seal"
	"phivault/sync/remote"
	"phivault/vault"
)

// Limits of packs.
const (
	// PackSize is the number of segments in a pack; a pack begins at a multiple.
	PackSize = 64
	// MaxPack is the most bytes that the plaintexts of a pack have together.
	MaxPack = 8 << 20
	// MaxPackObject is the largest object of a pack that a reader takes, in bytes.
	MaxPackObject = 10 << 20
)

// SealPack makes a pack of the plaintexts of PackSize segments, in their order,
// for the name it goes under.
func SealPack(plaintexts [][]byte, vaultID vault.Hash, k *Keys, n remote.Name) ([]byte, error) {
	size := 0
	for _, p := range plaintexts {
		size += 4 + len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range plaintexts {
		b = appendVar(b, p)
	}
	return seal.Seal(b, k.segment, k.context(vaultID, seal.KindPack, n), seal.Buckets)
}

// OpenPack gives the plaintexts in a pack. seal.ErrOpen when the object is no pack
// of this vault, epoch and name; ErrFormat when it is and holds anything else than
// PackSize plaintexts.
func OpenPack(object []byte, vaultID vault.Hash, k *Keys, n remote.Name) ([][]byte, error) {
	b, err := seal.Open(object, k.segment, k.context(vaultID, seal.KindPack, n))
	if err != nil {
		return nil, err
	}
	r := &reader{b: b}
	parts := make([][]byte, PackSize)
	for i := range parts {
		parts[i] = r.variable(MaxSize)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return parts, nil
}
