package local

import (
	"errors"
	"path/filepath"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/sync/remote/memory"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
)

// ownMember is what the vault's own journal says of the device whose keys are in the
// key file; it fails when that is no member.
func ownMember(t testing.TB, v *Vault) (self journal.Member) {
	t.Helper()
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range j.Members() {
		if m.Self {
			self = m
		}
	}
	if self.Device != v.database.device || self.Removed {
		t.Fatalf("the database is not its key file's device's: %+v", self)
	}
	return self
}

func (w *world) rekeyed(v *Vault) *Vault {
	w.t.Helper()
	if device, err := v.Rekey(ctx, phrase(w.t, pass), nil); err != nil || !device {
		w.t.Fatalf("%v %v", device, err)
	}
	return w.open()
}

// syncs gives the error that a sync ends with.
func syncs(t *testing.T, v *Vault, r *memory.Remote) error {
	t.Helper()
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return journaltest.Sync(ctx, j, "id", r)
}

// Fresh keys again and again, with things saved in between, sent and not. Expected: one
// device after the other in one place, each ended by the one before, and another device
// sees all of it.
func TestRekeyEndsTheKeysBefore(t *testing.T) {
	r := memory.New()
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	syncAll(t, v, r)
	s := spareOf(t, v)
	syncAll(t, v, r)
	for n := range 3 {
		addPatient(t, v.Vault, 2+2*n)
		before := v.database.device
		v = w.rekeyed(v)
		m := ownMember(t, v)
		if m.Device == before || m.Was == "" || !m.Owner {
			t.Errorf("%+v", m)
		}
		addPatient(t, v.Vault, 3+2*n)
		if n != 1 {
			syncAll(t, v, r)
		}
	}
	wantClean(t, v)
	if told := w.notices(); len(told) > 1 { // the first opening of all
		t.Errorf("%v", told)
	}
	o := newWorld(t)
	p, err := Revive(ctx, o.dir, phrase(t, pass), keyfile.DefaultParams(), s, o.o)
	if err != nil {
		t.Fatal(err)
	}
	o.started(p, nil)
	for range 3 {
		syncAll(t, p, r)
		syncAll(t, v, r)
	}
	wantPatients(t, p, 7)
	j, err := p.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ended := 0
	for _, m := range j.Members() {
		if m.Next != "" && m.Removed {
			ended++
		}
	}
	if ended != 3 {
		t.Errorf("%+v", j.Members())
	}
	w.close(v)
}

// What was made before the keys changed: a backup, and a copy of the folder. Expected:
// both open, send nothing, say why, and keep what they have; status counts no backup.
func TestBackupsFromBeforeRekeySendNothing(t *testing.T) {
	r := memory.New()
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	syncAll(t, v, r)
	path := filepath.Join(t.TempDir(), "backup")
	if _, err := v.Backup(ctx, path, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	w.close(v)
	old := folderNow(t, w.dir)
	v = w.rekeyed(w.open())
	if st, err := v.Status(ctx); err != nil || st.Backup != nil {
		t.Errorf("it counts a backup: %v %v", st.Backup, err)
	}
	addPatient(t, v.Vault, 2)
	syncAll(t, v, r)
	w.close(v)

	restored, put := newWorld(t), newWorld(t)
	if _, err := Restore(ctx, path, restored.dir, phrase(t, pass), restored.o); err != nil {
		t.Fatal(err)
	}
	put.dir = old
	for _, c := range []*world{restored, put} {
		v := c.open()
		addPatient(t, v.Vault, 3)
		for range 2 {
			if err := syncs(t, v, r); !errors.Is(err, journal.ErrEnded) {
				t.Errorf("%v", err)
			}
		}
		// No new copy of it would be heard of either.
		if err := v.Replace(ctx, phrase(t, pass)); !errors.Is(err, journal.ErrEnded) {
			t.Errorf("%v", err)
		}
		wantPatients(t, v, 2)
		wantClean(t, v)
		// Its own database can have a new key all the same.
		seed := c.bundle()
		if device, err := v.Rekey(ctx, phrase(t, pass), nil); err != nil || device {
			t.Errorf("%v %v", device, err)
		}
		v = c.open()
		if after := c.bundle(); !after.SigningSeed.Equal(seed.SigningSeed) || after.Database.Equal(seed.Database) {
			t.Error("not just the database's key is another")
		}
		wantPatients(t, v, 2)
		c.close(v)
	}
	v = w.open()
	syncAll(t, v, r)
	wantPatients(t, v, 2)
	w.close(v)
}

// A restored copy draws fresh keys before the others know of it. Expected: one copy,
// with all that was saved in it.
func TestRekeyOfACopyThatNobodyKnows(t *testing.T) {
	r := memory.New()
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	syncAll(t, v, r)
	path := filepath.Join(t.TempDir(), "backup")
	if _, err := v.Backup(ctx, path, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	c := newWorld(t)
	if _, err := Restore(ctx, path, c.dir, phrase(t, pass), c.o); err != nil {
		t.Fatal(err)
	}
	p := c.open()
	addPatient(t, p.Vault, 2)
	before := p.database.device
	p = c.rekeyed(p)
	addPatient(t, p.Vault, 3)
	for range 2 {
		syncAll(t, p, r)
		syncAll(t, v, r)
	}
	if m := ownMember(t, p); m.Of != "A" || m.Device == before {
		t.Errorf("%+v", m)
	}
	wantPatients(t, v, 3)
	j, err := v.Journal(ctx)
	if err != nil || len(j.Members()) != 2 {
		t.Errorf("%v %+v", err, j.Members())
	}
	wantClean(t, p)
	c.close(p)
	w.close(v)
}
