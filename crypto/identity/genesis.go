package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"phivault/crypto/secret"
)

// Errors of ParseGenesis.
var (
	ErrGenesis = errors.New("identity: not a genesis record")
	ErrVersion = errors.New("identity: genesis of an unknown version or suite")
)

// The one version and suite. The suite pins every algorithm of a vault:
// Ed25519, X-Wing, SHA-256, HKDF-SHA-512, AES-256-GCM.
const (
	GenesisVersion = 1
	Suite          = 1

	genesisMagic = "phvgene\x00"

	// GenesisSize is the length of an encoded genesis record of version 1.
	GenesisSize = len(genesisMagic) + 2 + 2 + 32 + SigningKeySize + KEMKeySize
)

// Genesis is a vault's first record: its format, a nonce that makes it unique,
// and the device that founded it. The vault's id is the SHA-256 of its encoding.
type Genesis struct {
	Version uint16
	Suite   uint16
	Nonce   [32]byte
	Founder Public
}

// NewGenesis returns the encoded genesis record of a new vault founded by the
// device with these seeds.
func NewGenesis(signSeed, kemSeed []byte) ([]byte, error) {
	founder, err := FromSeeds(signSeed, kemSeed)
	if err != nil {
		return nil, err
	}
	g := Genesis{Version: GenesisVersion, Suite: Suite, Founder: founder}
	rand.Read(g.Nonce[:])
	return g.Encode(), nil
}

// Encode returns the canonical bytes: magic, version, suite (both 16 bits, big
// endian), nonce, signing key, KEM key.
func (g Genesis) Encode() []byte {
	b := make([]byte, 0, GenesisSize)
	b = append(b, genesisMagic...)
	b = binary.BigEndian.AppendUint16(b, g.Version)
	b = binary.BigEndian.AppendUint16(b, g.Suite)
	b = append(b, g.Nonce[:]...)
	b = append(b, g.Founder.Signing[:]...)
	return append(b, g.Founder.KEM[:]...)
}

// VaultID returns the SHA-256 of the encoding.
func (g Genesis) VaultID() [32]byte { return sha256.Sum256(g.Encode()) }

// ParseGenesis is the inverse of Encode. It accepts nothing else: ErrVersion for
// a version or suite that is not ours, ErrGenesis for everything else, a KEM key
// that is no key included.
func ParseGenesis(b []byte) (Genesis, error) {
	g, err := readGenesis(b)
	if err != nil {
		return Genesis{}, err
	}
	if _, err := hpke.MLKEM768X25519().NewPublicKey(g.Founder.KEM[:]); err != nil {
		return Genesis{}, fmt.Errorf("%w: %w", ErrGenesis, err)
	}
	return g, nil
}

// OwnID names the device with these seeds, of a vault with this genesis record. The
// founder's name stands in there: deriving it would take longer, and leave copies of
// the KEM seed in the heap. That the founder's KEM key is one is not looked at; the
// other errors are those of ParseGenesis.
func OwnID(genesis, signSeed, kemSeed []byte) (DeviceID, error) {
	g, err := readGenesis(genesis)
	if err != nil {
		return DeviceID{}, err
	}
	if len(signSeed) == SeedSize {
		private := ed25519.NewKeyFromSeed(signSeed)
		founder := bytes.Equal(private[SeedSize:], g.Founder.Signing[:])
		secret.Wipe(private)
		if founder {
			return g.Founder.DeviceID(), nil
		}
	}
	p, err := FromSeeds(signSeed, kemSeed)
	if err != nil {
		return DeviceID{}, err
	}
	return p.DeviceID(), nil
}

// readGenesis is ParseGenesis but for the KEM key, which it takes as it is.
func readGenesis(b []byte) (Genesis, error) {
	const fixed = len(genesisMagic) + 4
	if len(b) < fixed || string(b[:len(genesisMagic)]) != genesisMagic {
		return Genesis{}, ErrGenesis
	}
	g := Genesis{
		Version: binary.BigEndian.Uint16(b[len(genesisMagic):]),
		Suite:   binary.BigEndian.Uint16(b[len(genesisMagic)+2:]),
	}
	if g.Version != GenesisVersion || g.Suite != Suite {
		return Genesis{}, fmt.Errorf("%w: version %d, suite %d", ErrVersion, g.Version, g.Suite)
	}
	if len(b) != GenesisSize {
		return Genesis{}, ErrGenesis
	}
	rest := b[fixed:]
	rest = rest[copy(g.Nonce[:], rest):]
	rest = rest[copy(g.Founder.Signing[:], rest):]
	copy(g.Founder.KEM[:], rest)
	return g, nil
}
