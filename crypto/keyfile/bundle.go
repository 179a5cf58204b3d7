package keyfile

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"phivault/crypto/secret"
)

// KeySize is the length in bytes of every key and seed in a bundle.
const KeySize = 32

// Limits of a bundle, so that no length in a file decides about memory.
const (
	MaxGenesis = 16 << 10 // bytes
	MaxEpochs  = 8192

	bundleVersion = 1
)

// Epoch is a key of the log, shared by the members of its time.
type Epoch struct {
	ID  [16]byte
	Key *secret.Bytes
}

// Bundle is everything secret that one device holds. Its owner calls Destroy.
type Bundle struct {
	Genesis     []byte        // the vault's genesis record, canonical bytes
	Database    *secret.Bytes // encrypts the local database
	SigningSeed *secret.Bytes // Ed25519
	KEMSeed     *secret.Bytes // X-Wing
	Epochs      []Epoch       // in the order they were learned, the newest last
}

// NewBundle makes the keys of a device that founds a vault: random seeds,
// database key and first epoch, and the genesis record that the given function
// makes of the seeds (identity.NewGenesis). The seeds are lent to it.
func NewBundle(genesis func(signSeed, kemSeed []byte) ([]byte, error)) (*Bundle, error) {
	b := &Bundle{
		Database:    secret.Random(KeySize),
		SigningSeed: secret.Random(KeySize),
		KEMSeed:     secret.Random(KeySize),
		Epochs:      []Epoch{{Key: secret.Random(KeySize)}},
	}
	rand.Read(b.Epochs[0].ID[:])
	var err error
	if b.Genesis, err = genesis(b.SigningSeed.Bytes(), b.KEMSeed.Bytes()); err == nil {
		err = b.check()
	}
	if err != nil {
		b.Destroy()
		return nil, err
	}
	return b, nil
}

// VaultID returns SHA-256(genesis).
func (b *Bundle) VaultID() [32]byte { return sha256.Sum256(b.Genesis) }

// Clone copies every key; the caller destroys the copy.
func (b *Bundle) Clone() *Bundle {
	c := &Bundle{Genesis: bytes.Clone(b.Genesis), Database: b.Database.Clone(), SigningSeed: b.SigningSeed.Clone(), KEMSeed: b.KEMSeed.Clone()}
	for _, e := range b.Epochs {
		c.Epochs = append(c.Epochs, Epoch{ID: e.ID, Key: e.Key.Clone()})
	}
	return c
}

// Destroy wipes every key. It may be called more than once, and on nil.
func (b *Bundle) Destroy() {
	if b == nil {
		return
	}
	b.Database.Destroy()
	b.SigningSeed.Destroy()
	b.KEMSeed.Destroy()
	for _, e := range b.Epochs {
		e.Key.Destroy()
	}
}

func (b *Bundle) check() error {
	if len(b.Genesis) == 0 || len(b.Genesis) > MaxGenesis {
		return fmt.Errorf("keyfile: genesis of %d bytes", len(b.Genesis))
	}
	if len(b.Epochs) == 0 || len(b.Epochs) > MaxEpochs {
		return fmt.Errorf("keyfile: %d epochs", len(b.Epochs))
	}
	keys := []*secret.Bytes{b.Database, b.SigningSeed, b.KEMSeed}
	seen := make(map[[16]byte]bool, len(b.Epochs))
	for _, e := range b.Epochs {
		if seen[e.ID] {
			return fmt.Errorf("keyfile: epoch %x twice", e.ID)
		}
		seen[e.ID] = true
		keys = append(keys, e.Key)
	}
	for _, k := range keys {
		if k.Len() != KeySize {
			return fmt.Errorf("keyfile: a key of %d bytes", k.Len())
		}
	}
	return nil
}

// encode returns the canonical bytes: version u16, genesis length u32, genesis,
// database key, signing seed, KEM seed, number of epochs u32, epochs (id, key).
func (b *Bundle) encode() (*secret.Bytes, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	// Of exact size: growing would leave keys behind in the heap.
	out := secret.New(2 + 4 + len(b.Genesis) + 3*KeySize + 4 + len(b.Epochs)*(16+KeySize))
	p := out.Bytes()[:0]
	p = binary.BigEndian.AppendUint16(p, bundleVersion)
	p = binary.BigEndian.AppendUint32(p, uint32(len(b.Genesis)))
	p = append(p, b.Genesis...)
	p = append(p, b.Database.Bytes()...)
	p = append(p, b.SigningSeed.Bytes()...)
	p = append(p, b.KEMSeed.Bytes()...)
	p = binary.BigEndian.AppendUint32(p, uint32(len(b.Epochs)))
	for _, e := range b.Epochs {
		p = append(p, e.ID[:]...)
		p = append(p, e.Key.Bytes()...)
	}
	if len(p) != out.Len() {
		panic("keyfile: bundle size")
	}
	return out, nil
}

var errBundle = errors.New("keyfile: malformed bundle")

// decode is the inverse of encode; it accepts nothing that encode would not
// have written. p stays the caller's to wipe.
func decode(p []byte) (*Bundle, error) {
	r := cursor{p}
	if v := r.number(2); v != bundleVersion {
		return nil, errBundle
	}
	size := r.number(4)
	if size == 0 || size > MaxGenesis || uint64(len(r.b)) < size+3*KeySize+4 {
		return nil, errBundle
	}
	b := &Bundle{Genesis: append([]byte(nil), r.take(int(size))...)}
	b.Database, b.SigningSeed, b.KEMSeed = r.key(), r.key(), r.key()
	n := r.number(4)
	if n == 0 || n > MaxEpochs || uint64(len(r.b)) != n*(16+KeySize) {
		b.Destroy()
		return nil, errBundle
	}
	b.Epochs = make([]Epoch, n)
	for i := range b.Epochs {
		copy(b.Epochs[i].ID[:], r.take(16))
		b.Epochs[i].Key = r.key()
	}
	if b.check() != nil {
		b.Destroy()
		return nil, errBundle
	}
	return b, nil
}

// cursor reads fields of known length; past the end it reads zeros, and the
// length checks in decode refuse what follows.
type cursor struct{ b []byte }

func (c *cursor) take(n int) []byte {
	n = min(n, len(c.b))
	p := c.b[:n]
	c.b = c.b[n:]
	return p
}

func (c *cursor) number(width int) (v uint64) {
	p := c.take(width)
	if len(p) < width {
		return 0
	}
	for _, x := range p {
		v = v<<8 | uint64(x)
	}
	return v
}

func (c *cursor) key() *secret.Bytes {
	k := secret.New(KeySize)
	copy(k.Bytes(), c.take(KeySize))
	return k
}
