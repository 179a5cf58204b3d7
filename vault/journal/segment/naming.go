package segment

import "unicode/utf8"

const tagName = 5

// Naming gives a device another name. The device itself writes it, or an owner.
type Naming struct {
	Device [16]byte
	Name   string // 1 to MaxName bytes of UTF-8
}

func (n Naming) encode() []byte {
	return appendVar(append([]byte{controlVersion, tagName}, n.Device[:]...), []byte(n.Name))
}

func (n *Naming) decode(r *reader) bool {
	r.fill(n.Device[:])
	n.Name = string(r.variable(MaxName))
	return n.Name != "" && utf8.ValidString(n.Name)
}
