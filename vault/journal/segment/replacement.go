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
}

func (p *Replacement) encode() []byte {
	tag := byte(tagReplace)
	if p.Ends {
		tag = tagEnding
	}
	b := append([]byte{controlVersion, tag}, p.Public.Signing[:]...)
	b = append(b, p.Public.KEM[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Given)))
	for _, e := range p.Given {
		b = append(b, e[:]...)
	}
	return b
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
	return true
}
