package local

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/vault"
)

// damaged opens the vault and wants an error that wraps one of those allowed, in
// one sentence that names no path.
func (w *world) damaged(what string, allowed ...error) {
	w.t.Helper()
	v, err := Open(ctx, w.dir, phrase(w.t, pass), w.o)
	if err == nil {
		_ = v.Close(ctx)
		w.t.Errorf("%s: opened", what)
		return
	}
	if !slices.ContainsFunc(allowed, func(e error) bool { return errors.Is(err, e) }) {
		w.t.Errorf("%s: %v", what, err)
	}
	if s := err.Error(); strings.Contains(s, "\n") || strings.Contains(s, w.dir) || strings.Contains(s, pass) {
		w.t.Errorf("%s: the error is %q", what, s)
	}
}

func TestMissingPartsAreNamed(t *testing.T) {
	w := newWorld(t)
	good := w.grown()
	good.change(keyName, nil).put(t, w.dir)
	if err := w.fails(pass, vault.ErrIntegrity); !strings.Contains(err.Error(), "key file is missing") {
		t.Error(err)
	}
	good.change(dbName, nil).put(t, w.dir)
	if err := w.fails(pass, vault.ErrIntegrity); !strings.Contains(err.Error(), "database is missing") {
		t.Error(err)
	}
	good.change(dbName, []byte{}).put(t, w.dir)
	if err := w.fails(pass, vault.ErrIntegrity); !strings.Contains(err.Error(), "empty") {
		t.Error(err)
	}
	good.change(keyName, []byte{}).put(t, w.dir)
	if err := w.fails(pass, vault.ErrIntegrity); !strings.Contains(err.Error(), "key file") {
		t.Error(err)
	}
}

func TestAlteredKeyFile(t *testing.T) {
	w := newWorld(t)
	w.grown()
	good := copyFolder(t, w.dir)
	key := good[keyName]
	for i := 0; i < len(key); i += 1 + i/40 {
		good.change(keyName, flipped(key, i)).put(t, w.dir)
		w.damaged("a flipped byte", vault.ErrIntegrity, keyfile.ErrPassphrase, keyfile.ErrParams, keyfile.ErrVersion, keyfile.ErrDeviceSecret)
	}
	for _, n := range []int{0, 1, 8, 60, 91, 92, len(key) - 1} {
		good.change(keyName, key[:n]).put(t, w.dir)
		w.damaged("cut short", vault.ErrIntegrity)
	}
	good.change(keyName, append(slices.Clone(key), 0)).put(t, w.dir)
	w.damaged("longer", vault.ErrIntegrity)
	good.change(keyName, make([]byte, keyfile.MaxFile+1)).put(t, w.dir)
	w.damaged("huge", vault.ErrIntegrity)
	newer := slices.Clone(key)
	newer[8] = 2
	good.change(keyName, newer).put(t, w.dir)
	w.damaged("newer", keyfile.ErrVersion)
	good.put(t, w.dir)
	w.close(w.open())
}

func TestAlteredDatabase(t *testing.T) {
	w := newWorld(t)
	w.grown()
	good := copyFolder(t, w.dir)
	db := good[dbName]
	// Page one is read by every opening; the rest by verification at the latest.
	for i := 0; i < pageSize; i += 61 {
		good.change(dbName, flipped(db, i)).put(t, w.dir)
		w.damaged("a flipped byte", vault.ErrIntegrity)
	}
	for i := pageSize; i < len(db); i += len(db)/60 + 1 {
		good.change(dbName, flipped(db, i)).put(t, w.dir)
		w.noticed("a flipped byte")
	}
	for _, n := range []int{1, 100, pageSize - 1, pageSize, pageSize + 1, len(db) / 2, len(db) - pageSize, len(db) - 1} {
		good.change(dbName, db[:n]).put(t, w.dir)
		w.noticed("cut short")
	}
	good.change(dbName, make([]byte, len(db))).put(t, w.dir)
	w.damaged("zeros", vault.ErrIntegrity)
	if err := os.RemoveAll(w.o.StateDir); err != nil {
		t.Fatal(err)
	}
	good.put(t, w.dir)
	w.close(w.open())
}

// noticed wants opening or verifying to fail, or verifying to find a problem. It
// forgets the anchor first: what was opened before was ahead of this.
func (w *world) noticed(what string) {
	w.t.Helper()
	if err := os.RemoveAll(w.o.StateDir); err != nil {
		w.t.Fatal(err)
	}
	v, err := Open(ctx, w.dir, phrase(w.t, pass), w.o)
	if err != nil {
		if !errors.Is(err, vault.ErrIntegrity) || strings.Contains(err.Error(), "\n") {
			w.t.Errorf("%s: %v", what, err)
		}
		return
	}
	problems := 0
	_, err = v.Verify(ctx, false, func(vault.Problem) { problems++ }, nil)
	if err != nil && !errors.Is(err, vault.ErrIntegrity) || err == nil && problems == 0 {
		w.t.Errorf("%s: verified with %d problems, %v", what, problems, err)
	}
	_ = v.Close(ctx)
}

func TestAnotherVaultsFiles(t *testing.T) {
	a, b := newWorld(t), newWorld(t)
	a.grown()
	b.grown()
	fa, fb := copyFolder(t, a.dir), copyFolder(t, b.dir)
	fa.change(dbName, fb[dbName]).put(t, a.dir)
	a.damaged("another vault's database", vault.ErrIntegrity)
	fa.change(keyName, fb[keyName]).put(t, a.dir)
	a.damaged("another vault's key file", vault.ErrIntegrity)
	// Under the open vault's feet.
	fa.put(t, a.dir)
	v := a.open()
	writeFile(t, a.dir+"/"+keyName, fb[keyName])
	for what, err := range map[string]error{
		"check":  v.Check(ctx, phrase(t, pass)),
		"passwd": v.ChangePassphrase(ctx, phrase(t, pass), phrase(t, other), nil),
	} {
		if !errors.Is(err, vault.ErrIntegrity) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := v.Backup(ctx, t.TempDir()+"/b", BackupOptions{}); !errors.Is(err, vault.ErrIntegrity) {
		t.Errorf("backup: %v", err)
	}
}

func TestAnInterruptedMakingIsNoVaultAndIsReplaced(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	f := copyFolder(t, w.dir)
	stageKey := stageName + "/" + keyName
	for what, s := range map[string]folder{
		"begun":     {lockName: nil},
		"written":   {stageName + "/" + dbName: f[dbName], stageKey: f[keyName]},
		"half done": {dbName: f[dbName], stageKey: f[keyName]},
	} {
		folder{}.put(t, w.dir)
		folder{}.put(t, w.dir+"/"+stageName)
		for name, b := range s {
			writeFile(t, w.dir+"/"+name, b)
		}
		w.fails(pass, vault.ErrNoVault)
		w.close(w.create())
		if got := files(t, w.dir); slices.Contains(got, stageName) {
			t.Errorf("%s: files %v", what, got)
		}
		w.close(w.open())
	}
	// All done but the clearing.
	folder{}.put(t, w.dir+"/"+stageName)
	w.close(w.open())
	if got := files(t, w.dir); slices.Contains(got, stageName) {
		t.Errorf("files %v", got)
	}
}
