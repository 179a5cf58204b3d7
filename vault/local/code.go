package local

import (
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
	sum := sha256.Sum256(s.Bytes())
	text := codeAlphabet.EncodeToString(s.Bytes()) + codeAlphabet.EncodeToString(sum[:])[:codeCheck]
	var b strings.Builder
	for i := 0; i < len(text); i += codeGroup {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(text[i : i+codeGroup])
	}
	return b.String()
}

// ParseCode reads a printed code back into a device secret, for
// Options.DeviceSecret. Case, spaces and hyphens do not matter, and 0, 1 and 8,
// which do not occur, are read as O, I and B. ErrCode otherwise.
func ParseCode(code string) (*secret.Bytes, error) {
	clean := make([]byte, 0, codeLetters+codeCheck+1)
	for _, r := range strings.ToUpper(code) {
		switch {
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
	defer secret.Wipe(clean)
	if len(clean) != codeLetters+codeCheck {
		return nil, ErrCode
	}
	s := secret.New(deviceSecretSize)
	// Strict as it is, base32 ignores the last letter's four spare bits: encoding
	// again finds those, and a wrong check, at once.
	if _, err := codeAlphabet.Decode(s.Bytes(), clean[:codeLetters]); err != nil {
		s.Destroy()
		return nil, ErrCode
	}
	if strings.ReplaceAll(formatCode(s), "-", "") != string(clean) {
		s.Destroy()
		return nil, ErrCode
	}
	return s, nil
}
