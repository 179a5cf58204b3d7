package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"testing"

	"phivault/crypto/internal/wycheproof"
)

func TestWycheproofAESGCM(t *testing.T) {
	ran := 0
	for _, g := range wycheproof.Load(t, "aes_gcm_test.json") {
		if g.IVSize != 96 || g.TagSize != 128 {
			continue // our nonces and tags have one length
		}
		for _, v := range g.Tests {
			aead, err := newAEAD(v.Key)
			if err != nil {
				t.Fatal(err)
			}
			got, err := aead.Open(nil, nil, bytes.Join([][]byte{v.IV, v.CT, v.Tag}, nil), v.AAD)
			if valid := v.Result == "valid"; (err == nil) != valid || valid && !bytes.Equal(got, v.Msg) {
				t.Errorf("%d (%s, %s): %v", v.ID, v.Comment, v.Result, err)
			}
			ran++
		}
	}
	if ran < 190 {
		t.Errorf("only %d vectors", ran)
	}
}

func TestWycheproofHKDF(t *testing.T) {
	for _, g := range wycheproof.Load(t, "hkdf_sha512_test.json") {
		for _, v := range g.Tests {
			got, err := hkdf.Key(sha512.New, v.IKM, v.Salt, string(v.Info), v.Size)
			checkOKM(t, v, got, err)
		}
	}
	for _, g := range wycheproof.Load(t, "hkdf_sha256_test.json") {
		for _, v := range g.Tests {
			got, err := hkdf.Key(sha256.New, v.IKM, v.Salt, string(v.Info), v.Size)
			checkOKM(t, v, got, err)
		}
	}
}

func checkOKM(t *testing.T, v wycheproof.Vector, got []byte, err error) {
	t.Helper()
	if valid := v.Result == "valid"; (err == nil) != valid || valid && !bytes.Equal(got, v.OKM) {
		t.Errorf("%d (%s, %s): %v", v.ID, v.Comment, v.Result, err)
	}
}

// HMAC-SHA-256 names objects; HMAC-SHA-512 is inside HKDF.
func TestWycheproofHMAC(t *testing.T) {
	for _, g := range wycheproof.Load(t, "hmac_sha256_test.json") {
		for _, v := range g.Tests {
			m := hmac.New(sha256.New, v.Key)
			m.Write(v.Msg)
			if ok := hmac.Equal(m.Sum(nil)[:g.TagSize/8], v.Tag); ok != (v.Result == "valid") {
				t.Errorf("%d (%s, %s)", v.ID, v.Comment, v.Result)
			}
		}
	}
}

// RFC 5869, appendix A: it has SHA-256 and SHA-1 only.
func TestHKDFOfRFC5869(t *testing.T) {
	sequence := func(from, to int) (b []byte) {
		for i := from; i <= to; i++ {
			b = append(b, byte(i))
		}
		return b
	}
	for i, c := range []struct {
		ikm, salt, info []byte
		okm             string
	}{
		{bytes.Repeat([]byte{0x0b}, 22), sequence(0, 0x0c), sequence(0xf0, 0xf9),
			"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
		{sequence(0, 0x4f), sequence(0x60, 0xaf), sequence(0xb0, 0xff),
			"b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
		{bytes.Repeat([]byte{0x0b}, 22), nil, nil,
			"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
	} {
		okm, err := hkdf.Key(sha256.New, c.ikm, c.salt, string(c.info), len(c.okm)/2)
		if err != nil || hex.EncodeToString(okm) != c.okm {
			t.Errorf("test case %d: %x, %v", i+1, okm, err)
		}
	}
}
