package local

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// forms are the ways in which a text could lie on a disk.
func forms(canary string) [][]byte {
	var wide []byte
	for _, u := range utf16.Encode([]rune(canary)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return [][]byte{[]byte(canary), []byte(strings.ToLower(canary)), wide,
		[]byte(base64.StdEncoding.EncodeToString([]byte(canary)))[:len(canary)], []byte(hex.EncodeToString([]byte(canary)))}
}

func TestNothingReadableOnDisk(t *testing.T) {
	w := newWorld(t)
	place := t.TempDir()
	v := w.create()
	for n := range 200 {
		addPatient(t, v.Vault, n)
	}
	if err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), nil); err != nil {
		t.Fatal(err)
	}
	if err := v.ChangePassphrase(ctx, phrase(t, other), phrase(t, pass), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Backup(ctx, filepath.Join(place, "b"), BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	canaries := []string{pass, other, "Canaryfamily", "Quoll1", "1970-01-01", "resourceType", "Patient", "CREATE TABLE", "sqlite_master", "SQLite format 3",
		"payload", "instance", "restored", "passphrase", "birthDate"}
	sweep := func() (read int) {
		for _, root := range []string{w.dir, w.o.StateDir, place} {
			err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				b, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				read += len(b)
				for _, c := range canaries {
					for _, f := range append(forms(c), []byte(path)) {
						if bytes.Contains(b, f) {
							t.Errorf("%s holds %q", filepath.Base(path), f)
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return read
	}
	if n := sweep(); n < 100<<10 {
		t.Fatalf("swept %d bytes only", n)
	}
	w.close(v)
	if _, err := Restore(ctx, filepath.Join(place, "b"), filepath.Join(place, "restored"), phrase(t, pass), w.o); err != nil {
		t.Fatal(err)
	}
	sweep()
}
