package keyfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestWriteFileReplacesWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	b := newBundle(t)
	for range 2 {
		want := quickFile(t, b, "x", nil, DefaultParams())
		if err := WriteFile(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, or other bytes", err)
		}
		if err := os.Chmod(path, 0o644); err != nil { // the next one does not keep this
			t.Fatal(err)
		}
	}
	if err := WriteFile(path, quickFile(t, b, "x", nil, DefaultParams())); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if names := list(t, dir); names != "key" {
		t.Errorf("the folder holds %s", names)
	}
}

func TestWriteFileRefusesWhatIsNoKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	good := quickFile(t, newBundle(t), "x", nil, DefaultParams())
	if err := WriteFile(path, good); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, []byte("text"), good[:len(good)-1], append(bytes.Clone(good), 0)} {
		if err := WriteFile(path, bad); !errors.Is(err, ErrFormat) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
	if got, err := ReadFile(path); err != nil || !bytes.Equal(got, good) {
		t.Errorf("the old file is gone: %v", err)
	}
}

func TestStaleTemporariesAreRemovedAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	stay := []string{".key.0123456789abcdeX.tmp", ".key.01.tmp", ".other.0123456789abcdef.tmp", "key.old", ".key.tmp"}
	for _, name := range append(stay, ".key.0123456789abcdef.tmp", ".key.ffffffffffffffff.tmp") {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half a key fi"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadFile(filepath.Join(dir, "key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a temporary was taken for the file: %v", err)
	}
	if err := WriteFile(filepath.Join(dir, "key"), quickFile(t, newBundle(t), "x", nil, DefaultParams())); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(stay, "key") {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(list(t, dir), " ") + 1; n != len(stay)+1 {
		t.Errorf("the folder holds %s", list(t, dir))
	}
}

func TestFailedWritesLeaveTheOldFile(t *testing.T) {
	good := quickFile(t, newBundle(t), "x", nil, DefaultParams())
	if err := WriteFile(filepath.Join(t.TempDir(), "absent", "key"), good); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("folder absent: %v", err)
	}
	dir := t.TempDir()
	taken := filepath.Join(dir, "key")
	if err := os.MkdirAll(filepath.Join(taken, "full"), 0o700); err != nil { // rename onto this fails
		t.Fatal(err)
	}
	if err := WriteFile(taken, good); err == nil {
		t.Error("a folder was replaced")
	}
	if names := list(t, dir); names != "key" {
		t.Errorf("the folder holds %s", names)
	}
}

// The folder's sync comes after the new file is in force: an error that reads like
// "nothing happened" would have the owner use the old passphrase.
func TestAFailedSyncOfTheFolderIsToldApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	b := newBundle(t)
	if err := WriteFile(path, quickFile(t, b, "old", nil, DefaultParams())); err != nil {
		t.Fatal(err)
	}
	next := quickFile(t, b, "new", nil, DefaultParams())
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC, syscall.EROFS, fs.ErrPermission} {
		err := writeFile(path, next, func(dir string) error { return &fs.PathError{Op: "sync", Path: dir, Err: cause} })
		if !errors.Is(err, ErrUnsynced) || errors.Is(err, cause) || strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("%v: %v", cause, err)
		}
		if got, err := ReadFile(path); err != nil || !bytes.Equal(got, next) {
			t.Errorf("the new file is not in place: %v", err)
		}
	}
	if names := list(t, filepath.Dir(path)); names != "key" {
		t.Errorf("the folder holds %s", names)
	}
}

func TestReplaceTakesTheName(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	for path, text := range map[string]string{from: "new", to: "old"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Replace(from, to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != "new" || list(t, dir) != "to" {
		t.Errorf("%q %v, the folder holds %s", got, err, list(t, dir))
	}
	if err := Replace(from, to); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrUnsynced) {
		t.Error(err)
	}
	if err := SyncDir(filepath.Join(dir, "absent")); runtime.GOOS != "windows" && err == nil {
		t.Error("a folder that is not there was synced")
	}
}

func TestReadFileRefusesWhatCannotBeOne(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(dir); !errors.Is(err, ErrFormat) {
		t.Errorf("a folder: %v", err)
	}
	for size, want := range map[int64]error{MaxFile: nil, MaxFile + 1: ErrFormat, 1 << 40: ErrFormat} {
		path := filepath.Join(dir, fmt.Sprint(size))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
			t.Fatal(err)
		}
		if data, err := ReadFile(path); !errors.Is(err, want) || want != nil && data != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

const rewriterChild = "PHIVAULT_TEST_REWRITE"

// rewriteForEver writes key files under two passphrases in turn, a line of
// output before each, until it is killed.
func rewriteForEver(path string) {
	var files [][]byte
	for _, name := range []string{".a", ".b"} {
		data, err := os.ReadFile(path + name)
		if err != nil {
			panic(err)
		}
		files = append(files, data)
	}
	for i := 0; ; i++ {
		fmt.Println("writing") // before, so that the kill comes during it
		if err := WriteFile(path, files[i%2]); err != nil {
			panic(err)
		}
	}
}

// A process killed while it changes the passphrase leaves the old file or the
// new one, and the next write tidies up after it.
func TestKilledWriterLeavesAWholeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	b := newBundle(t)
	var files [][]byte
	for _, name := range []string{".a", ".b"} {
		data := quickFile(t, b, "pass"+name, nil, DefaultParams())
		files = append(files, data)
		if err := os.WriteFile(path+name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteFile(path, files[0]); err != nil {
		t.Fatal(err)
	}
	kills, stale := 15, 0
	if os.Getenv("PHIVAULT_SLOW") != "" {
		kills = 300
	}
	for range kills {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), rewriterChild+"="+path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 1 + rand.IntN(30) {
			lines.Scan()
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // killed
		got, err := ReadFile(path)
		if err != nil || !bytes.Equal(got, files[0]) && !bytes.Equal(got, files[1]) {
			t.Fatalf("neither the old file nor the new one: %d bytes, %v", len(got), err)
		}
		stale += strings.Count(list(t, dir), tempSuffix)
	}
	t.Logf("%d kills, %d in the middle of a write", kills, stale)
	if err := WriteFile(path, files[0]); err != nil {
		t.Fatal(err)
	}
	if names := list(t, dir); names != "key key.a key.b" {
		t.Errorf("the folder holds %s", names)
	}
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}
