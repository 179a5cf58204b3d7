package seal

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// ErrOpen is the one error for an object that does not open: damaged, cut short,
// extended, made for another key or another context, or of a version that is
// not ours.
var ErrOpen = errors.New("seal: the object does not open")

// Kind separates the uses of sealed objects. It is visible in the object's
// header and bound by its key derivation. Numbers are never reused.
type Kind uint16

// The kinds. 0 is refused, so that a forgotten kind is an error.
const (
	KindKeyFile Kind = 1 + iota // a device bundle under a passphrase, local
	KindSegment                 // a segment of a device's log
	KindPack                    // 64 segments
	KindBlob                    // a payload too large for a segment
	KindInbox                   // an epoch for a device that lacks it
	KindRequest                 // a device asks to join
	KindReply                   // a member admits it
	KindWrap                    // an epoch key for one recipient
	KindBackup                  // a file of a backup
	KindSpool                   // input that must be read twice, on local disk
	KindExport                  // a chart handed to a recipient
	KindSpare                   // a device's keys for a drawer, under a passphrase of their own
)

// Context is what an object is bound to without carrying it. Whoever opens the
// object must know it already. Fields that a use has no value for stay zero.
type Context struct {
	VaultID [32]byte
	Kind    Kind
	Epoch   [16]byte
	Name    string // the object's name, at most 65535 bytes
}

// Sizes and marks of the format.
const (
	KeySize   = 32       // of the key that seals and opens
	ChunkSize = 64 << 10 // plaintext bytes of every chunk but the last

	headerSize     = 16
	saltSize       = 32
	commitmentSize = 32
	prefixSize     = headerSize + saltSize + commitmentSize // before the first chunk
	chunkOverhead  = 12 + 16                                // nonce and tag
	trailerSize    = 8                                      // true length, last in the padded plaintext
	maxChunks      = 1 << 32                                // random nonces per key, SP 800-38D

	magic   = "phvault\x00"
	version = 1
	suite   = 1 // HKDF-SHA-512, SHA-256, AES-256-GCM with random nonces

	label = "phivault/seal/v1"
)

func (c Context) check() error {
	if c.Kind == 0 {
		return errors.New("seal: context without a kind")
	}
	if len(c.Name) > 0xffff {
		return errors.New("seal: object name over 65535 bytes")
	}
	return nil
}

// header is fixed-width and canonical: exactly one encoding per kind.
func header(k Kind) [headerSize]byte {
	var h [headerSize]byte
	copy(h[:], magic)
	h[8], h[9] = version, suite
	binary.BigEndian.PutUint16(h[10:], uint16(k))
	return h // 12..15 are reserved and zero
}

// info is the HKDF info: label, header and context, every part of fixed width
// or preceded by its length, so that no two contexts share an encoding.
func (c Context) info() [sha256.Size]byte {
	h := header(c.Kind)
	b := make([]byte, 0, len(label)+headerSize+32+2+16+2+len(c.Name))
	b = append(b, label...)
	b = append(b, h[:]...)
	b = append(b, c.VaultID[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(c.Kind))
	b = append(b, c.Epoch[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(c.Name)))
	b = append(b, c.Name...)
	return sha256.Sum256(b)
}
