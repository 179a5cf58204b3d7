package identity

import (
	"crypto/ed25519"
	"fmt"

	"phivault/crypto/secret"
)

// SignatureSize is the length in bytes of a signature (RFC 8032).
const SignatureSize = ed25519.SignatureSize

// Device is a device's own keys. Its owner calls Destroy.
type Device struct {
	public Public
	id     DeviceID
	sign   *secret.Bytes
	kem    *secret.Bytes
}

// NewDevice takes copies of a signing seed and a KEM seed of SeedSize bytes each.
func NewDevice(signSeed, kemSeed []byte) (*Device, error) {
	p, err := FromSeeds(signSeed, kemSeed)
	if err != nil {
		return nil, err
	}
	d := &Device{public: p, id: p.DeviceID(), sign: secret.New(SeedSize), kem: secret.New(SeedSize)}
	copy(d.sign.Bytes(), signSeed)
	copy(d.kem.Bytes(), kemSeed)
	return d, nil
}

// Public is what others may know.
func (d *Device) Public() Public { return d.public }

// ID is the device's name.
func (d *Device) ID() DeviceID { return d.id }

// Destroy wipes the seeds. It may be called more than once, and on nil.
func (d *Device) Destroy() {
	if d == nil {
		return
	}
	d.sign.Destroy()
	d.kem.Destroy()
}

// Sign signs message for the one use that label names: Ed25519 over label ‖ 00 ‖
// message. A signature for one use is none for another. The label must not hold
// a zero byte, which would make two pairs one.
func (d *Device) Sign(label string, message []byte) []byte {
	private := ed25519.NewKeyFromSeed(d.sign.Bytes())
	defer clear(private)
	return ed25519.Sign(private, labelled(label, message))
}

// Verify reports whether signature is one of this device's for that use.
func (p Public) Verify(label string, message, signature []byte) bool {
	return len(signature) == SignatureSize && ed25519.Verify(p.Signing[:], labelled(label, message), signature)
}

func labelled(label string, message []byte) []byte {
	for i := range len(label) {
		if label[i] == 0 {
			panic(fmt.Sprintf("identity: a label with a zero byte at %d", i))
		}
	}
	b := make([]byte, 0, len(label)+1+len(message))
	return append(append(append(b, label...), 0), message...)
}
