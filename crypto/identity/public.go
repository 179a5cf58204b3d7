package identity

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Sizes of seeds and public keys, in bytes.
const (
	SeedSize       = 32
	SigningKeySize = ed25519.PublicKeySize // 32
	KEMKeySize     = 1184 + 32             // ML-KEM-768 ‖ X25519
)

const deviceLabel = "phivault/device/v1"

// Public is what others know of a device.
type Public struct {
	Signing [SigningKeySize]byte // Ed25519
	KEM     [KEMKeySize]byte     // X-Wing
}

// DeviceID names a device: the first 16 bytes of
// SHA-256("phivault/device/v1" ‖ signing key ‖ KEM key).
type DeviceID [16]byte

// String returns the id in lower-case hexadecimal.
func (d DeviceID) String() string { return hex.EncodeToString(d[:]) }

// FromSeeds returns the public keys that belong to a signing seed and a KEM
// seed of SeedSize bytes each. The seeds stay the caller's.
func FromSeeds(signSeed, kemSeed []byte) (Public, error) {
	if len(signSeed) != SeedSize || len(kemSeed) != SeedSize {
		return Public{}, fmt.Errorf("identity: seeds of %d and %d bytes, want %d", len(signSeed), len(kemSeed), SeedSize)
	}
	var p Public
	private := ed25519.NewKeyFromSeed(signSeed)
	defer clear(private)
	copy(p.Signing[:], private[SeedSize:])
	kem, err := hpke.MLKEM768X25519().NewPrivateKey(kemSeed)
	if err != nil {
		return Public{}, fmt.Errorf("identity: %w", err)
	}
	key := kem.PublicKey().Bytes()
	if len(key) != KEMKeySize {
		return Public{}, fmt.Errorf("identity: KEM key of %d bytes, want %d", len(key), KEMKeySize)
	}
	copy(p.KEM[:], key)
	return p, nil
}

// DeviceID returns the device's name.
func (p Public) DeviceID() DeviceID {
	h := sha256.New()
	h.Write([]byte(deviceLabel))
	h.Write(p.Signing[:])
	h.Write(p.KEM[:])
	var id DeviceID
	copy(id[:], h.Sum(nil))
	return id
}
