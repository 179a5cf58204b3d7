//go:build unix

package local

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// The state folder is outside the vault's and may be anything by the next time.
func TestAnAnchorThatIsNoFileIsDamaged(t *testing.T) {
	w := newWorld(t)
	w.grown()
	path := filepath.Join(w.o.StateDir, files(t, w.o.StateDir)[0])
	text := readFile(t, path)
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for name, put := range map[string]func() error{
		"pipe":   func() error { return unix.Mkfifo(path, 0o600) },
		"link":   func() error { return errors.Join(os.WriteFile(elsewhere, text, 0o600), os.Symlink(elsewhere, path)) },
		"device": func() error { return os.Symlink("/dev/zero", path) },
		"huge":   func() error { return errors.Join(os.WriteFile(path, text, 0o600), os.Truncate(path, 1<<40)) },
	} {
		if err := errors.Join(os.Remove(path), put()); err != nil {
			t.Fatal(name, err)
		}
		opened := later(func() error {
			v, err := Open(ctx, w.dir, phrase(t, pass), w.o)
			if err == nil {
				err = v.Close(ctx)
			}
			return err
		})
		if err := <-opened; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := w.notices(); !slices.Equal(got, []NoticeKind{NoticeAnchorDamaged}) {
			t.Errorf("%s: notices %v", name, got)
		}
	}
	w.close(w.open())
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
	if got := readFile(t, elsewhere); string(got) != string(text) {
		t.Error("the file behind the link was written to")
	}
}

func later(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}
