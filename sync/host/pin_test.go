package host

import (
	"crypto/x509"
	"strings"
	"testing"

	"phivault/sync/remote"
)

// A pin is given as an argument, where "-" begins a flag.
func TestNoPinReadsLikeAFlag(t *testing.T) {
	for range 600 {
		key, err := drawKey()
		if err != nil {
			t.Fatal(err)
		}
		spki, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if pin := remote.PinOf(&x509.Certificate{RawSubjectPublicKeyInfo: spki}).String(); strings.HasPrefix(pin, "-") {
			t.Fatal(pin)
		}
	}
}
