package seal

import (
	"bytes"
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"
)

// The whole construction runs again in a process that refuses every function
// that is not approved.
func TestWorksUnderFIPSOnly(t *testing.T) {
	c := exec.Command(os.Args[0], "-test.v",
		"-test.run=^(TestFIPSChild|TestWhatIsSealedOpens|TestRoundTripInAnyPieces|TestAttack08EveryFlippedBitIsTheSameRefusal|TestAttack14And15ChunksCannotBeRearranged)$")
	c.Env = append(os.Environ(), "GODEBUG=fips140=only", fipsChild+"=1")
	out, err := c.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestFIPSChild")) || !bytes.Contains(out, []byte("--- PASS: TestAttack14And15ChunksCannotBeRearranged")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

const fipsChild = "PHIVAULT_TEST_FIPS_CHILD"

// TestFIPSChild shows that the child really is restricted.
func TestFIPSChild(t *testing.T) {
	if want := os.Getenv(fipsChild) != ""; fips140.Enforced() != want {
		t.Errorf("enforced: %v, want %v", fips140.Enforced(), want)
	}
}
