package keyfile

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"phivault/crypto/secret"
)

// ErrSpare is text that is no spare, or a damaged one.
var ErrSpare = errors.New("not a spare, or mistyped")

// A spare as text is spareMark and base32 (RFC 4648, no padding): only characters
// that a QR code holds at 5.5 bits each. MaxSpare bounds its bytes so that the text
// fits the largest code with the least error correction (4,296 characters).
const (
	MaxSpare   = 2670
	spareMagic = "phvspar\x00"
	spareMark  = "PHVSPARE1:"
	spareEpoch = 16 + KeySize
)

// Spare is an enrolled device for a drawer: its keys, and where the vault's remote is.
// Its owner calls Destroy.
type Spare struct {
	*Bundle           // Database is zero: a spare has none
	Remote     string // address, without credentials
	Pin        string // of our own host; "" elsewhere
	Credential string // that the remote asks for; may be ""
}

// String hides the content.
func (s *Spare) String() string { return "[spare]" }

// GoString hides the content.
func (s *Spare) GoString() string { return "[spare]" }

// SpareEpochs is the number of epochs' keys, at least 2, that fit into a spare with
// these strings; ErrSpare when not even they do.
func SpareEpochs(genesis []byte, remote, pin, credential string) (int, error) {
	left := MaxSpare - headerSize - 80 - 28 - 8 - (2 + 4 + len(genesis) + 3*KeySize + 4) - 6 - len(remote) - len(pin) - len(credential)
	if left < 2*spareEpoch {
		return 0, fmt.Errorf("%w: the remote's address and credentials are too long for one", ErrSpare)
	}
	return left / spareEpoch, nil
}

// SealSpare gives a spare as text, under the passphrase. ErrSpare when it would have
// over MaxSpare bytes. All arguments stay the caller's.
func SealSpare(s *Spare, passphrase *secret.Bytes, p Params) (string, error) {
	return sealSpareWith(s, passphrase, p, derive)
}

func sealSpareWith(s *Spare, passphrase *secret.Bytes, p Params, kdf deriver) (string, error) {
	b, err := sealAs(spareMagic, s.VaultID, s.encode, passphrase, nil, p, kdf)
	if err == nil && len(b) > MaxSpare {
		err = fmt.Errorf("%w: %d bytes, more than %d", ErrSpare, len(b), MaxSpare)
	}
	if err != nil {
		return "", err
	}
	return spareMark + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b), nil
}

// OpenSpare reads what SealSpare wrote; white space and case do not count. Like Open
// it derives only for parameters within the limits.
func OpenSpare(text string, passphrase *secret.Bytes) (*Spare, error) {
	return openSpareWith(text, passphrase, derive)
}

func openSpareWith(text string, passphrase *secret.Bytes, kdf deriver) (s *Spare, err error) {
	b, err := spareBytes(text)
	if err != nil {
		return nil, err
	}
	err = openAs(spareMagic, b, passphrase, nil, kdf, func(h fileHeader, plain []byte) (err error) {
		s, err = decodeSpare(h, plain)
		return err
	})
	if errors.Is(err, ErrFormat) {
		err = fmt.Errorf("%w: %w", ErrSpare, err)
	}
	return s, err
}

// spareBytes takes the text apart. One encoding only: no bit is left over.
func spareBytes(text string) ([]byte, error) {
	const most = 4 * MaxSpare // characters, white space included
	if len(text) > most {
		return nil, ErrSpare
	}
	rest, ok := strings.CutPrefix(strings.ToUpper(strings.Join(strings.Fields(text), "")), spareMark)
	if !ok {
		return nil, ErrSpare
	}
	e := base32.StdEncoding.WithPadding(base32.NoPadding)
	b, err := e.DecodeString(rest)
	if err != nil || len(b) > MaxSpare || e.EncodeToString(b) != rest {
		return nil, ErrSpare
	}
	return b, nil
}

// encode returns the bundle's canonical bytes, then remote, pin and credential, each
// u16 length ‖ UTF-8.
func (s *Spare) encode() (*secret.Bytes, error) {
	b, err := s.Bundle.encode()
	if err != nil {
		return nil, err
	}
	defer b.Destroy()
	n := b.Len()
	for _, t := range []string{s.Remote, s.Pin, s.Credential} {
		if len(t) > MaxSpare || !utf8.ValidString(t) {
			return nil, fmt.Errorf("%w: a part of %d bytes", ErrSpare, len(t))
		}
		n += 2 + len(t)
	}
	out := secret.New(n)
	p := append(out.Bytes()[:0], b.Bytes()...)
	for _, t := range []string{s.Remote, s.Pin, s.Credential} {
		p = append(binary.BigEndian.AppendUint16(p, uint16(len(t))), t...)
	}
	return out, nil
}

// decodeSpare is the inverse of encode. plain stays the caller's to wipe.
func decodeSpare(h fileHeader, plain []byte) (*Spare, error) {
	const fixed = 2 + 4
	if len(plain) < fixed {
		return nil, errBundle
	}
	at := fixed + uint64(binary.BigEndian.Uint32(plain[2:])) + 3*KeySize
	if at+4 > uint64(len(plain)) {
		return nil, errBundle
	}
	at += 4 + uint64(binary.BigEndian.Uint32(plain[at:]))*spareEpoch
	if at > uint64(len(plain)) {
		return nil, errBundle
	}
	s, rest := new(Spare), plain[at:]
	for _, t := range []*string{&s.Remote, &s.Pin, &s.Credential} {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return nil, errBundle
		}
		n := 2 + int(binary.BigEndian.Uint16(rest))
		*t, rest = string(rest[2:n]), rest[n:]
		if !utf8.ValidString(*t) {
			return nil, errBundle
		}
	}
	if len(rest) > 0 {
		return nil, errBundle
	}
	var err error
	s.Bundle, err = decodeFor(h, plain[:at])
	if err != nil {
		return nil, err
	}
	for _, b := range s.Database.Bytes() {
		if b != 0 {
			s.Destroy()
			return nil, errBundle
		}
	}
	return s, nil
}
