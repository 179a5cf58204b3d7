package keyfile

import (
	"crypto/rand"
	"crypto/sha256"

	"golang.org/x/text/unicode/norm"

	"phivault/crypto/seal"
	"phivault/crypto/secret"
)

// Seal returns the key file that holds b under the passphrase and, unless it is
// nil, a device secret of 32 bytes, which is then needed to open it. Salt and
// keys are fresh each time. All arguments stay the caller's.
func Seal(b *Bundle, passphrase, deviceSecret *secret.Bytes, p Params) ([]byte, error) {
	return sealWith(b, passphrase, deviceSecret, p, derive)
}

func sealWith(b *Bundle, passphrase, deviceSecret *secret.Bytes, p Params, kdf deriver) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if err := checkPassphrase(passphrase); err != nil {
		return nil, err
	}
	if deviceSecret != nil && deviceSecret.Len() != deviceSecretSize {
		return nil, ErrDeviceSecret
	}
	plain, err := b.encode()
	if err != nil {
		return nil, err
	}
	defer plain.Destroy()
	h := fileHeader{
		params:      p,
		needsSecret: deviceSecret != nil,
		vaultID:     b.VaultID(),
		bodySize:    uint32(seal.Size(int64(plain.Len()), seal.Exact)),
	}
	rand.Read(h.salt[:])
	header := h.encode()

	composed := normalised(passphrase, norm.NFC)
	defer composed.Destroy()
	pk := kdf(p, composed, h.salt[:])
	defer pk.Destroy()
	kek, err := wrapKey(pk, deviceSecret, header)
	if err != nil {
		return nil, err
	}
	defer kek.Destroy()
	// Not padded: the file stays on this device, and its length tells only how
	// many epochs there have been.
	body, err := seal.Seal(plain.Bytes(), kek, h.context(), seal.Exact)
	if err != nil {
		return nil, err
	}
	return append(header, body...), nil
}

// Open returns the bundle of a key file. It derives once for each distinct form
// of the passphrase (NFC, NFD, as given), and not at all for a file that is no
// key file, has parameters outside the limits, or needs a device secret that is
// not given. A device secret that the file does not need is ignored.
func Open(file []byte, passphrase, deviceSecret *secret.Bytes) (*Bundle, error) {
	return openWith(file, passphrase, deviceSecret, derive)
}

func openWith(file []byte, passphrase, deviceSecret *secret.Bytes, kdf deriver) (*Bundle, error) {
	h, body, err := parse(file)
	if err != nil {
		return nil, err
	}
	if err := h.params.Check(); err != nil {
		return nil, err
	}
	if err := checkPassphrase(passphrase); err != nil {
		return nil, err
	}
	if !h.needsSecret {
		deviceSecret = nil
	} else if deviceSecret.Len() != deviceSecretSize {
		return nil, ErrDeviceSecret
	}
	forms := candidates(passphrase)
	defer func() {
		for _, f := range forms {
			f.Destroy()
		}
	}()
	for _, form := range forms {
		pk := kdf(h.params, form, h.salt[:])
		b, err := openBody(h, body, pk, deviceSecret)
		pk.Destroy()
		if err == nil {
			return b, nil
		}
	}
	return nil, ErrPassphrase
}

func openBody(h fileHeader, body []byte, pk, deviceSecret *secret.Bytes) (*Bundle, error) {
	kek, err := wrapKey(pk, deviceSecret, h.encode())
	if err != nil {
		return nil, err
	}
	defer kek.Destroy()
	plain, err := seal.Open(body, kek, h.context())
	if err != nil {
		return nil, err
	}
	defer secret.Wipe(plain)
	b, err := decode(plain)
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(b.Genesis) != h.vaultID {
		b.Destroy()
		return nil, ErrPassphrase
	}
	return b, nil
}

func (h fileHeader) context() seal.Context {
	return seal.Context{VaultID: h.vaultID, Kind: seal.KindKeyFile}
}
