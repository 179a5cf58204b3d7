package identity

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"phivault/crypto/secret"
)

// ErrInvitation is text that is no invitation, or one with a typing error.
var ErrInvitation = errors.New("not an invitation, or mistyped")

// InviteSize is the length in bytes of an invitation's secret.
const InviteSize = 16

const (
	inviteMark  = "phivault1."
	inviteCheck = 4
	inviteMost  = 2048 // characters
	joinLabel   = "phivault/join/v1/"
	checkLabel  = "phivault/join/words/v1"
)

// Invitation lets one new device meet a member. Whoever holds it can pose as
// either, until the check words are compared: it is shown to one person, once.
type Invitation struct {
	Secret     [InviteSize]byte
	Remote     string // where to meet; "" when the other side knows
	Pin        string // of our own host; "" elsewhere
	Credential string // that a new device needs at the remote; may be ""
}

// NewInvitation draws a secret.
func NewInvitation() Invitation {
	var i Invitation
	rand.Read(i.Secret[:])
	return i
}

// String hides the content; Text shows it.
func (i Invitation) String() string { return "[invitation]" }

// GoString hides the content.
func (i Invitation) GoString() string { return "[invitation]" }

// Text is the form to paste or to show as a QR code: "phivault1." and base64url
// (RFC 4648 section 5, no padding) of u8 version 1 ‖ secret ‖ remote, pin and
// credential, each u16 length ‖ UTF-8 ‖ the first 4 bytes of SHA-256 of all
// before.
func (i Invitation) Text() (string, error) {
	b := append([]byte{1}, i.Secret[:]...)
	for _, s := range []string{i.Remote, i.Pin, i.Credential} {
		if len(s) > inviteMost || !utf8.ValidString(s) {
			return "", fmt.Errorf("%w: a part of %d bytes", ErrInvitation, len(s))
		}
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
	}
	sum := sha256.Sum256(b)
	text := inviteMark + base64.RawURLEncoding.EncodeToString(append(b, sum[:inviteCheck]...))
	if len(text) > inviteMost {
		return "", fmt.Errorf("%w: over %d characters", ErrInvitation, inviteMost)
	}
	return text, nil
}

// ParseInvitation reads what Text or Words wrote; white space around and between
// is ignored.
func ParseInvitation(text string) (Invitation, error) {
	if len(text) > 2*inviteMost {
		return Invitation{}, ErrInvitation
	}
	if rest, ok := strings.CutPrefix(strings.Join(strings.Fields(text), ""), inviteMark); ok {
		return parseText(rest)
	}
	return parseWords(text)
}

func parseText(text string) (i Invitation, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 1+InviteSize+6+inviteCheck || b[0] != 1 {
		return Invitation{}, ErrInvitation
	}
	body, check := b[:len(b)-inviteCheck], b[len(b)-inviteCheck:]
	if sum := sha256.Sum256(body); string(sum[:inviteCheck]) != string(check) {
		return Invitation{}, ErrInvitation
	}
	body = body[1+copy(i.Secret[:], body[1:]):]
	for _, s := range []*string{&i.Remote, &i.Pin, &i.Credential} {
		if len(body) < 2 || len(body)-2 < int(binary.BigEndian.Uint16(body)) {
			return Invitation{}, ErrInvitation
		}
		n := 2 + int(binary.BigEndian.Uint16(body))
		*s, body = string(body[2:n]), body[n:]
		if !utf8.ValidString(*s) {
			return Invitation{}, ErrInvitation
		}
	}
	if len(body) > 0 {
		return Invitation{}, ErrInvitation
	}
	return i, nil
}

// RequestName is the 32 bytes under which the request lies in the join space.
func (i Invitation) RequestName() [32]byte { return [32]byte(i.derive("request/name")) }

// ReplyName is the same for the reply.
func (i Invitation) ReplyName() [32]byte { return [32]byte(i.derive("reply/name")) }

// RequestKey seals the request. The caller destroys it.
func (i Invitation) RequestKey() *secret.Bytes { return secret.FromBytes(i.derive("request/key")) }

// ReplyKey seals the reply. The caller destroys it.
func (i Invitation) ReplyKey() *secret.Bytes { return secret.FromBytes(i.derive("reply/key")) }

func (i Invitation) derive(use string) []byte {
	k, err := hkdf.Key(sha512.New, i.Secret[:], make([]byte, 32), joinLabel+use, 32)
	if err != nil {
		panic("identity: " + err.Error()) // 32 bytes are never too many
	}
	return k
}
