package local

import (
	"strings"
	"testing"
)

func TestAVaultOnAShareHasAURIOfItsOwn(t *testing.T) {
	for path, want := range map[string]string{
		"/home/a/vault.db":        "file:/home/a/vault.db?",
		"//server/share/vault.db": "file:////server/share/vault.db?",
		"/home/a b?c#d/vault.db":  "file:/home/a%20b%3Fc%23d/vault.db?",
	} {
		if got := uri(path, "v"); !strings.HasPrefix(got, want) || !strings.Contains(got, "vfs=v") {
			t.Errorf("%s: %s", path, got)
		}
	}
}
