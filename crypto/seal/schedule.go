package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"

	"phivault/crypto/secret"
)

// schedule is what one object's key and salt give: the cipher of its chunks,
// and the commitment to the key.
type schedule struct {
	aead       cipher.AEAD
	commitment [commitmentSize]byte
}

func derive(key *secret.Bytes, salt []byte, ctx Context) (schedule, error) {
	if key.Len() != KeySize {
		return schedule{}, fmt.Errorf("seal: a key of %d bytes, want %d", key.Len(), KeySize)
	}
	info := ctx.info()
	okm, err := hkdf.Key(sha512.New, key.Bytes(), salt, string(info[:]), KeySize+commitmentSize)
	if err != nil {
		return schedule{}, fmt.Errorf("seal: %w", err)
	}
	defer secret.Wipe(okm)
	aead, err := newAEAD(okm[:KeySize])
	if err != nil {
		return schedule{}, err
	}
	s := schedule{aead: aead}
	copy(s.commitment[:], okm[KeySize:])
	return s, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead, nil
}

// chunkAAD is H(everything before the chunks) ‖ index ‖ final.
type chunkAAD [sha256.Size + 8 + 1]byte

func newAAD(prefix []byte) (a chunkAAD) {
	h := sha256.Sum256(prefix)
	copy(a[:], h[:])
	return a
}

func (a *chunkAAD) at(index uint64, final bool) []byte {
	binary.BigEndian.PutUint64(a[sha256.Size:], index)
	a[len(a)-1] = 0
	if final {
		a[len(a)-1] = 1
	}
	return a[:]
}

var errTooLong = errors.New("seal: object over 2^32 chunks")
