package folder_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/remotetest"
)

func open(t *testing.T, dir string) *folder.Remote {
	t.Helper()
	r, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestContract(t *testing.T) {
	remotetest.Run(t, remotetest.Options{
		Open:  func(t *testing.T) remote.Remote { return open(t, t.TempDir()) },
		Lists: true, Deletes: true,
	})
}

func TestAFolderWithoutLinksKeepsTheContractAndSaysThatItIsWeak(t *testing.T) {
	remotetest.Run(t, remotetest.Options{
		Open: func(t *testing.T) remote.Remote {
			r := open(t, t.TempDir())
			r.Weaken()
			if remote.StrengthOf(r) != remote.Weak {
				t.Fatal("not weak")
			}
			return r
		},
		Lists: true, Deletes: true,
	})
}

// file gives the path of an object's file, and makes its folder.
func file(t *testing.T, dir string, n remote.Name) string {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(n.String()))
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatACloudDriveLeavesIsTolerated(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir)
	n := remotetest.Name()
	remotetest.Put(t, r, n, []byte("whole"))

	p := file(t, dir, n)
	clutter := []string{p + " (conflicted copy 2031-01-01)", p + "~", p + ".tmp", filepath.Join(filepath.Dir(p), ".DS_Store"),
		filepath.Join(dir, "desktop.ini"), filepath.Join(dir, "v1", "Icon\r")}
	for _, c := range clutter {
		if err := os.WriteFile(c, []byte("clutter"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	placeholder := remotetest.Name()
	if err := os.WriteFile(file(t, dir, placeholder), nil, 0o600); err != nil {
		t.Fatal(err)
	}

	var listed []remote.Name
	for e, err := range r.List(t.Context(), remote.Space{}) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, e.Name)
	}
	if !slices.Equal(listed, []remote.Name{n}) {
		t.Errorf("listed %v, want %v", listed, n)
	}
	strays := 0
	for s, err := range r.Strays(t.Context()) {
		if err != nil || strings.ContainsAny(s, "\r\n") {
			t.Errorf("%q, %v", s, err)
		}
		strays++
	}
	if strays != len(clutter)+1 {
		t.Errorf("%d strays, want %d", strays, len(clutter)+1)
	}

	// A placeholder is taken, but not there yet, and not gone either.
	if _, _, err := r.Get(t.Context(), placeholder); !remote.Retryable(err) || errors.Is(err, remote.ErrNotFound) {
		t.Errorf("placeholder: %v", err)
	}
	if err := r.Put(t.Context(), placeholder, strings.NewReader("x"), 1); !errors.Is(err, remote.ErrExists) {
		t.Errorf("put over a placeholder: %v", err)
	}
}

func TestAFileThatGrowsOrShrinksWhileReadIsNoObject(t *testing.T) {
	for name, change := range map[string]func(string) error{
		"grows": func(p string) error {
			f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("more")
				err = errors.Join(err, f.Close())
			}
			return err
		},
		"shrinks": func(p string) error { return os.Truncate(p, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := open(t, dir)
			n := remotetest.Name()
			remotetest.Put(t, r, n, []byte("whole"))
			body, _, err := r.Get(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			if err := change(file(t, dir, n)); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(body); !remote.Retryable(err) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// Attack 43: links that lead elsewhere, inside the folder or out of it. Expected: refused.
// Seen to be read, those inside, with the looks at the kind of file and folder left out of
// open and walkable; those out of it are stopped by os.Root then.
func TestAttack43LinksInTheFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making symlinks needs a privilege on Windows")
	}
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, plant := range map[string]func(t *testing.T, dir string, n remote.Name) error{
		"file outside": func(t *testing.T, dir string, n remote.Name) error { return os.Symlink(outside, file(t, dir, n)) },
		"file inside": func(t *testing.T, dir string, n remote.Name) error {
			if err := os.WriteFile(filepath.Join(dir, "inside"), []byte("secret"), 0o600); err != nil {
				return err
			}
			return os.Symlink("../../../inside", file(t, dir, n))
		},
		"dangling": func(t *testing.T, dir string, n remote.Name) error { return os.Symlink("nowhere", file(t, dir, n)) },
		"folder": func(t *testing.T, dir string, n remote.Name) error {
			p := filepath.Join(dir, filepath.FromSlash(n.Space().Path()))
			if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
				return err
			}
			elsewhere := filepath.Join(dir, "elsewhere", filepath.Base(n.Folder()))
			if err := os.MkdirAll(elsewhere, 0o700); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(elsewhere, n.Base()), []byte("secret"), 0o600); err != nil {
				return err
			}
			return os.Symlink("../elsewhere", p)
		},
		"a folder in the file's place": func(t *testing.T, dir string, n remote.Name) error {
			return os.Mkdir(file(t, dir, n), 0o700)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := open(t, dir)
			n := remotetest.Name()
			if err := plant(t, dir, n); err != nil {
				t.Fatal(err)
			}
			if _, err := remotetest.Get(t.Context(), r, n); !errors.Is(err, remote.ErrRefused) {
				t.Errorf("get: %v", err)
			}
			if err := r.Put(t.Context(), n, strings.NewReader("x"), 1); err == nil {
				t.Error("a put went through the link")
			}
			for e := range r.List(t.Context(), remotetest.Space()) {
				if !e.Name.IsZero() {
					t.Errorf("listed: %s", e.Name)
				}
			}
		})
	}
	if b, _ := os.ReadFile(outside); !bytes.Equal(b, []byte("secret")) {
		t.Error("the file outside has changed")
	}
}

// What is deleted leaves no empty folders behind, and takes none away from under those
// who put there.
func TestADeleteLeavesNoEmptyFolders(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir)
	put := func(n remote.Name) error { return r.Put(t.Context(), n, strings.NewReader("x"), 1) }
	names := make([]remote.Name, 4) // of one folder
	for i := range names {
		names[i] = remotetest.Space().Name([32]byte{1, byte(i + 1)})
		if names[i].Folder() != names[0].Folder() {
			t.Fatal("not of one folder")
		}
	}
	if err := errors.Join(put(names[0]), put(names[1]), r.Delete(t.Context(), names[0])); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file(t, dir, names[1])); err != nil {
		t.Errorf("the other object: %v", err)
	}
	if err := r.Delete(t.Context(), names[1]); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, n := range names {
		wg.Go(func() {
			for range 50 {
				if err := errors.Join(put(n), r.Delete(t.Context(), n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if there, err := os.ReadDir(dir); err != nil || len(there) != 1 || there[0].Name() != "tmp" {
		t.Errorf("%v, %v", there, err)
	}
}

func TestWhatDeadWritersLeftIsSweptAfterADayAndLivingOnesAreNot(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	dead, slow, alive := filepath.Join(dir, "tmp", "dead"), filepath.Join(dir, "tmp", "slow"), filepath.Join(dir, "tmp", "alive")
	for p, age := range map[string]time.Duration{dead: 25 * time.Hour, slow: 23 * time.Hour, alive: 0} {
		if err := os.WriteFile(p, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(p, then, then); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir)
	if _, err := os.Stat(dead); err == nil {
		t.Error("the dead writer's file is still there")
	}
	for _, p := range []string{slow, alive} {
		if _, err := os.Stat(p); err != nil {
			t.Errorf("a living writer's file: %v", err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) != 2 {
		t.Errorf("%v, %v", left, err)
	}
}

// The folder's clock is its server's, and this machine's may be off by days.
func TestTheAgeOfWhatWasLeftIsByTheFoldersOwnClock(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir)
	part := filepath.Join(dir, "tmp", "part")
	if err := os.WriteFile(part, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(part)
	if err != nil {
		t.Fatal(err)
	}
	// A probe that its server dates so long after the file makes it old, whatever is
	// o'clock here.
	r.Sweep(info.ModTime().Add(23 * time.Hour))
	if _, err := os.Stat(part); err != nil {
		t.Error(err)
	}
	r.Sweep(info.ModTime().Add(25 * time.Hour))
	if _, err := os.Stat(part); err == nil {
		t.Error("it is still there")
	}
	if r.Sweep(time.Time{}); r.Stamp().Before(info.ModTime()) {
		t.Error("what was written last is older than what was written before")
	}
}

func TestErrorsDoNotTellThePath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Jane Doe's drive")
	_, err := folder.Open(dir)
	if !errors.Is(err, remote.ErrUnavailable) || strings.Contains(err.Error(), "Jane") {
		t.Errorf("%v", err)
	}
	r, err := folder.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	err = r.Put(context.Background(), remotetest.Name(), strings.NewReader("x"), 1)
	if err == nil || strings.Contains(err.Error(), "Jane") {
		t.Errorf("after close: %v", err)
	}
}
