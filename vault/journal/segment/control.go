package segment

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"phivault/crypto/identity"
	"phivault/vault"
)

// Roles of a member.
const (
	RoleMember = 0
	RoleOwner  = 1
)

const (
	controlVersion = 1
	tagAdmit       = 1
	tagRemove      = 2
	tagReplace     = 3
	tagEnding      = 4

	// MaxName bounds a device's name, in bytes.
	MaxName   = 256
	maxWraps  = 4096
	genesisAt = "phvgene\x00"
)

// Admission makes a device a member.
type Admission struct {
	Public identity.Public
	Role   uint8
	Name   string
	Given  []EpochID // the epochs whose keys its reply carries
	Spare  bool      // its keys lie in a drawer; it writes nothing before it is replaced
	// Rank orders seniority among what was written apart; 0, of what an older build
	// wrote, is not encoded. The genesis device has 0.
	Rank uint32
}

// roleSpare is the bit of a role on the wire that says Spare.
const roleSpare = 2

// Removal ends a membership. What the device wrote up to Keep stays.
type Removal struct {
	Device [16]byte
	None   bool        // nothing of it stays; Keep is then zero
	Keep   vault.Place // in the highest of its logs of which something stays
	// Lower is the same of its other logs, ascending: more than one may be open.
	// Of a log that stands in neither nothing stays.
	Lower []vault.Place
}

func (r *Removal) encode() []byte {
	b := append([]byte{controlVersion, tagRemove}, r.Device[:]...)
	keep := r.Lower
	if !r.None {
		keep = append(keep[:len(keep):len(keep)], r.Keep)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(keep)))
	for _, p := range keep {
		b = binary.BigEndian.AppendUint64(b, p.Log.Number)
		b = binary.BigEndian.AppendUint64(b, p.Seq)
		b = append(b, p.Hash[:]...)
	}
	return b
}

func (r *Removal) decode(in *reader) bool {
	in.fill(r.Device[:])
	n := in.u16()
	if !in.room(n, 8+8+len(vault.Hash{})) {
		return false
	}
	for i := range n {
		last := r.Keep.Log.Number
		if i > 0 {
			r.Lower = append(r.Lower, r.Keep)
		}
		r.Keep.Log = vault.LogID{Device: r.Device, Number: in.u64()}
		r.Keep.Seq = in.u64()
		in.fill(r.Keep.Hash[:])
		if i > 0 && r.Keep.Log.Number <= last {
			return false
		}
	}
	r.None = n == 0
	return true
}

// Member is the payload of an entry about members: exactly one field is set.
type Member struct {
	Genesis []byte
	Admit   *Admission
	Remove  *Removal
	Replace *Replacement
	Name    *Naming
}

// Encode gives the canonical bytes.
func (m Member) Encode() []byte {
	switch {
	case m.Genesis != nil:
		return m.Genesis
	case m.Admit != nil:
		a := m.Admit
		b := append([]byte{controlVersion, tagAdmit}, a.Public.Signing[:]...)
		role := a.Role
		if a.Spare {
			role |= roleSpare
		}
		b = append(append(b, a.Public.KEM[:]...), role)
		b = appendVar(b, []byte(a.Name))
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.Given)))
		for _, e := range a.Given {
			b = append(b, e[:]...)
		}
		return appendRank(b, a.Rank)
	case m.Replace != nil:
		return m.Replace.encode()
	case m.Name != nil:
		return m.Name.encode()
	default:
		return m.Remove.encode()
	}
}

// DecodeMember reads what Encode wrote and nothing else.
func DecodeMember(b []byte) (m Member, err error) {
	if bytes.HasPrefix(b, []byte(genesisAt)) {
		if _, err := identity.ParseGenesis(b); err != nil {
			return m, ErrFormat
		}
		return Member{Genesis: b}, nil
	}
	r := &reader{b: b}
	if r.u8() != controlVersion {
		return m, ErrFormat
	}
	switch r.u8() {
	case tagAdmit:
		a := new(Admission)
		r.fill(a.Public.Signing[:])
		r.fill(a.Public.KEM[:])
		a.Role = r.u8()
		if a.Role&roleSpare != 0 {
			a.Role, a.Spare = a.Role&^roleSpare, true
		}
		a.Name = string(r.variable(MaxName))
		n := r.u16()
		if a.Role > RoleOwner || !utf8.ValidString(a.Name) || !r.room(n, len(EpochID{})) {
			return m, ErrFormat
		}
		a.Given = make([]EpochID, n)
		for i := range a.Given {
			r.fill(a.Given[i][:])
		}
		a.Rank = r.rank()
		m.Admit = a
	case tagRemove:
		m.Remove = new(Removal)
		if !m.Remove.decode(r) {
			return Member{}, ErrFormat
		}
	case tagReplace, tagEnding:
		m.Replace = &Replacement{Ends: b[1] == tagEnding}
		if !m.Replace.decode(r) {
			return Member{}, ErrFormat
		}
	case tagName:
		m.Name = new(Naming)
		if !m.Name.decode(r) {
			return Member{}, ErrFormat
		}
	default:
		return m, ErrFormat
	}
	if err := r.end(); err != nil {
		return Member{}, err
	}
	return m, nil
}

// Mint is the payload of an entry that makes an epoch.
type Mint struct {
	Epoch  EpochID  // MintedID of vault, writer and Commit
	Commit [32]byte // to its key
	Parent EpochID
	Depth  uint32
	Wraps  []MintWrap // ascending by device
}

// MintWrap is an epoch's key for one recipient.
type MintWrap struct {
	Device [16]byte
	Wrap   []byte
}

// Encode gives the canonical bytes.
func (m Mint) Encode() []byte {
	b := append([]byte{controlVersion}, m.Epoch[:]...)
	b = append(append(b, m.Commit[:]...), m.Parent[:]...)
	b = binary.BigEndian.AppendUint32(b, m.Depth)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.Wraps)))
	for _, w := range m.Wraps {
		b = appendVar(append(b, w.Device[:]...), w.Wrap)
	}
	return b
}

// DecodeMint reads what Encode wrote and nothing else.
func DecodeMint(b []byte) (m Mint, err error) {
	r := &reader{b: b}
	if r.u8() != controlVersion {
		return m, ErrFormat
	}
	r.fill(m.Epoch[:])
	r.fill(m.Commit[:])
	r.fill(m.Parent[:])
	m.Depth = r.u32()
	n := r.u16()
	if n == 0 || n > maxWraps || !r.room(n, 20+identity.WrapSize) {
		return Mint{}, ErrFormat
	}
	m.Wraps = make([]MintWrap, n)
	for i := range m.Wraps {
		w := &m.Wraps[i]
		r.fill(w.Device[:])
		w.Wrap = r.variable(identity.WrapSize)
		if len(w.Wrap) != identity.WrapSize || i > 0 && bytes.Compare(m.Wraps[i-1].Device[:], w.Device[:]) >= 0 {
			r.bad = true
		}
	}
	if err := r.end(); err != nil {
		return Mint{}, err
	}
	return m, nil
}

// Message is an inbox object: an epoch's key for a device that lacks it.
type Message struct {
	Writer, Recipient [16]byte
	Epoch             EpochID
	Minter            [16]byte // of the epoch
	Wrap              []byte
}

// Signed gives the canonical bytes with the signature that sign makes of them.
func (m Message) Signed(sign func([]byte) []byte) []byte {
	b := append([]byte{controlVersion}, m.Writer[:]...)
	b = append(append(b, m.Recipient[:]...), m.Epoch[:]...)
	b = appendVar(append(b, m.Minter[:]...), m.Wrap)
	return append(b, sign(b)...)
}

// DecodeMessage reads what Signed wrote and gives what was signed and the
// signature, which the caller verifies.
func DecodeMessage(b []byte) (m Message, signed, sig []byte, err error) {
	r := &reader{b: b}
	if r.u8() != controlVersion {
		r.bad = true
	}
	r.fill(m.Writer[:])
	r.fill(m.Recipient[:])
	r.fill(m.Epoch[:])
	r.fill(m.Minter[:])
	m.Wrap = r.variable(identity.WrapSize)
	sig = r.take(identity.SignatureSize)
	if err := r.end(); err != nil || len(m.Wrap) != identity.WrapSize {
		return Message{}, nil, nil, ErrFormat
	}
	return m, b[:len(b)-identity.SignatureSize], sig, nil
}
