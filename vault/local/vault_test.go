package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/vault"
)

func TestWhatIsCreatedOpensAgainWithItsRecords(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	id := v.ID()
	addPatient(t, v.Vault, 1)
	w.close(v)
	v = w.open()
	if v.ID() != id {
		t.Errorf("opened %v, created %v", v.ID(), id)
	}
	wantPatients(t, v, 1)
	wantClean(t, v)
	w.close(v)
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
	if got := files(t, w.dir); !slices.Equal(got, []string{lockName, dbName, keyName}) {
		t.Errorf("files %v", got)
	}
}

func TestFolderAndFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	w := newWorld(t)
	// An empty folder that everyone can read is made private.
	if err := os.Mkdir(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	v := w.create()
	addPatient(t, v.Vault, 1)
	err := filepath.Walk(w.dir, func(path string, fi os.FileInfo, err error) error {
		if err == nil && fi.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", fi.Name(), fi.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.close(v)
	if err := os.Chmod(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(w.dir, keyName), 0o644); err != nil {
		t.Fatal(err)
	}
	w.close(w.open())
	if got := w.notices(); !slices.Equal(got, []NoticeKind{NoticeMode}) {
		t.Errorf("notices %v", got)
	}
}

func TestCreateLeavesWhatIsThereAlone(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	before := copyFolder(t, w.dir)
	if _, err := Create(ctx, w.dir, phrase(t, other), keyfile.DefaultParams(), w.o); !errors.Is(err, ErrExists) {
		t.Errorf("over a vault: %v", err)
	}
	for name := range before {
		if name != lockName && string(readFile(t, filepath.Join(w.dir, name))) != string(before[name]) {
			t.Errorf("%s changed", name)
		}
	}
	for _, gone := range []string{keyName, dbName} {
		before.change(gone, nil).put(t, w.dir)
		if _, err := Create(ctx, w.dir, phrase(t, other), keyfile.DefaultParams(), w.o); !errors.Is(err, ErrExists) {
			t.Errorf("without %s: %v", gone, err)
		}
	}
	folder{"letter.txt": []byte("dear")}.put(t, w.dir)
	if _, err := Create(ctx, w.dir, phrase(t, other), keyfile.DefaultParams(), w.o); !errors.Is(err, ErrExists) {
		t.Errorf("beside a letter: %v", err)
	}
	if got := files(t, w.dir); !slices.Equal(got, []string{"letter.txt"}) {
		t.Errorf("files %v", got)
	}
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, []byte("x"))
	if _, err := Create(ctx, file, phrase(t, other), keyfile.DefaultParams(), w.o); err == nil {
		t.Error("made a vault of a file")
	}
}

func TestTheNamesOfNewFoldersLast(t *testing.T) {
	root := t.TempDir()
	var synced []string
	answer := error(nil)
	sync := func(dir string) error { synced = append(synced, dir); return answer }
	dir := filepath.Join(root, "a", "b", "vault")
	if made, err := makeFolder(dir, sync); !made || err != nil {
		t.Error(made, err)
	}
	if want := []string{filepath.Join(root, "a", "b"), filepath.Join(root, "a"), root}; !slices.Equal(synced, want) {
		t.Errorf("synced %v, want %v", synced, want)
	}
	synced = nil
	if made, err := makeFolder(dir, sync); made || err != nil || len(synced) != 0 {
		t.Errorf("a folder that was there: %v %v, synced %v", made, err, synced)
	}
	answer = &os.PathError{Op: "open", Path: root, Err: os.ErrPermission}
	if made, err := makeFolder(filepath.Join(root, "c"), sync); !made || err != nil {
		t.Errorf("below a folder that cannot be read: %v %v", made, err)
	}
	answer = errors.New("input/output error")
	if made, err := makeFolder(filepath.Join(root, "d"), sync); made || !errors.Is(err, answer) {
		t.Errorf("on a failing disk: %v %v", made, err)
	}
	if got := files(t, root); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("left %v", got)
	}
}

func TestRefusedCreateLeavesNoTrace(t *testing.T) {
	w := newWorld(t)
	weak := keyfile.DefaultParams()
	weak.Memory = 1
	for _, c := range []struct {
		pass string
		p    keyfile.Params
		want error
	}{
		{"", keyfile.DefaultParams(), keyfile.ErrUnusable},
		{strings.Repeat("x", keyfile.MaxPassphrase+1), keyfile.DefaultParams(), keyfile.ErrUnusable},
		{pass, weak, keyfile.ErrParams},
	} {
		if _, err := Create(ctx, w.dir, phrase(t, c.pass), c.p, w.o); !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
		if _, err := os.Stat(w.dir); !errors.Is(err, os.ErrNotExist) {
			t.Error("a folder is left")
		}
	}
	// Cancelled half way, on the other side of the folder's making.
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if v, err := Create(cancelled, w.dir, phrase(t, pass), keyfile.DefaultParams(), w.o); err == nil {
		_ = v.Close(ctx)
		t.Error("a cancelled Create went through")
	}
	if s, err := look(w.dir); err != nil || s.key || s.db {
		t.Errorf("a vault is left: %+v %v", s, err)
	}
	w.close(w.create())
}

func TestNothingIsNoVault(t *testing.T) {
	w := newWorld(t)
	w.fails(pass, vault.ErrNoVault)
	if _, err := os.Stat(w.dir); err == nil {
		t.Error("opening made the folder")
	}
	folder{"letter.txt": []byte("dear")}.put(t, w.dir)
	w.fails(pass, vault.ErrNoVault)
	if got := files(t, w.dir); len(got) != 1 {
		t.Errorf("files %v", got)
	}
	w.dir = filepath.Join(w.dir, "letter.txt")
	w.fails(pass, vault.ErrNoVault)
}

func TestCheckKnowsThePassphrase(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	if err := v.Check(ctx, phrase(t, pass)); err != nil {
		t.Error(err)
	}
	if err := v.Check(ctx, phrase(t, other)); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Error(err)
	}
	w.close(v)
	w.close(v) // again: nothing
	if err := v.Check(ctx, phrase(t, pass)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := v.Status(ctx); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := v.Backup(ctx, filepath.Join(t.TempDir(), "b"), BackupOptions{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	w.fails(other, keyfile.ErrPassphrase)
}

func TestChangePassphraseChangesTheKeyFileAlone(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	before := readFile(t, filepath.Join(w.dir, keyName))
	if err := v.ChangePassphrase(ctx, phrase(t, other), phrase(t, pass), nil); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("from a wrong passphrase: %v", err)
	}
	if err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, ""), nil); !errors.Is(err, keyfile.ErrUnusable) {
		t.Errorf("to none: %v", err)
	}
	if string(readFile(t, filepath.Join(w.dir, keyName))) != string(before) {
		t.Error("a refused change changed the key file")
	}
	// The file itself is never written into: a second name keeps the old one.
	second := filepath.Join(t.TempDir(), "second name")
	if err := os.Link(filepath.Join(w.dir, keyName), second); err != nil {
		t.Fatal(err)
	}
	fips := keyfile.FIPSParams()
	if err := v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), &fips); err != nil {
		t.Fatal(err)
	}
	if string(readFile(t, second)) != string(before) {
		t.Error("the key file was changed in place")
	}
	if err := v.Check(ctx, phrase(t, other)); err != nil {
		t.Error(err)
	}
	w.close(v)
	w.fails(pass, keyfile.ErrPassphrase)
	info, err := Inspect(w.dir)
	if err != nil || info.Key.Params != fips {
		t.Errorf("%v %v", info.Key.Params, err)
	}
	v, err = Open(ctx, w.dir, phrase(t, other), w.o)
	v = w.started(v, err)
	if err := v.ChangePassphrase(ctx, phrase(t, other), phrase(t, pass), nil); err != nil {
		t.Fatal(err)
	}
	if info, _ := Inspect(w.dir); info.Key.Params != fips {
		t.Errorf("the parameters changed to %v", info.Key.Params)
	}
	audited := 0
	err = v.Audit(ctx, 1, func(a vault.Audited) bool {
		if a.Audit.Action == vault.ActionPassphrase {
			audited++
		}
		return true
	})
	if err != nil || audited != 2 {
		t.Errorf("%d audit entries, %v", audited, err)
	}
	wantClean(t, v)
}

func TestStatusAndInspect(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	s, err := v.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if s.Counts.Patients != 1 || s.Anchor != "state" || s.Backup != nil || !s.Restored.IsZero() || s.Head.Entry < 2 || s.Bytes < 1000 {
		t.Errorf("%+v", s)
	}
	info, err := Inspect(w.dir)
	if err != nil || info.LockedBy == nil || info.LockedBy.PID != os.Getpid() || info.VaultID != v.ID() || info.Key.Params != keyfile.DefaultParams() {
		t.Errorf("%+v %v", info, err)
	}
	b, err := v.Backup(ctx, filepath.Join(t.TempDir(), "backup"), BackupOptions{})
	if err != nil {
		t.Fatal(err)
	}
	addPatient(t, v.Vault, 2)
	if s, err = v.Status(ctx); err != nil || s.Backup == nil || s.Backup.Path != b.Path || s.Backup.Entry != b.Entry || s.Backup.Behind != 2 || !s.Backup.At.Equal(b.Created) {
		t.Errorf("%+v %v", s.Backup, err)
	}
	w.close(v)
	if info, err := Inspect(w.dir); err != nil || info.LockedBy != nil {
		t.Errorf("%+v %v", info, err)
	}
	if _, err := Inspect(t.TempDir()); !errors.Is(err, vault.ErrNoVault) {
		t.Error(err)
	}
}
