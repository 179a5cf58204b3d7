//go:build unix && !darwin

package oskeyring

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"phivault/vault/local"
)

func TestABusIsLookedForAndNeverStarted(t *testing.T) {
	dir := t.TempDir()
	for _, address := range []string{"", "autolaunch:"} {
		if busAt(address, dir) == nil {
			t.Errorf("%q: a bus where none is", address)
		}
	}
	if err := busAt("unix:path=/x", dir); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := busAt("", dir); err != nil {
		t.Error(err)
	}
}

// The D-Bus library connects once a process and for ever, so the test runs in
// one of its own: whatever another test reached is not there.
func TestNoAnswerIsNotAbsence(t *testing.T) {
	if os.Getenv(busChild) == "" {
		c := exec.Command(os.Args[0], "-test.v", "-test.run=^TestNoAnswerIsNotAbsence$")
		c.Env = append(os.Environ(), busChild+"=1", "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(t.TempDir(), "none"))
		if out, err := c.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestNoAnswerIsNotAbsence")) {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	k := New("phivault test")
	_, get := k.Get(t.Context(), "a")
	for what, err := range map[string]error{"get": get, "set": k.Set(t.Context(), "a", "b"), "delete": k.Delete(t.Context(), "a")} {
		if !errors.Is(err, ErrUnavailable) || errors.Is(err, local.ErrNoItem) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

const busChild = "PHIVAULT_TEST_BUS_CHILD"
