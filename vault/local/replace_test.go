package local

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
)

// rolledBack is a vault that is older than what it published, with something saved
// since: an older copy of its folder was put back and accepted.
func rolledBack(t *testing.T, r *memory.Remote) (*world, *Vault) {
	t.Helper()
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	syncAll(t, v, r)
	w.close(v)
	old := folderNow(t, w.dir)
	v = w.open()
	addPatient(t, v.Vault, 2)
	syncAll(t, v, r)
	w.close(v)
	w.dir, w.o.AcceptOlder = old, true
	v = w.open()
	addPatient(t, v.Vault, 3)
	return w, v
}

func folderNow(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "vault")
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{keyName, dbName, walName} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// A vault that was put back publishes nothing under its keys, not even before a remote
// shows that it is behind. With fresh keys nothing that it saved is lost.
func TestAVaultThatWasPutBackDrawsFreshKeys(t *testing.T) {
	r := memory.New()
	w, v := rolledBack(t, r)
	w.notices()
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := journaltest.Sync(ctx, j, "id", r); !errors.Is(err, journal.ErrRestored) {
		t.Fatalf("%v", err)
	}
	if err := v.Replace(ctx, phrase(t, other)); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	before := v.database.device
	if err := v.Replace(ctx, phrase(t, pass)); err != nil {
		t.Fatal(err)
	}
	if err := v.Replace(ctx, phrase(t, pass)); !errors.Is(err, ErrNotRestored) {
		t.Errorf("a second time: %v", err)
	}
	addPatient(t, v.Vault, 4)
	w.close(v)
	w.o.AcceptOlder = false
	v = w.open()
	if v.database.device == before {
		t.Error("the keys are the old ones")
	}
	syncAll(t, v, r)
	syncAll(t, v, r)
	wantPatients(t, v, 4)
	wantClean(t, v)
	j, _ = v.Journal(ctx)
	if st, err := j.Status(ctx); err != nil || st.Replacing || st.Restored || len(j.Members()) != 2 {
		t.Errorf("%+v %v", st, err)
	}
	w.close(v)
}

// Cut off at each step, by a kill or a full disk. Expected: the vault opens, nothing
// is lost, and whatever it publishes then comes from one device: under the old keys
// it may not publish, and under the fresh ones nobody else writes.
func TestFreshKeysCutOffAtEachStep(t *testing.T) {
	for _, at := range []string{"noted", "rewritten", "handed over"} {
		t.Run(at, func(t *testing.T) {
			r := memory.New()
			w, v := rolledBack(t, r)
			w.close(v)
			left := ""
			w.o.step = func(step string) {
				if step == at {
					left = folderNow(t, w.dir)
				}
			}
			v = w.open()
			if err := v.Replace(ctx, phrase(t, pass)); err != nil {
				t.Fatal(err)
			}
			w.close(v)
			w.dir, w.o.step, w.o.StateDir = left, nil, t.TempDir() // a kill leaves no later anchor either
			v = w.open()
			wantClean(t, v)
			wantPatients(t, v, 2) // what was synced before, and what was saved here
			j, err := v.Journal(ctx)
			if err != nil {
				t.Fatal(err)
			}
			st, err := j.Status(ctx)
			if err != nil || st.Restored == st.Replacing || st.Restored != (at == "noted") {
				t.Fatalf("%+v %v", st, err)
			}
			if st.Restored {
				if err := v.Replace(ctx, phrase(t, pass)); err != nil {
					t.Fatal(err)
				}
			}
			syncAll(t, v, r)
			syncAll(t, v, r)
			wantPatients(t, v, 3)
			wantClean(t, v)
			w.close(v)
			v = w.open()
			wantPatients(t, v, 3)
			w.close(v)
		})
	}
}

// The key file could not be confirmed to last: the database must not follow it yet.
func TestFreshKeysWhoseFileMayNotLast(t *testing.T) {
	r := memory.New()
	w, v := rolledBack(t, r)
	w.close(v)
	key, err := os.ReadFile(filepath.Join(w.dir, keyName))
	if err != nil {
		t.Fatal(err)
	}
	w.o.writeKey = unsynced
	v = w.open()
	if err := v.Replace(ctx, phrase(t, pass)); !errors.Is(err, keyfile.ErrUnsynced) {
		t.Fatalf("%v", err)
	}
	w.close(v)
	fresh := folderNow(t, w.dir)
	if err := os.WriteFile(filepath.Join(w.dir, keyName), key, 0o600); err != nil { // what a power cut does
		t.Fatal(err)
	}
	w.o.writeKey = nil
	for _, dir := range []string{w.dir, fresh} {
		w.dir = dir
		v = w.open()
		wantPatients(t, v, 2)
		wantClean(t, v)
		w.close(v)
	}
}

// Half of a vault that drew fresh keys is put back. Expected: it does not open.
func TestHalfOfAVaultIsPutBack(t *testing.T) {
	w, v := rolledBack(t, memory.New())
	w.close(v)
	old := folderNow(t, w.dir)
	v = w.open()
	if err := v.Replace(ctx, phrase(t, pass)); err != nil {
		t.Fatal(err)
	}
	w.close(v)
	fresh := w.dir
	for _, part := range []string{keyName, dbName} {
		w.dir = folderNow(t, fresh)
		b, err := os.ReadFile(filepath.Join(old, part))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.dir, part), b, 0o600); err != nil {
			t.Fatal(err)
		}
		w.fails(pass, vault.ErrIntegrity)
	}
}

// A backup is restored twice, beside the device itself.
func TestABackupIsRestoredTwice(t *testing.T) {
	r := memory.New()
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	syncAll(t, v, r)
	addPatient(t, v.Vault, 2) // in the backup, and not sent before
	backup := filepath.Join(t.TempDir(), "backup")
	if _, err := v.Backup(ctx, backup, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	addPatient(t, v.Vault, 3)
	all := []*Vault{v}
	worlds := []*world{w}
	for i := range 2 {
		x := newWorld(t)
		if _, err := Restore(ctx, backup, x.dir, phrase(t, pass), x.o); err != nil {
			t.Fatal(err)
		}
		s := x.open()
		addPatient(t, s.Vault, 4+i)
		all, worlds = append(all, s), append(worlds, x)
	}
	for range 4 {
		for _, x := range all {
			syncAll(t, x, r)
		}
	}
	devices := map[[16]byte]bool{}
	for i, x := range all {
		wantPatients(t, x, 5)
		wantClean(t, x)
		j, err := x.Journal(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if st, err := j.Status(ctx); err != nil || st.Forks > 0 || len(j.Members()) != 3 {
			t.Errorf("%d: %+v %v", i, st, err)
		}
		devices[x.database.device] = true
		worlds[i].close(x)
	}
	if len(devices) != 3 {
		t.Errorf("%d devices", len(devices))
	}
}
