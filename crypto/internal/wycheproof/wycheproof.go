// Package wycheproof reads the test vectors of Project Wycheproof (C2SP) for
// the tests of the crypto packages. The vectors are not part of this
// repository: they are looked for in the corpus that PHIVAULT_CORPUS names, or
// else in ../shared/data beside the repository.
//
// Only test files import it.
package wycheproof

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Hex is a byte string, hexadecimal in JSON.
type Hex []byte

// UnmarshalText decodes hexadecimal digits.
func (h *Hex) UnmarshalText(b []byte) error {
	*h = make([]byte, hex.DecodedLen(len(b)))
	_, err := hex.Decode(*h, b)
	return err
}

// Vector holds the fields of all the algorithms we use; each fills its own.
type Vector struct {
	ID      int    `json:"tcId"`
	Comment string `json:"comment"`
	Result  string `json:"result"` // "valid", "invalid" or "acceptable"

	Key            Hex `json:"key"`
	IV             Hex `json:"iv"`
	AAD            Hex `json:"aad"`
	Msg            Hex `json:"msg"`
	CT             Hex `json:"ct"`
	Tag            Hex `json:"tag"`
	IKM            Hex `json:"ikm"`
	Salt           Hex `json:"salt"`
	Info           Hex `json:"info"`
	Size           int `json:"size"`
	OKM            Hex `json:"okm"`
	Password       Hex `json:"password"`
	IterationCount int `json:"iterationCount"`
	DKLen          int `json:"dkLen"`
	DK             Hex `json:"dk"`
	Sig            Hex `json:"sig"`
}

// Group is a set of vectors with common parameters, sizes in bits.
type Group struct {
	IVSize    int `json:"ivSize"`
	TagSize   int `json:"tagSize"`
	PublicKey struct {
		PK Hex `json:"pk"`
	} `json:"publicKey"`
	Tests []Vector `json:"tests"`
}

// Load returns the groups of a file such as "aes_gcm_test.json". The test is
// skipped where there is no corpus, and fails where one was named and lacks
// the file or where the file's own count does not match.
func Load(t *testing.T, name string) []Group {
	t.Helper()
	dir, named := os.LookupEnv("PHIVAULT_CORPUS")
	if !named {
		dir = filepath.Join(root(t), "..", "shared", "data")
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			t.Skipf("no corpus: set PHIVAULT_CORPUS, or put it at ../shared/data beside the repository")
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "wycheproof", name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		NumberOfTests int     `json:"numberOfTests"`
		TestGroups    []Group `json:"testGroups"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range file.TestGroups {
		n += len(g.Tests)
	}
	if n == 0 || n != file.NumberOfTests {
		t.Fatalf("%s: %d vectors, the file says %d", name, n, file.NumberOfTests)
	}
	return file.TestGroups
}

// root is the folder of the module's go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
