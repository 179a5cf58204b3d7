package remote

import (
	"encoding/base32"
	"strings"
)

const (
	version = "v1"
	join    = "join"
	tagLen  = 16 // 10 bytes
	idLen   = 52 // 32 bytes
	nameLen = len(version) + 1 + tagLen + 1 + 2 + 1 + idLen
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Space is the part of a store that belongs together: one vault's objects, or the
// rendezvous objects of devices about to join. The zero Space is none of them.
type Space struct{ s string }

// Join is the space of the rendezvous objects.
var Join = Space{join}

// VaultSpace is the space of the vault with this tag.
func VaultSpace(tag [10]byte) Space { return Space{encoding.EncodeToString(tag[:])} }

// ParseSpace reads what String writes.
func ParseSpace(s string) (Space, error) {
	if s == join {
		return Join, nil
	}
	if !canonical(s, tagLen) {
		return Space{}, ErrName
	}
	return Space{strings.Clone(s)}, nil
}

// Name gives the name of the object with this id. The zero Space has none.
func (s Space) Name(id [32]byte) Name {
	if s.s == "" {
		panic("remote: a name in no space")
	}
	e := encoding.EncodeToString(id[:])
	return Name{version + "/" + s.s + "/" + e[:2] + "/" + e}
}

// Holds reports whether n lies in s. The zero Space holds every name.
func (s Space) Holds(n Name) bool { return !n.IsZero() && (s.s == "" || n.Space() == s) }

// IsZero reports whether s is no space.
func (s Space) IsZero() bool { return s.s == "" }

// String gives 16 characters of base32, "join", or nothing.
func (s Space) String() string { return s.s }

// Path gives the folder in which every name of the space lies: "v1/" and the
// space, or "v1" for the zero Space.
func (s Space) Path() string {
	if s.s == "" {
		return version
	}
	return version + "/" + s.s
}

// Name names one object: v1/SPACE/XX/ID, with ID 32 bytes in lower-case base32
// (RFC 4648, no padding), XX its first two characters, and SPACE 10 bytes likewise
// or "join". Only ParseName and Space.Name make one, so the bytes of a Name are
// a-z, 2-7, '/' and "v1", whatever a store or a peer sent: they are safe in a
// path and in a URL on every platform, and name no Windows device. Names compare
// with ==. The zero Name names nothing and every remote refuses it.
type Name struct{ s string }

// ParseName reads what String writes and nothing else.
func ParseName(s string) (Name, error) {
	if len(s) != nameLen && len(s) != nameLen-tagLen+len(join) {
		return Name{}, ErrName
	}
	part := strings.SplitN(s, "/", 5)
	if len(part) != 4 || part[0] != version {
		return Name{}, ErrName
	}
	if _, err := ParseSpace(part[1]); err != nil {
		return Name{}, err
	}
	if !canonical(part[3], idLen) || part[2] != part[3][:2] {
		return Name{}, ErrName
	}
	return Name{strings.Clone(s)}, nil
}

// IsZero reports whether n names nothing.
func (n Name) IsZero() bool { return n.s == "" }

// String gives the whole name, or nothing.
func (n Name) String() string { return n.s }

// Space gives the space that n lies in.
func (n Name) Space() Space {
	if n.s == "" {
		return Space{}
	}
	return Space{n.s[len(version)+1 : len(n.s)-idLen-4]}
}

// Folder gives the name of the folder that holds n: all but the last part.
func (n Name) Folder() string { return n.s[:max(0, len(n.s)-idLen-1)] }

// Base gives the last part.
func (n Name) Base() string { return n.s[max(0, len(n.s)-idLen):] }

// MarshalText writes String.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.s), nil }

// UnmarshalText is ParseName; the empty text is the zero Name.
func (n *Name) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*n = Name{}
		return nil
	}
	*n, err = ParseName(string(b))
	return err
}

// canonical reports whether s is the one encoding of its bytes: right length,
// right alphabet, spare bits zero.
func canonical(s string, length int) bool {
	if len(s) != length {
		return false
	}
	var buf [40]byte
	raw, err := encoding.AppendDecode(buf[:0], []byte(s))
	// The decoder skips line ends.
	return err == nil && encoding.EncodeToString(raw) == s
}
