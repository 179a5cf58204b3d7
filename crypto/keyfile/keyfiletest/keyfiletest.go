// Package keyfiletest makes key derivation cheap in tests, where nothing is
// secret and a quarter of a gigabyte per unlock would only be slow. Only test
// files import it.
//
// It works in test binaries alone: in any other program it panics, so that no
// product can be built that derives weakly, by flag, environment or mistake.
package keyfiletest

import (
	"testing"

	"phivault/crypto/keyfile/internal/floor"
)

// Cheap lowers the default and least parameters for the rest of the process.
// For TestMain: the programs that testscript runs are the same test binary and
// pass through it too.
func Cheap() {
	demandTestBinary()
	floor.Cheapen()
}

// CheapFor lowers them until the test ends.
func CheapFor(tb testing.TB) {
	tb.Helper()
	demandTestBinary()
	tb.Cleanup(floor.Cheapen())
}

func demandTestBinary() {
	if !testing.Testing() {
		panic("keyfiletest: not a test binary")
	}
}
