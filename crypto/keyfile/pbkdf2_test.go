package keyfile

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"testing"

	"phivault/crypto/internal/wycheproof"
)

// RFC 7914, section 11: PBKDF2-HMAC-SHA-256, the only vectors an RFC has for
// SHA-2.
func TestPBKDF2OfRFC7914(t *testing.T) {
	for _, c := range []struct {
		password, salt string
		iterations     int
		want           string
	}{
		{"passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
		{"Password", "NaCl", 80000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
	} {
		got, err := pbkdf2.Key(sha256.New, c.password, []byte(c.salt), c.iterations, 64)
		if err != nil || hex.EncodeToString(got) != c.want {
			t.Errorf("%s: %x, %v", c.password, got, err)
		}
	}
}

// The same inputs as RFC 6070 with SHA-512, through the function that unlocks:
// its 32 bytes are the first of any longer output within the hash's 64.
func TestDeriveIsPBKDF2OfRFC8018(t *testing.T) {
	for _, c := range []struct {
		password, salt string
		iterations     uint32
		want           string
	}{
		{"password", "salt", 1, "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"},
		{"password", "salt", 2, "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c"},
		{"password", "salt", 4096, "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"},
		{"passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, "8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868c005174dc4ee71"},
	} {
		got := derive(Params{Profile: FIPS, Iterations: c.iterations}, phrase(c.password), []byte(c.salt))
		if hex.EncodeToString(got.Bytes()) != c.want {
			t.Errorf("%q, %d: the key differs", c.password, c.iterations)
		}
		if !bytes.Equal(got.Bytes(), referencePBKDF2([]byte(c.password), []byte(c.salt), c.iterations)) {
			t.Errorf("%q, %d: the reference differs", c.password, c.iterations)
		}
	}
}

// referencePBKDF2 is RFC 8018, section 5.2, for one block of HMAC-SHA-512.
func referencePBKDF2(password, salt []byte, iterations uint32) []byte {
	mac := hmac.New(sha512.New, password)
	mac.Write(salt)
	mac.Write([]byte{0, 0, 0, 1})
	u := mac.Sum(nil)
	f := bytes.Clone(u)
	for range iterations - 1 {
		mac.Reset()
		mac.Write(u)
		u = mac.Sum(u[:0])
		for i := range f {
			f[i] ^= u[i]
		}
	}
	return f[:derivedSize]
}

func TestWycheproofPBKDF2(t *testing.T) {
	ran := 0
	for _, g := range wycheproof.Load(t, "pbkdf2_hmacsha512_test.json") {
		for _, v := range g.Tests {
			if v.Result != "valid" {
				t.Errorf("%d: a vector of a kind that this test does not know", v.ID)
			}
			if len(v.Password) == 0 {
				got, err := pbkdf2.Key(sha512.New, "", v.Salt, v.IterationCount, v.DKLen)
				if err != nil || !bytes.Equal(got, v.DK) {
					t.Errorf("%d (%s): %v", v.ID, v.Comment, err)
				}
				continue
			}
			got := derive(Params{Profile: FIPS, Iterations: uint32(v.IterationCount)}, phrase(string(v.Password)), v.Salt)
			n := min(v.DKLen, derivedSize)
			if !bytes.Equal(got.Bytes()[:n], v.DK[:n]) {
				t.Errorf("%d (%s): the key differs", v.ID, v.Comment)
			}
			ran++
		}
	}
	if ran < 40 {
		t.Errorf("only %d vectors", ran)
	}
}
