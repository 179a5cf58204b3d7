package local

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/sync/engine"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

func syncAll(t testing.TB, v *Vault, r *memory.Remote) {
	t.Helper()
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Sync(ctx, j, []engine.Target{{Name: "id", Remote: r}}, engine.Options{}); err != nil {
		t.Fatal(err)
	}
}

// A second device joins: it has the vault's id, a passphrase of its own and keys of
// its own; records go both ways, and everything lasts through closing.
func TestJoin(t *testing.T) {
	r := memory.New()
	a, b := newWorld(t), newWorld(t)
	v := a.create()
	addPatient(t, v.Vault, 1)
	i := identity.NewInvitation()
	n, err := NewNewcomer()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Destroy()
	w, err := journal.NewRequest(i, n.Device, "second", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := j.Candidate(i, w.Envelope)
	if err != nil || c.Words != w.Words {
		t.Fatal(err)
	}
	reply, err := j.Admit(ctx, c, segment.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	joined, err := w.Accept(reply)
	if err != nil {
		t.Fatal(err)
	}
	defer joined.Destroy()

	s, err := Join(ctx, b.dir, phrase(t, other), keyfile.DefaultParams(), n, joined, b.o)
	if err != nil {
		t.Fatal(err)
	}
	if s.ID() != v.ID() {
		t.Error("another vault")
	}
	// What the inviter had seen is not here yet: nothing is published before it is,
	// also after closing.
	b.close(s)
	if s, err = Open(ctx, b.dir, phrase(t, other), b.o); err != nil {
		t.Fatal(err)
	}
	j, err = s.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := journaltest.Sync(ctx, j, "id", r); !errors.Is(err, journal.ErrWaiting) {
		t.Errorf("%v, want to wait for the inviter's segments", err)
	}
	syncAll(t, v, r)
	syncAll(t, s, r)
	wantPatients(t, s, 1)
	b.close(s)
	b.fails(pass, keyfile.ErrPassphrase)
	if s, err = Open(ctx, b.dir, phrase(t, other), b.o); err != nil {
		t.Fatal(err)
	}
	addPatient(t, s.Vault, 2)
	syncAll(t, s, r)
	a.close(v)
	v = a.open()
	syncAll(t, v, r)
	wantPatients(t, v, 2)
	wantClean(t, v)
	wantClean(t, s)
	if p, err := v.Pending(ctx, "id"); err != nil || p != 0 {
		t.Errorf("%d pending, %v", p, err)
	}
	a.close(v)
	b.close(s)
	if _, err := Join(ctx, b.dir, phrase(t, other), keyfile.DefaultParams(), n, joined, b.o); !errors.Is(err, ErrExists) {
		t.Errorf("joining over a vault: %v", err)
	}
	if _, err := v.Journal(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("the journal of a closed vault: %v", err)
	}
}

// The settings of remotes, credentials included, are in the database and in no
// file in the clear.
func TestRemotes(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	const canary = "credential-canary-5151"
	r, err := v.AddRemote(ctx, Remote{Name: "clinic", URL: "s3://host/bucket", Secrets: map[string]string{"secret-key": canary}})
	if err != nil || r.ID == "" {
		t.Fatal(err)
	}
	if _, err := v.AddRemote(ctx, Remote{Name: "clinic"}); !errors.Is(err, ErrRemoteTaken) {
		t.Errorf("the same name again: %v", err)
	}
	for _, bad := range []string{"", "../x", "Clinic", "a b"} {
		if _, err := v.AddRemote(ctx, Remote{Name: bad}); !errors.Is(err, vault.ErrUsage) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	w.close(v)
	for _, f := range []string{keyName, dbName} {
		if b := readFile(t, filepath.Join(w.dir, f)); bytes.Contains(b, []byte(canary)) || bytes.Contains(b, []byte("clinic")) {
			t.Errorf("%s holds it in the clear", f)
		}
	}
	v = w.open()
	list, err := v.Remotes(ctx)
	if err != nil || len(list) != 1 || list[0].Secrets["secret-key"] != canary || list[0].ID != r.ID {
		t.Fatalf("%d remotes, %v", len(list), err)
	}
	if err := v.RemoveRemote(ctx, "clinic"); err != nil {
		t.Error(err)
	}
	if err := v.RemoveRemote(ctx, "clinic"); !errors.Is(err, ErrRemote) {
		t.Error(err)
	}
	again, err := v.AddRemote(ctx, Remote{Name: "clinic"})
	if err != nil || again.ID == r.ID {
		t.Errorf("another place under an old name is taken for the old one: %v", err)
	}
	w.close(v)
}
