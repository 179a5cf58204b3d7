package store

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"phivault/vault"
	"phivault/vault/store/cryptvfs"
	"phivault/vault/store/unsealed"
)

// heldVFS is a VFS that changes nothing before it is released.
func heldVFS(t testing.TB) *cryptvfs.VFS {
	t.Helper()
	v, err := cryptvfs.New(cryptvfs.Options{Key: bytes.Repeat([]byte{7}, 32), VaultID: testOptions().VaultID, Held: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// filesIn gives the content of a folder's files by their names.
func filesIn(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

// killed gives the files as they lie when a process is killed with a rebuild
// half done and an attachment that nobody cites: all in the log or, moved, with
// no log.
func killed(t testing.TB, moved bool, more ...string) map[string]string {
	t.Helper()
	s := newStore(t)
	s.keeper.stop()
	defer func() { s.keeper = startKeeper(s) }()
	addJSON(t, s, ann, weight)
	if w, err := s.NewBlob(ctx); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write([]byte("not cited")); err != nil {
		t.Fatal(err)
	}
	do(t, s, append(more, "INSERT INTO meta(key,value) VALUES('rebuild',0)")...)
	if moved {
		if err := s.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
	}
	files := filesIn(t, filepath.Dir(s.path))
	if moved {
		delete(files, "vault.db-wal")
	}
	return files
}

func place(t testing.TB, files map[string]string) (path string) {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "vault.db")
}

func TestARefusedOpenChangesNothing(t *testing.T) {
	errNo := errors.New("no")
	no := func(ctx context.Context, s *Store) error {
		h, err := s.Head(ctx)
		if err != nil || h.Entry == 0 {
			t.Error(h, err)
		}
		if ok, err := s.Contains(ctx, h); err != nil || !ok {
			t.Error(ok, err)
		}
		if _, err := s.Meta(ctx, "instance"); err != nil {
			t.Error(err)
		}
		return errNo
	}
	for _, c := range []struct {
		name  string
		more  []string
		check func(context.Context, *Store) error
		want  error
	}{
		{"refused", nil, no, errNo},
		{"newer", []string{"UPDATE meta SET value=99 WHERE key='schema'"}, no, ErrNewer},
		{"older and refused", []string{"UPDATE meta SET value=1 WHERE key='schema'"}, no, errNo},
		{"no vault", []string{"DELETE FROM batch"}, nil, vault.ErrIntegrity},
	} {
		for _, moved := range []bool{false, true} {
			files := killed(t, moved, c.more...)
			if !moved && len(files["vault.db-wal"]) == 0 {
				t.Fatal("there is no log")
			}
			path := place(t, files)
			o, v := testOptions(), heldVFS(t)
			o.VFS, o.Check = v.Name(), c.check
			s, err := Open(ctx, path, o)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
			if s != nil {
				s.Close()
			}
			if now := filesIn(t, filepath.Dir(path)); !maps.Equal(now, files) {
				t.Errorf("%s, moved %v: the files changed", c.name, moved)
			}
		}
	}
}

func TestACheckThatIsContentOpens(t *testing.T) {
	path := place(t, killed(t, false))
	o, v := testOptions(), heldVFS(t)
	o.VFS = v.Name()
	o.Check = func(context.Context, *Store) error { v.Release(); return nil }
	s, err := Open(ctx, path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	addJSON(t, s, asthma)
	expect(t, find(t, s, vault.Query{Text: "weight"}), "Observation/w1")
	clean(t, s)
}

// TestALogThatIsFoundIsMovedAtOpening, before anything is built on it.
func TestALogThatIsFoundIsMovedAtOpening(t *testing.T) {
	s := newStore(t)
	s.keeper.stop()
	addJSON(t, s, ann, weight)
	files := filesIn(t, filepath.Dir(s.path))
	s.keeper = startKeeper(s)
	if len(files["vault.db-wal"]) == 0 {
		t.Fatal("there is no log")
	}
	o := testOptions()
	o.VFS = s.o.VFS
	s, err := Open(ctx, place(t, files), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := logFile(t, s); n != 0 {
		t.Errorf("the log has %d bytes", n)
	}
	clean(t, s)
}

func TestAClosedStoreAnswers(t *testing.T) {
	s := newStore(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Head(ctx); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestWithoutEncryptionNothingOpensUnlessPermitted(t *testing.T) {
	o, path := testOptions(), filepath.Join(t.TempDir(), "vault.db")
	o.Unsealed = unsealed.Permit{}
	for _, open := range []func(context.Context, string, Options) (*Store, error){Create, Open} {
		if _, err := open(ctx, path, o); !errors.Is(err, vault.ErrUsage) {
			t.Errorf("without a VFS and without the permission: %v", err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused database left a file: %v", err)
	}
}
