package local

import (
	"path/filepath"
	"runtime"
	"testing"
)

func TestPlacesFollowThePlatform(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("XDG_STATE_HOME", "relative/is/ignored")
	t.Setenv("LocalAppData", home)
	want := map[string][2]string{
		"windows": {"phivault", "phivault-state"},
		"darwin":  {"Library/Application Support/phivault", "Library/Application Support/phivault-state"},
		"linux":   {".local/share/phivault", ".local/state/phivault"},
	}[runtime.GOOS]
	for i, f := range []func() (string, error){DefaultDir, DefaultStateDir} {
		if got, err := f(); err != nil || got != filepath.Join(home, filepath.FromSlash(want[i])) {
			t.Errorf("%s %v", got, err)
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	t.Setenv("XDG_DATA_HOME", "/data")
	t.Setenv("XDG_STATE_HOME", "/state")
	if d, _ := DefaultDir(); d != "/data/phivault" {
		t.Error(d)
	}
	if d, _ := DefaultStateDir(); d != "/state/phivault" {
		t.Error(d)
	}
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("HOME", "")
	if d, err := DefaultDir(); err == nil {
		t.Errorf("%s without a home", d)
	}
}
