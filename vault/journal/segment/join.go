package segment

import (
	"encoding/binary"
	"unicode/utf8"

	"phivault/crypto/identity"
	"phivault/vault"
)

// Request is what a new device says to be admitted.
type Request struct {
	Public identity.Public
	Name   string
	Nonce  [32]byte
}

// Encode gives the canonical bytes.
func (q Request) Encode() []byte {
	b := append([]byte{controlVersion}, q.Public.Signing[:]...)
	b = append(b, q.Public.KEM[:]...)
	b = appendVar(b, []byte(q.Name))
	return append(b, q.Nonce[:]...)
}

// DecodeRequest reads what Encode wrote and nothing else.
func DecodeRequest(b []byte) (q Request, err error) {
	r := &reader{b: b}
	if r.u8() != controlVersion {
		r.bad = true
	}
	r.fill(q.Public.Signing[:])
	r.fill(q.Public.KEM[:])
	q.Name = string(r.variable(MaxName))
	r.fill(q.Nonce[:])
	if err := r.end(); err != nil || !utf8.ValidString(q.Name) {
		return Request{}, ErrFormat
	}
	return q, nil
}

// Reply is what an inviting member answers.
type Reply struct {
	Request vault.Hash // of the request's encoding
	Genesis []byte
	Inviter [16]byte
	Member  identity.Public // the inviter's keys
	Epochs  []MintWrap      // Device holds the epoch's id; the genesis epoch first
	Places  []vault.Place   // ascending
}

// Signed gives the canonical bytes with the signature that sign makes of them.
func (p Reply) Signed(sign func([]byte) []byte) []byte {
	b := append([]byte{controlVersion}, p.Request[:]...)
	b = appendVar(b, p.Genesis)
	b = append(b, p.Inviter[:]...)
	b = append(append(b, p.Member.Signing[:]...), p.Member.KEM[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Epochs)))
	for _, e := range p.Epochs {
		b = appendVar(append(b, e.Device[:]...), e.Wrap)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Places)))
	for _, h := range p.Places {
		b = append(append(b, place(h.Log, h.Seq)...), h.Hash[:]...)
	}
	return append(b, sign(b)...)
}

// DecodeReply reads what Signed wrote and gives what was signed and the
// signature, which the caller verifies.
func DecodeReply(b []byte) (p Reply, signed, sig []byte, err error) {
	r := &reader{b: b}
	if r.u8() != controlVersion {
		r.bad = true
	}
	r.fill(p.Request[:])
	p.Genesis = r.variable(identity.GenesisSize)
	r.fill(p.Inviter[:])
	r.fill(p.Member.Signing[:])
	r.fill(p.Member.KEM[:])
	n := r.u16()
	if n == 0 || !r.room(n, 20+identity.WrapSize) {
		return Reply{}, nil, nil, ErrFormat
	}
	p.Epochs = make([]MintWrap, n)
	for i := range p.Epochs {
		r.fill(p.Epochs[i].Device[:])
		if p.Epochs[i].Wrap = r.variable(identity.WrapSize); len(p.Epochs[i].Wrap) != identity.WrapSize {
			return Reply{}, nil, nil, ErrFormat
		}
	}
	n = r.u16()
	if !r.room(n, headSize) {
		return Reply{}, nil, nil, ErrFormat
	}
	p.Places = make([]vault.Place, n)
	for i := range p.Places {
		h := &p.Places[i]
		r.fill(h.Log.Device[:])
		h.Log.Number, h.Seq = r.u64(), r.u64()
		r.fill(h.Hash[:])
	}
	sig = r.take(identity.SignatureSize)
	if err := r.end(); err != nil {
		return Reply{}, nil, nil, ErrFormat
	}
	return p, b[:len(b)-identity.SignatureSize], sig, nil
}
