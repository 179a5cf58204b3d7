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
	return sealAs(magic, b.VaultID, b.encode, passphrase, deviceSecret, p, kdf)
}

// sealAs makes a file of the given magic. Nothing is encoded before the passphrase and
// the parameters are known to be good.
func sealAs(magic string, id func() [32]byte, encode func() (*secret.Bytes, error), passphrase, deviceSecret *secret.Bytes, p Params, kdf deriver) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if err := checkPassphrase(passphrase); err != nil {
		return nil, err
	}
	if deviceSecret != nil && deviceSecret.Len() != deviceSecretSize {
		return nil, ErrDeviceSecret
	}
	plain, err := encode()
	if err != nil {
		return nil, err
	}
	defer plain.Destroy()
	h := fileHeader{
		magic:       magic,
		params:      p,
		needsSecret: deviceSecret != nil,
		vaultID:     id(),
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
	// Not padded: the file stays with its owner, and its length tells only how
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

func openWith(file []byte, passphrase, deviceSecret *secret.Bytes, kdf deriver) (b *Bundle, err error) {
	err = openAs(magic, file, passphrase, deviceSecret, kdf, func(h fileHeader, plain []byte) (err error) {
		b, err = decodeFor(h, plain)
		return err
	})
	return b, err
}

// decodeFor reads the bundle of the vault that a header names.
func decodeFor(h fileHeader, plain []byte) (*Bundle, error) {
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

// openAs opens a file of the given magic and lends take its plaintext.
func openAs(magic string, file []byte, passphrase, deviceSecret *secret.Bytes, kdf deriver, take func(fileHeader, []byte) error) error {
	h, body, err := parseAs(magic, file)
	if err != nil {
		return err
	}
	if err := h.params.Check(); err != nil {
		return err
	}
	if err := checkPassphrase(passphrase); err != nil {
		return err
	}
	if !h.needsSecret {
		deviceSecret = nil
	} else if deviceSecret.Len() != deviceSecretSize {
		return ErrDeviceSecret
	}
	forms := candidates(passphrase)
	defer func() {
		for _, f := range forms {
			f.Destroy()
		}
	}()
	for _, form := range forms {
		pk := kdf(h.params, form, h.salt[:])
		err := openBody(h, body, pk, deviceSecret, take)
		pk.Destroy()
		if err == nil {
			return nil
		}
	}
	return ErrPassphrase
}

func openBody(h fileHeader, body []byte, pk, deviceSecret *secret.Bytes, take func(fileHeader, []byte) error) error {
	kek, err := wrapKey(pk, deviceSecret, h.encode())
	if err != nil {
		return err
	}
	defer kek.Destroy()
	plain, err := seal.Open(body, kek, h.context())
	if err != nil {
		return err
	}
	defer secret.Wipe(plain)
	return take(h, plain)
}

func (h fileHeader) context() seal.Context {
	kind := seal.KindKeyFile
	if h.magic == spareMagic {
		kind = seal.KindSpare
	}
	return seal.Context{VaultID: h.vaultID, Kind: kind}
}
