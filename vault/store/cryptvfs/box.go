package cryptvfs

import (
	"encoding/binary"
	"fmt"
)

// kind separates what is sealed under the same keys.
type kind byte

const (
	kindPage      kind = 'P' // a page of the database; number: page number - 1
	kindFrame     kind = 'F' // a frame of the log; number: frame number - 1
	kindLogHeader kind = 'H' // the log's header; number: 0
)

func (k kind) String() string {
	switch k {
	case kindPage:
		return "page"
	case kindFrame:
		return "frame"
	}
	return "log header"
}

const (
	nonceSize = 12
	tagSize   = 16
	// overhead is what sealing adds: nonce ‖ ciphertext ‖ tag ‖ key id. It is
	// also the reserved space at the end of each of SQLite's pages.
	overhead = nonceSize + tagSize + keyIDSize
)

// box seals and opens for one open file. It is not safe for concurrent use: it
// holds the associated data and the key last used, so that neither allocates.
type box struct {
	keys *keyring
	last *pageKey
	aad  [32 + 1 + 8 + 8 + keyIDSize]byte // vault id ‖ kind ‖ number ‖ generation ‖ key id
}

func newBox(k *keyring, vault [32]byte) box {
	b := box{keys: k}
	copy(b.aad[:], vault[:])
	return b
}

// place is where something lies: what it is, its number, and for a frame of the
// log the generation, that is the salts in the log's header.
type place struct {
	kind       kind
	number     int64
	generation uint64
}

// at returns err with the place, which is not secret.
func (p place) at(err error) error { return fmt.Errorf("%w (%s %d)", err, p.kind, p.number) }

func (b *box) bind(p place, id keyID) []byte {
	b.aad[32] = byte(p.kind)
	binary.BigEndian.PutUint64(b.aad[33:], uint64(p.number))
	binary.BigEndian.PutUint64(b.aad[41:], p.generation)
	copy(b.aad[49:], id[:])
	return b.aad[:]
}

// seal writes len(plain)+overhead bytes to dst, which must not overlap plain.
func (b *box) seal(dst, plain []byte, where place) error {
	w, err := b.keys.forSealing()
	if err != nil {
		return err
	}
	out := w.aead.Seal(dst[:0], nil, plain, b.bind(where, w.id))
	copy(dst[len(out):], w.id[:])
	return nil
}

// open writes len(sealed)-overhead bytes to dst, which must not overlap sealed.
// When it fails dst holds zeros.
func (b *box) open(dst, sealed []byte, where place) error {
	body := len(sealed) - keyIDSize
	id := keyID(sealed[body:])
	p, fresh := b.last, false
	if p == nil || p.id != id {
		var err error
		if p, fresh, err = b.keys.forOpening(id); err != nil {
			return err
		}
	}
	if _, err := p.aead.Open(dst[:0], nil, sealed[:body], b.bind(where, id)); err != nil {
		clear(dst[:body-nonceSize-tagSize])
		return where.at(ErrAuth)
	}
	if fresh {
		b.keys.keep(p)
	}
	b.last = p
	return nil
}
