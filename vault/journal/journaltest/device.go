package journaltest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/store"
	"phivault/vault/store/unsealed"
)

// TB is what of testing.TB is used; rapid's T has it too.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Device is a device with its database and journal open.
type Device struct {
	Name    string
	Keys    *identity.Device
	Store   *store.Store
	Journal *journal.Journal
	Dir     string
	Clock   vault.Clock // set before Open to be given to the store

	seeds   [2][]byte // signing, KEM
	genesis []byte
	epochs  []journal.EpochKey
	floors  []vault.Place
	saved   int
}

// Found makes a vault in dir, with one device.
func Found(t TB, dir, name string) *Device {
	t.Helper()
	sign, kem := random(), random()
	g, err := identity.NewGenesis(sign, kem)
	check(t, err)
	d := &Device{Name: name, Dir: filepath.Join(dir, name), genesis: g, seeds: [2][]byte{sign, kem}}
	d.Keys, err = identity.NewDevice(sign, kem)
	check(t, err)
	d.epochs = []journal.EpochKey{{Key: secret.Random(32)}}
	rand.Read(d.epochs[0].ID[:])
	check(t, os.MkdirAll(d.Dir, 0o700))
	d.open(t, store.Create)
	return d
}

func random() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

func check(t TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func (d *Device) open(t TB, with func(context.Context, string, store.Options) (*store.Store, error)) {
	t.Helper()
	g, err := identity.ParseGenesis(d.genesis)
	check(t, err)
	d.Store, err = with(context.Background(), filepath.Join(d.Dir, "db"), store.Options{Unsealed: unsealed.ForMeasuring(), VaultID: g.VaultID(), Device: d.Keys.ID(), Genesis: d.genesis, Clock: d.Clock})
	check(t, err)
	d.Journal, err = journal.Open(context.Background(), journal.Parts{Ledger: d.Store, State: d.Store, Store: d.Store, Blobs: d.Store,
		Device: d.Keys, Genesis: d.genesis, Epochs: d.epochs, Floors: d.floors, Clock: d.Clock})
	check(t, err)
}

// VaultID is the vault's.
func (d *Device) VaultID() vault.Hash {
	g, _ := identity.ParseGenesis(d.genesis)
	return g.VaultID()
}

// Genesis and Epochs are what the device's key file would hold.
func (d *Device) Genesis() []byte            { return d.genesis }
func (d *Device) Epochs() []journal.EpochKey { return d.epochs }

// Close closes journal and database.
func (d *Device) Close() {
	_ = d.Journal.Close(context.Background())
	_ = d.Store.Close()
}

// Crash lets go of the journal without letting it save anything, and opens the
// device again.
func (d *Device) Crash(t TB) {
	t.Helper()
	_ = d.Store.Close()
	d.open(t, store.Open)
}

// Save keeps a copy of the database as it is; Restore puts the nth back.
func (d *Device) Save(t TB) int {
	t.Helper()
	check(t, d.Store.Checkpoint(context.Background()))
	d.Close()
	b, err := os.ReadFile(filepath.Join(d.Dir, "db"))
	check(t, err)
	d.saved++
	check(t, os.WriteFile(filepath.Join(d.Dir, fmt.Sprint("copy", d.saved)), b, 0o600))
	d.open(t, store.Open)
	return d.saved
}

// Restore puts a saved copy back and opens it.
func (d *Device) Restore(t TB, n int) {
	t.Helper()
	d.Close()
	b, err := os.ReadFile(filepath.Join(d.Dir, fmt.Sprint("copy", n)))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(d.Dir, "db"), b, 0o600))
	check(t, errors.Join(remove(filepath.Join(d.Dir, "db-wal")), remove(filepath.Join(d.Dir, "db-shm"))))
	d.open(t, store.Open)
}

func remove(p string) error {
	if err := os.Remove(p); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Join enrols a new device over a remote, invited by an owner, whose sync carries
// the admission out.
func Join(t TB, owner *Device, r remote.Remote, dir, name string, role uint8) *Device {
	t.Helper()
	return join(t, owner, r, dir, name, role, func() error { return Sync(context.Background(), owner.Journal, "r", r) })
}

func join(t TB, owner *Device, r remote.Remote, dir, name string, role uint8, carry func() error) *Device {
	t.Helper()
	ctx := context.Background()
	i := identity.NewInvitation()
	d := &Device{Name: name, Dir: filepath.Join(dir, name), Clock: owner.Clock}
	var err error
	d.seeds = [2][]byte{random(), random()}
	d.Keys, err = identity.NewDevice(d.seeds[0], d.seeds[1])
	check(t, err)
	w, err := journal.NewRequest(i, d.Keys, name, [32]byte(random()))
	check(t, err)
	check(t, Put(ctx, r, w.Envelope))
	e, err := Get(ctx, r, journal.RequestName(i))
	check(t, err)
	c, err := owner.Journal.Candidate(i, e)
	check(t, err)
	if c.Words != w.Words || c.Name != name {
		t.Fatalf("the request is another")
	}
	reply, err := owner.Journal.Admit(ctx, c, role)
	check(t, err)
	check(t, carry())
	check(t, Put(ctx, r, reply))
	e, err = Get(ctx, r, journal.ReplyName(i))
	check(t, err)
	joined, err := w.Accept(e)
	check(t, err)
	d.genesis, d.epochs, d.floors = joined.Genesis, joined.Epochs, joined.Floors
	check(t, os.MkdirAll(d.Dir, 0o700))
	d.open(t, store.Create)
	return d
}

// Add puts FHIR JSON in as an import of source "a" does.
func (d *Device) Add(t TB, docs ...string) {
	t.Helper()
	var b vault.Batch
	for _, doc := range docs {
		res, err := fhir.Parse([]byte(doc), nil)
		check(t, err)
		p := &vault.Put{ID: vault.RecordIDOf("a", res.Type, res.ID), Source: "a", Resource: &res}
		check(t, d.Store.Prepare(p))
		b.Puts = append(b.Puts, p)
	}
	_, err := d.Store.Append(context.Background(), b)
	check(t, err)
}

// Delete deletes a record, if it is live here.
func (d *Device) Delete(t TB, typ, id string) bool {
	t.Helper()
	r, err := d.Store.Get(context.Background(), vault.RecordIDOf("a", typ, id))
	if errors.Is(err, vault.ErrNotFound) || err == nil && r.Deleted {
		return false
	}
	check(t, err)
	_, err = d.Store.Append(context.Background(), vault.Batch{Deletes: []vault.Delete{{ID: r.ID, Base: r.Head}}})
	check(t, err)
	return true
}

// Sync syncs with a remote under the name "r".
func (d *Device) Sync(r remote.Remote) error {
	return Sync(context.Background(), d.Journal, "r", r)
}

// Contents tells everything about records that converged devices agree on.
func (d *Device) Contents(t TB) string {
	t.Helper()
	var b bytes.Buffer
	for _, deleted := range []bool{false, true} {
		var lines []string
		for r, err := range d.Store.Find(context.Background(), vault.Query{Deleted: deleted}) {
			check(t, err)
			lines = append(lines, fmt.Sprintln(r.ID, r.Version, r.Deleted, r.Conflict, string(r.Resource.JSON)))
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	return b.String()
}

// Effects tells all entries that have effect, and the records.
func (d *Device) Effects(t TB) string {
	t.Helper()
	n := 0
	for _, err := range d.Store.Entries(context.Background(), 1) {
		check(t, err)
		n++
	}
	return fmt.Sprintln(n) + d.Contents(t)
}

// Logical tells the database's logical state: entries, places, records.
func (d *Device) Logical(t TB) string {
	t.Helper()
	p, err := d.Store.Places(context.Background())
	check(t, err)
	return fmt.Sprintln(p) + d.Effects(t)
}

// Verify proves the database's consistency.
func (d *Device) Verify(t TB) {
	t.Helper()
	_, err := d.Store.VerifyWith(context.Background(), false, segment.AsSigned, func(p vault.Problem) { t.Fatalf("%s: %s %s", d.Name, p.Kind, p.ID) }, nil)
	check(t, err)
}

// Has reports whether some revision of the record that doc is of, is doc.
func (d *Device) Has(t TB, doc string) bool {
	t.Helper()
	res, err := fhir.Parse([]byte(doc), nil)
	check(t, err)
	id := vault.RecordIDOf("a", res.Type, res.ID)
	h, err := d.Store.History(context.Background(), id)
	if errors.Is(err, vault.ErrNotFound) {
		return false
	}
	check(t, err)
	for v := range h {
		r, err := d.Store.At(context.Background(), id, v+1)
		check(t, err)
		if string(r.Resource.JSON) == doc {
			return true
		}
	}
	return false
}
