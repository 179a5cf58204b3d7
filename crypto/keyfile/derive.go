package keyfile

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"unsafe"

	"golang.org/x/crypto/argon2"

	"phivault/crypto/secret"
)

const (
	saltSize         = 32
	derivedSize      = 32 // PK
	deviceSecretSize = 32 // SK
)

// deriver is a key derivation function: PK from a passphrase. The parameters
// have been checked.
type deriver func(p Params, passphrase *secret.Bytes, salt []byte) *secret.Bytes

// derive is the deriver of the product. The memory it took is back with the
// system when it returns.
func derive(p Params, passphrase *secret.Bytes, salt []byte) *secret.Bytes {
	defer secret.Release()
	b := passphrase.Bytes()
	switch p.Profile {
	case Default:
		return secret.FromBytes(argon2.IDKey(b, salt, p.Time, p.Memory, uint8(p.Threads), derivedSize))
	case FIPS:
		// The string shares the locked memory instead of copying it to the
		// heap; it does not outlive this call, and b is never empty.
		pk, err := pbkdf2.Key(sha512.New, unsafe.String(&b[0], len(b)), salt, int(p.Iterations), derivedSize)
		if err != nil {
			panic("keyfile: " + err.Error()) // only for lengths, which are constants
		}
		return secret.FromBytes(pk)
	}
	panic("keyfile: derivation with unchecked parameters")
}

// wrapKey is KEK = HKDF-SHA-512(PK [‖ SK], no salt, SHA-256(header)): every bit
// of the header, the parameters included, is part of the key.
func wrapKey(pk, deviceSecret *secret.Bytes, header []byte) (*secret.Bytes, error) {
	ikm := secret.New(pk.Len() + deviceSecret.Len())
	defer ikm.Destroy()
	copy(ikm.Bytes(), pk.Bytes())
	copy(ikm.Bytes()[pk.Len():], deviceSecret.Bytes())
	info := sha256.Sum256(header)
	kek, err := hkdf.Key(sha512.New, ikm.Bytes(), nil, string(info[:]), 32)
	if err != nil {
		return nil, fmt.Errorf("keyfile: %w", err)
	}
	return secret.FromBytes(kek), nil
}
