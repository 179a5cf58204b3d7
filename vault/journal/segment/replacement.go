package segment

import (
	"encoding/binary"

	"phivault/crypto/identity"
)

// Replacement admits the device that a copy of a device became: a restored backup, a
// spare that came to life. The old device signs it.
type Replacement struct {
	Public identity.Public
	Given  []EpochID // the epochs whose keys it takes along
	// Ends makes it an ending: the old key signs nothing more. What stays of what it
	// signed is what the segment cites of its device's lower logs, and the segment.
	Ends bool
	// Consent is the signature of the device that it admits: without it anybody could
	// admit again whoever is a member already, as what the signer pleases.
	Consent [identity.SignatureSize]byte
	Rank    uint32 // as an Admission's
}

// Admission is what it amounts to. Role and name are those of the device that signs it.
func (p *Replacement) Admission() *Admission {
	return &Admission{Public: p.Public, Given: p.Given, Rank: p.Rank}
}

// consentLabel is what a device's keys sign when they are to replace another's.
const consentLabel = "phivault/replacement/v1"

// Replace is what admits next in the place of the device old of a vault.
func Replace(vaultID [32]byte, old [16]byte, next *identity.Device, ends bool, given ...EpochID) *Replacement {
	p := &Replacement{Public: next.Public(), Given: given, Ends: ends}
	copy(p.Consent[:], next.Sign(consentLabel, p.agreed(vaultID, old)))
	return p
}

// Agreed reports whether the device that it admits wants to replace old.
func (p *Replacement) Agreed(vaultID [32]byte, old [16]byte) bool {
	return p.Public.Verify(consentLabel, p.agreed(vaultID, old), p.Consent[:])
}

func (p *Replacement) agreed(vaultID [32]byte, old [16]byte) []byte {
	b := append(append(vaultID[:], old[:]...), p.tag())
	return append(append(b, p.Public.Signing[:]...), p.Public.KEM[:]...)
}

func (p *Replacement) tag() byte {
	if p.Ends {
		return tagEnding
	}
	return tagReplace
}

func (p *Replacement) encode() []byte {
	b := append([]byte{controlVersion, p.tag()}, p.Public.Signing[:]...)
	b = append(b, p.Public.KEM[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Given)))
	for _, e := range p.Given {
		b = append(b, e[:]...)
	}
	return appendRank(append(b, p.Consent[:]...), p.Rank)
}

func (p *Replacement) decode(r *reader) bool {
	r.fill(p.Public.Signing[:])
	r.fill(p.Public.KEM[:])
	n := r.u16()
	if !r.room(n, len(EpochID{})) {
		return false
	}
	p.Given = make([]EpochID, n)
	for i := range p.Given {
		r.fill(p.Given[i][:])
	}
	r.fill(p.Consent[:])
	p.Rank = r.rank()
	return true
}
