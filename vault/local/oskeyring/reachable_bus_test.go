//go:build unix && !darwin

package oskeyring

import (
	"errors"
	"os"
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

func TestNoAnswerIsNotAbsence(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	k := New("phivault test")
	_, get := k.Get(t.Context(), "a")
	for what, err := range map[string]error{"get": get, "set": k.Set(t.Context(), "a", "b"), "delete": k.Delete(t.Context(), "a")} {
		if !errors.Is(err, ErrUnavailable) || errors.Is(err, local.ErrNoItem) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
