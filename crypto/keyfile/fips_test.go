package keyfile

import (
	"bytes"
	"crypto/fips140"
	"errors"
	"os"
	"os/exec"
	"testing"
)

const fipsChild = "PHIVAULT_TEST_FIPS_CHILD"

// In a process that refuses every function that is not approved, the fips
// profile works whole and the default profile is refused before deriving.
func TestFIPSProfileUnderFIPSOnly(t *testing.T) {
	t.Parallel()
	if os.Getenv(fipsChild) == "" {
		c := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), "GODEBUG=fips140=only", fipsChild+"=1")
		out, err := c.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("the child came to its end")) {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if !fips140.Enforced() {
		t.Fatal("the child is not restricted")
	}
	b := newBundle(t)
	least := Params{Profile: FIPS, Iterations: 600_000}
	file, err := Seal(b, phrase("right"), nil, least)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(file, phrase("right"), nil)
	if err != nil || !sameBundle(b, got) {
		t.Fatal(err)
	}
	got.Destroy()
	var kdf counter
	if _, err := sealWith(b, phrase("right"), nil, DefaultParams(), kdf.derive); !errors.Is(err, ErrParams) || kdf.calls > 0 {
		t.Errorf("Argon2id sealed: %v", err)
	}
	argon := bytes.Clone(file)
	argon[10] = byte(Default)
	copy(argon[12:], []byte{0, 4, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4})
	if _, err := openWith(argon, phrase("right"), nil, kdf.derive); !errors.Is(err, ErrParams) || kdf.calls > 0 {
		t.Errorf("Argon2id opened: %v", err)
	}
	t.Log("the child came to its end")
}
