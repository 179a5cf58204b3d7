package local

import (
	"context"
	"errors"
	"slices"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/sync/remote/memory"
	"phivault/vault/journal"
)

func spareOf(t *testing.T, v *Vault) *keyfile.Spare {
	t.Helper()
	made, err := v.NewSpare(ctx, phrase(t, other), keyfile.DefaultParams(), "drawer", SpareRemote{URL: "folder:/x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Admit(ctx); err != nil {
		t.Fatal(err)
	}
	text := made.Text
	j, err := v.Journal(ctx)
	if err != nil || !slices.ContainsFunc(j.Members(), func(m journal.Member) bool { return m.Device == made.Device && m.Spare }) {
		t.Errorf("the spare that was made is none: %v", err)
	}
	if _, err := keyfile.OpenSpare(text, phrase(t, pass)); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("with the vault's passphrase: %v", err)
	}
	s, err := keyfile.OpenSpare(text, phrase(t, other))
	if err != nil || s.Remote != "folder:/x" {
		t.Fatalf("%v", err)
	}
	t.Cleanup(s.Destroy)
	return s
}

func spares(t *testing.T, v *Vault) (n int) {
	t.Helper()
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range j.Members() {
		if m.Spare {
			n++
		}
	}
	return n
}

// The machine is gone, the spare and the remote are left. What was written after it was
// put away is there too, under epochs that it never saw. Used twice it is two devices.
func TestASpareComesToLife(t *testing.T) {
	r := memory.New()
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	syncAll(t, v, r)
	s := spareOf(t, v)
	spareOf(t, v) // another change of members: another epoch
	if spares(t, v) != 2 {
		t.Error("two spares are not counted")
	}
	addPatient(t, v.Vault, 2)
	syncAll(t, v, r)
	w.close(v)
	var all []*Vault
	for i := range 2 {
		x := newWorld(t)
		y, err := Revive(ctx, x.dir, phrase(t, pass), keyfile.DefaultParams(), s, x.o)
		if err != nil {
			t.Fatal(err)
		}
		addPatient(t, y.Vault, 10+i) // saving needs no remote
		syncAll(t, y, r)
		syncAll(t, y, r)
		wantPatients(t, y, int64(3+i))
		x.close(y)
		y = x.open()
		all = append(all, y)
		defer x.close(y)
	}
	v = w.open()
	all = append(all, v)
	for range 3 {
		for _, x := range all {
			syncAll(t, x, r)
		}
	}
	devices := map[[16]byte]bool{}
	for _, x := range all {
		wantPatients(t, x, 4)
		wantClean(t, x)
		devices[x.database.device] = true
		if n := spares(t, x); n != 1 {
			t.Errorf("%d spares are left", n)
		}
		j, _ := x.Journal(ctx)
		if st, err := j.Status(ctx); err != nil || st.Replacing || st.Forks > 0 || len(j.Members()) != 5 {
			t.Errorf("%+v %v", st, err)
		}
	}
	if len(devices) != 3 {
		t.Errorf("%d devices", len(devices))
	}
	// A spare may be all that is left: what it became lets others in, and removes them.
	j, err := all[0].Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range j.Members() {
		if m.Letter == "A" {
			if err := j.Remove(ctx, m.Device); err != nil {
				t.Errorf("it is no owner: %v", err)
			}
		}
	}
	w.close(v)
}

// What an owner takes back does not come to life any more.
func TestARemovedSpareStaysDead(t *testing.T) {
	r := memory.New()
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	s := spareOf(t, v)
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range j.Members() {
		if m.Spare {
			if err := j.Remove(ctx, m.Device); err != nil {
				t.Fatal(err)
			}
		}
	}
	addPatient(t, v.Vault, 2)
	syncAll(t, v, r)
	x := newWorld(t)
	y, err := Revive(ctx, x.dir, phrase(t, pass), keyfile.DefaultParams(), s, x.o)
	if err != nil {
		t.Fatal(err)
	}
	defer x.close(y)
	for range 2 {
		syncAll(t, y, r)
		syncAll(t, v, r)
	}
	if k, _ := y.Journal(ctx); k != nil {
		if st, err := k.Status(ctx); err != nil || !st.Out {
			t.Errorf("%+v %v", st, err)
		}
	}
	if n := len(j.Members()); n != 2 {
		t.Errorf("%d devices", n)
	}
	if c, err := y.Counts(ctx); err != nil || c.Patients > 1 {
		t.Errorf("it reads %d patients", c.Patients)
	}
	w.close(v)
}

func TestAClosedVaultMakesNoSpare(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	w.close(v)
	if _, err := v.NewSpare(context.Background(), phrase(t, other), keyfile.DefaultParams(), "", SpareRemote{}); !errors.Is(err, ErrClosed) {
		t.Errorf("of a closed vault: %v", err)
	}
}
