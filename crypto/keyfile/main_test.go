package keyfile

import (
	"crypto/sha256"
	"os"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(rewriterChild); path != "" {
		rewriteForEver(path)
	}
	os.Exit(m.Run())
}

func phrase(s string) *secret.Bytes { return secret.FromBytes([]byte(s)) }

func newBundle(tb testing.TB) *Bundle {
	tb.Helper()
	b, err := NewBundle(identity.NewGenesis)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(b.Destroy)
	return b
}

func sameBundle(a, b *Bundle) bool {
	if string(a.Genesis) != string(b.Genesis) || len(a.Epochs) != len(b.Epochs) ||
		!a.Database.Equal(b.Database) || !a.SigningSeed.Equal(b.SigningSeed) || !a.KEMSeed.Equal(b.KEMSeed) {
		return false
	}
	for i := range a.Epochs {
		if a.Epochs[i].ID != b.Epochs[i].ID || !a.Epochs[i].Key.Equal(b.Epochs[i].Key) {
			return false
		}
	}
	return true
}

// counter is a deriver that costs nothing and counts.
type counter struct {
	calls int
	seen  []string // the passphrases
}

func (c *counter) derive(p Params, pass *secret.Bytes, salt []byte) *secret.Bytes {
	c.calls++
	c.seen = append(c.seen, string(pass.Bytes()))
	sum := sha256.Sum256([]byte(p.String() + "\x00" + string(pass.Bytes()) + "\x00" + string(salt)))
	return secret.FromBytes(sum[:])
}

// quickFile is a key file with the product's parameters, made by a counter.
func quickFile(tb testing.TB, b *Bundle, pass string, device *secret.Bytes, p Params) []byte {
	tb.Helper()
	file, err := sealWith(b, phrase(pass), device, p, new(counter).derive)
	if err != nil {
		tb.Fatal(err)
	}
	return file
}
