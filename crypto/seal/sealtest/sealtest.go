// Package sealtest writes sealed objects from the specification alone
// (crypto/SPEC.md), for tests: also those that package seal refuses to write,
// by an attacker who holds real keys.
//
// It shares no code with package seal, and nothing of it may be used outside tests.
package sealtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

// Header is an object's header with any version and suite.
func Header(version, suite byte, kind uint16) (h [16]byte) {
	copy(h[:], "phvault\x00")
	h[8], h[9] = version, suite
	binary.BigEndian.PutUint16(h[10:], kind)
	return h
}

// Info is the info of the key derivation.
func Info(h [16]byte, vaultID [32]byte, epoch [16]byte, name string) [32]byte {
	b := append([]byte("phivault/seal/v1"), h[:]...)
	b = append(b, vaultID[:]...)
	b = append(b, h[10], h[11])
	b = append(b, epoch[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	return sha256.Sum256(append(b, name...))
}

// Keys are an object's AES key and commitment, 32 bytes each.
func Keys(key, salt []byte, info [32]byte) (aesKey, commitment []byte) {
	okm, err := hkdf.Key(sha512.New, key, salt, string(info[:]), 64)
	if err != nil {
		panic("sealtest: " + err.Error())
	}
	return okm[:32], okm[32:]
}

// AAD is the additional data of one chunk.
func AAD(prefix []byte, index uint64, final bool) []byte {
	h := sha256.Sum256(prefix)
	b := binary.BigEndian.AppendUint64(h[:], index)
	if final {
		return append(b, 1)
	}
	return append(b, 0)
}

// Object seals plain, of less than one chunk, padded with zeros to size bytes in
// all. Everything that the derivation is bound to comes from h and info.
func Object(h [16]byte, key []byte, info [32]byte, plain []byte, size int) []byte {
	salt := make([]byte, 32)
	aesKey, commitment := Keys(key, salt, info)
	prefix := append(append(h[:], salt...), commitment...)
	body := make([]byte, max(size-len(prefix)-28, len(plain)+8))
	copy(body, plain)
	binary.BigEndian.PutUint64(body[len(body)-8:], uint64(len(plain)))
	block, err := aes.NewCipher(aesKey)
	if err != nil {
		panic("sealtest: " + err.Error())
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("sealtest: " + err.Error())
	}
	return append(prefix, aead.Seal(nil, nil, body, AAD(prefix, 0, true))...)
}
