package local

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"

	"phivault/crypto/secret"
)

// ErrCode is a device secret's code that was not typed as it was printed.
var ErrCode = errors.New("the code is not the printed one")

const (
	deviceSecretSize = 32
	codeLetters      = 52 // of the secret: 256 bits in base32
	codeCheck        = 4  // letters of its SHA-256, which catch a slip of the pen
	codeGroup        = 4
)

var codeAlphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

// formatCode prints a device secret as 14 groups of 4 letters and digits of
// RFC 4648's base32, the last group a check on the others.
func formatCode(s *secret.Bytes) string {
	text := codeText(s)
	defer secret.Wipe(text)
	var b strings.Builder
	b.Grow(len(text) + len(text)/codeGroup)
	for i := 0; i < len(text); i += codeGroup {
		if i > 0 {
			b.WriteByte('-')
		}
		b.Write(text[i : i+codeGroup])
	}
	return b.String()
}

// codeText is a code without its hyphens. The caller wipes it.
func codeText(s *secret.Bytes) []byte {
	sum := sha256.Sum256(s.Bytes())
	text := make([]byte, codeLetters+codeAlphabet.EncodedLen(len(sum)))
	codeAlphabet.Encode(text, s.Bytes())
	codeAlphabet.Encode(text[codeLetters:], sum[:])
	return text[:codeLetters+codeCheck]
}

// decodeLetters fills to from base32, of which it keeps no copy as the standard
// library's decoder does. What is no letter of it comes out as anything.
func decodeLetters(to, letters []byte) {
	bits, have, n := uint32(0), 0, 0
	for _, c := range letters {
		v := c - 'A'
		if c < 'A' {
			v = c - '2' + 26
		}
		bits = bits<<5 | uint32(v&31)
		if have += 5; have >= 8 {
			have -= 8
			to[n] = byte(bits >> have)
			n++
		}
	}
}

// ParseCode reads a printed code back into a device secret, for
// Options.DeviceSecret. Case, spaces and hyphens do not matter, and 0, 1 and 8,
// which do not occur, are read as O, I and B. ErrCode otherwise.
//
// The code is not copied: what the caller holds is all there is beside the result.
func ParseCode(code string) (*secret.Bytes, error) {
	clean := make([]byte, 0, codeLetters+codeCheck+1)
	defer secret.Wipe(clean[:cap(clean)])
	for _, r := range code {
		switch {
		case 'a' <= r && r <= 'z':
			r += 'A' - 'a'
		case r == '-' || r == ' ' || r == '\t' || r == '\r' || r == '\n':
			continue
		case r == '0':
			r = 'O'
		case r == '1':
			r = 'I'
		case r == '8':
			r = 'B'
		}
		if r > 'Z' || len(clean) == codeLetters+codeCheck {
			return nil, ErrCode
		}
		clean = append(clean, byte(r))
	}
	if len(clean) != codeLetters+codeCheck {
		return nil, ErrCode
	}
	s := secret.New(deviceSecretSize)
	decodeLetters(s.Bytes(), clean[:codeLetters])
	// Encoding again finds a wrong letter, the last one's four spare bits and a
	// wrong check at once.
	again := codeText(s)
	defer secret.Wipe(again)
	if !bytes.Equal(again, clean) {
		s.Destroy()
		return nil, ErrCode
	}
	return s, nil
}
