//go:build unix

package local

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// In a folder that others may write to, whoever guesses the name under which a
// backup is written could have it write through a link, or into a file of theirs.
func TestABackupAdoptsNothingThatIsPlanted(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	shared := t.TempDir()
	key := filepath.Join(w.dir, keyName)
	before := readFile(t, key)
	for name, plant := range map[string]func(path string) error{
		"link":    func(path string) error { return os.Symlink(key, path) },
		"hard":    func(path string) error { return os.Link(key, path) },
		"foreign": func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o666), os.Chmod(path, 0o666)) },
		"pipe":    func(path string) error { return unix.Mkfifo(path, 0o666) },
		"folder":  func(path string) error { return os.Mkdir(path, 0o777) },
	} {
		dest := filepath.Join(shared, name)
		for _, suffix := range []string{partialSuffix, ".0123456789abcdef" + partialSuffix} {
			if err := plant(dest + suffix); err != nil {
				t.Fatal(name, err)
			}
			if name == "foreign" && os.Getuid() == 0 {
				if err := os.Chown(dest+suffix, 65534, 65534); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := v.Backup(ctx, dest, BackupOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		fi, err := os.Lstat(dest)
		if err != nil || !fi.Mode().IsRegular() || fi.Mode().Perm() != 0o600 || int(fi.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
			t.Errorf("%s: %v %v", name, fi, err)
		}
		if r, err := Drill(ctx, dest, phrase(t, pass), w.o); err != nil || len(r.Problems) != 0 {
			t.Errorf("%s: %v %v", name, r.Problems, err)
		}
		if _, err := os.Lstat(dest + ".0123456789abcdef" + partialSuffix); err != nil && (name != "foreign" || os.Getuid() == 0) {
			t.Errorf("%s: what was planted is not ours to remove: %v", name, err)
		}
		if !bytes.Equal(readFile(t, key), before) {
			t.Fatalf("%s: the key file was written to", name)
		}
	}
}

func TestWhatAppearsUnderTheNameIsTheFileThatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b")
	n, err := createNew(path)
	if err != nil {
		t.Fatal(err)
	}
	// In a folder without the sticky bit anyone may exchange names.
	if err := os.Remove(n.Name()); err != nil {
		t.Fatal(err)
	}
	writeFile(t, n.Name(), []byte("another"))
	if err := n.finish(); err == nil {
		t.Error("another's file was taken for the backup")
	}
}
