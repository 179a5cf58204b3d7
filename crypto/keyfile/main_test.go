package keyfile

import (
	"os"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
)

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

func TestMain(m *testing.M) { os.Exit(m.Run()) }
