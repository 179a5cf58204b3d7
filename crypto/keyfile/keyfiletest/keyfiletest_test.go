package keyfiletest_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/keyfiletest"
	"phivault/crypto/secret"
)

func TestCheapForLowersDefaultsAndFloorsUntilTheTestEnds(t *testing.T) {
	product := keyfile.DefaultParams()
	var file []byte
	pass := secret.FromBytes([]byte("x"))
	t.Run("cheap", func(t *testing.T) {
		keyfiletest.CheapFor(t)
		b, err := keyfile.NewBundle(identity.NewGenesis)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Destroy()
		for _, p := range []keyfile.Params{keyfile.FIPSParams(), keyfile.DefaultParams()} {
			if file, err = keyfile.Seal(b, pass, nil, p); err != nil {
				t.Fatal(err)
			}
			got, err := keyfile.Open(file, pass, nil)
			if err != nil {
				t.Fatal(err)
			}
			got.Destroy()
		}
	})
	if keyfile.DefaultParams() != product {
		t.Error("the defaults are still cheap")
	}
	if _, err := keyfile.Open(file, pass, nil); !errors.Is(err, keyfile.ErrParams) {
		t.Errorf("a cheap file opens with the product's floors: %v", err)
	}
}

// A program that is no test binary and imports the door all the same does not
// get through it.
func TestTheDoorIsShutOutsideTests(t *testing.T) {
	source := filepath.Join(t.TempDir(), "main.go")
	program := `package main

import "phivault/crypto/keyfile/keyfiletest"

func main() { keyfiletest.Cheap(); println("cheap") }
`
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("go", "run", source)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: keyfiletest: not a test binary") || strings.Contains(string(out), "cheap\n") {
		t.Errorf("%v\n%s", err, out)
	}
}
