//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is no file stays what it is, whatever --force says.
func TestAnOutputThatIsNoFileIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("elsewhere", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipe, link, os.DevNull} {
		before, err := os.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, force := range []bool{false, true} {
			out, err := new(app).output(name, force)
			var f *fault
			if !errors.As(err, &f) || f.code != "exists" || !strings.Contains(f.why, "not a file") {
				t.Errorf("%s, force %v: %v", name, force, err)
			}
			if out != nil {
				_ = out.end(errors.New("not wanted"))
			}
		}
		if now, err := os.Lstat(name); err != nil || now.Mode() != before.Mode() {
			t.Errorf("%s is something else now: %v", name, err)
		}
	}
}
