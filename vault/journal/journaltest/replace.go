package journaltest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/store"
)

// Clone is a second device from a saved copy of this one, in a folder of its own: a
// backup restored elsewhere. It has the same keys until Replace.
func (d *Device) Clone(t TB, n int, name string) *Device {
	t.Helper()
	c := *d
	c.Name, c.Dir = name, filepath.Join(filepath.Dir(d.Dir), name)
	check(t, os.MkdirAll(c.Dir, 0o700))
	b, err := os.ReadFile(filepath.Join(d.Dir, fmt.Sprint("copy", n)))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(c.Dir, "db"), b, 0o600))
	c.open(t, store.Open)
	return &c
}

// Replace makes the device, a copy, one of its own, as local does.
func (d *Device) Replace(t TB) {
	t.Helper()
	ctx := context.Background()
	fresh := [2][]byte{random(), random()}
	next, err := identity.NewDevice(fresh[0], fresh[1])
	check(t, err)
	from, err := d.Store.Sent(ctx)
	check(t, err)
	epochs := d.Journal.Keys()
	check(t, d.Journal.Succeed(ctx, next.ID(), secret.FromBytes(bytes.Clone(d.seeds[0])), secret.FromBytes(bytes.Clone(d.seeds[1])), from))
	d.Close()
	d.seeds, d.Keys, d.epochs = fresh, next, epochs
	d.open(t, store.Open)
}

// Rekey gives the device fresh keys and ends the old ones, as local does.
func (d *Device) Rekey(t TB) {
	t.Helper()
	ctx := context.Background()
	fresh := [2][]byte{random(), random()}
	next, err := identity.NewDevice(fresh[0], fresh[1])
	check(t, err)
	epochs := d.Journal.Keys()
	e, err := d.Journal.End(ctx, next, secret.FromBytes(bytes.Clone(d.seeds[0])), secret.FromBytes(bytes.Clone(d.seeds[1])))
	check(t, err)
	d.Close()
	d.seeds, d.Keys, d.epochs = fresh, next, epochs
	d.open(t, store.Open)
	check(t, d.Journal.Begin(ctx, e))
}

// Log is the log that the device writes.
func (d *Device) Log(t TB) vault.LogID {
	t.Helper()
	id, err := d.Store.Own(context.Background())
	check(t, err)
	return id
}
