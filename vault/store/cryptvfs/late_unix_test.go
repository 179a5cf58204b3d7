//go:build !windows

package cryptvfs

import (
	"os"
	"testing"

	"modernc.org/libc"
)

// Who opens the log while another handle makes it may look before it is there, and must
// not take back what that one knows: frames sealed for no generation would end the log
// after a crash.
func TestOpeningALogThatIsBeingMadeForgetsNothing(t *testing.T) {
	h := frameHandle(t, 4096)
	generation := h.node.log.generation()
	if generation == 0 {
		t.Fatal("the log was not begun")
	}
	path := h.node.path + logSuffix
	if err := os.Remove(path); err != nil { // as if that look came before
		t.Fatal(err)
	}
	other, code := h.vfs.open(path, openWAL)
	if code != 0 {
		t.Fatal(code, h.vfs.LastError())
	}
	tls := libc.NewTLS()
	defer tls.Close()
	defer other.close(tls)
	if g := h.node.log.generation(); g != generation {
		t.Errorf("the generation became %x", g)
	}
}
