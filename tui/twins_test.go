package tui_test

import (
	"context"
	"path/filepath"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/journal/segment"

	"phivault/vault/journal"
	"phivault/vault/local"
)

// twins are two devices of one vault at one remote.
type twins struct {
	t      testing.TB
	a, b   *local.Vault
	opener *opener // of a
	remote *memory.Remote
}

// newTwins lets a second device into the vault of o, and brings it up to date.
func newTwins(t testing.TB, o *opener) *twins {
	t.Helper()
	ctx := t.Context()
	w := &twins{t: t, opener: o, remote: memory.New()}
	p := secret.FromBytes([]byte(passphrase))
	defer p.Destroy()
	var err error
	w.a, err = local.Open(ctx, o.dir, p, o.options())
	w.must(err)
	j, err := w.a.Journal(ctx)
	w.must(err)
	i := identity.NewInvitation()
	n, err := local.NewNewcomer()
	w.must(err)
	defer n.Destroy()
	asked, err := journal.NewRequest(i, n.Device, "laptop", [32]byte{1})
	w.must(err)
	c, err := j.Candidate(i, asked.Envelope)
	w.must(err)
	reply, err := j.Admit(ctx, c, segment.RoleMember)
	w.must(err)
	joined, err := asked.Accept(reply)
	w.must(err)
	defer joined.Destroy()
	w.sync(w.a)
	dir := filepath.Join(t.TempDir(), "twin")
	w.b, err = local.Join(ctx, dir, p, keyfile.DefaultParams(), n, joined, local.Options{StateDir: dir + ".state", Clock: noon})
	w.must(err)
	t.Cleanup(func() { w.b.Close(context.Background()) })
	w.sync(w.b)
	return w
}

func (w *twins) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *twins) sync(v *local.Vault) {
	w.t.Helper()
	j, err := v.Journal(w.t.Context())
	w.must(err)
	_, err = engine.Sync(w.t.Context(), j, []engine.Target{{Name: "r", Remote: w.remote}}, engine.Options{})
	w.must(err)
}

// edit changes a record of the clinic's on one device.
func (w *twins) edit(v *local.Vault, id vault.RecordID, json string) {
	w.t.Helper()
	old, err := v.Get(w.t.Context(), id)
	w.must(err)
	r, err := fhir.Parse([]byte(json), nil)
	w.must(err)
	_, err = v.Edit(w.t.Context(), old, &r)
	w.must(err)
}

// meet has both know of each other's changes, and leaves a to the interface.
func (w *twins) meet() *opener {
	w.t.Helper()
	w.sync(w.b)
	w.sync(w.a)
	w.must(w.a.Close(w.t.Context()))
	return w.opener
}

func idOf(typ, id string) vault.RecordID { return vault.RecordIDOf("clinic", typ, id) }
