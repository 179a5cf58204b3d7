package identity

import (
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"fmt"

	"phivault/crypto/seal"
	"phivault/crypto/secret"
)

// ErrWrap is the one error for a wrap that does not open: damaged, of another
// length, or made for another recipient, writer, epoch, vault or invitation.
var ErrWrap = errors.New("identity: the wrapped key does not open")

const (
	wrapLabel   = "phivault/wrap/v1"
	wrapEncSize = 1088 + 32 // ML-KEM-768 ciphertext ‖ X25519 key

	// WrapSize is the length in bytes of every wrap.
	WrapSize = 4 + wrapEncSize + 4 + 80 + 28 + seal.KeySize + 8
)

// Wrapping says what a wrapped key is and between whom it travels. All of it is
// bound by the key derivation and none of it travels with the wrap.
type Wrapping struct {
	VaultID   [32]byte
	Writer    DeviceID
	Recipient DeviceID
	Epoch     [16]byte
	// Invitation is an invitation's secret at enrolment, else nil. It proves
	// the sender to a device that knows nobody yet.
	Invitation []byte
}

func (w Wrapping) info() []byte {
	b := append([]byte(wrapLabel), w.VaultID[:]...)
	b = append(b, w.Writer[:]...)
	b = append(b, w.Recipient[:]...)
	b = append(b, w.Epoch[:]...)
	return append(b, w.Invitation...)
}

func (w Wrapping) context() seal.Context {
	return seal.Context{VaultID: w.VaultID, Kind: seal.KindWrap, Epoch: w.Epoch}
}

const exporter = "key"

// Wrap encrypts a key of seal.KeySize bytes to the device with the public keys to:
// HPKE (RFC 9180) base mode, MLKEM768X25519, HKDF-SHA-512, export only; the key is
// sealed under the exported secret. The result has WrapSize bytes. It proves
// nothing about its sender: that is its bearer's signature's to do.
func Wrap(to Public, w Wrapping, key *secret.Bytes) ([]byte, error) {
	if key.Len() != seal.KeySize || to.DeviceID() != w.Recipient {
		return nil, fmt.Errorf("identity: a key of %d bytes, or keys of another recipient", key.Len())
	}
	public, err := hpke.MLKEM768X25519().NewPublicKey(to.KEM[:])
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA512(), hpke.ExportOnly(), w.info())
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	raw, err := sender.Export(exporter, seal.KeySize)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	shared := secret.FromBytes(raw)
	defer shared.Destroy()
	object, err := seal.Seal(key.Bytes(), shared, w.context(), seal.Exact)
	if err != nil {
		return nil, err
	}
	out := binary.BigEndian.AppendUint32(make([]byte, 0, WrapSize), uint32(len(enc)))
	out = binary.BigEndian.AppendUint32(append(out, enc...), uint32(len(object)))
	out = append(out, object...)
	if len(out) != WrapSize {
		return nil, fmt.Errorf("identity: a wrap of %d bytes, want %d", len(out), WrapSize)
	}
	return out, nil
}

// Unwrap gives the key that Wrap took, or ErrWrap. The device must be the
// recipient.
func (d *Device) Unwrap(w Wrapping, wrap []byte) (*secret.Bytes, error) {
	const sealedAt = 4 + wrapEncSize + 4
	if len(wrap) != WrapSize || d.id != w.Recipient || binary.BigEndian.Uint32(wrap) != wrapEncSize ||
		binary.BigEndian.Uint32(wrap[4+wrapEncSize:]) != WrapSize-sealedAt {
		return nil, ErrWrap
	}
	private, err := hpke.MLKEM768X25519().NewPrivateKey(d.kem.Bytes())
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	recipient, err := hpke.NewRecipient(wrap[4:4+wrapEncSize], private, hpke.HKDFSHA512(), hpke.ExportOnly(), w.info())
	if err != nil {
		return nil, ErrWrap
	}
	raw, err := recipient.Export(exporter, seal.KeySize)
	if err != nil {
		return nil, ErrWrap
	}
	shared := secret.FromBytes(raw)
	defer shared.Destroy()
	key, err := seal.Open(wrap[sealedAt:], shared, w.context())
	if err != nil {
		return nil, ErrWrap
	}
	return secret.FromBytes(key), nil
}
