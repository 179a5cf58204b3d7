package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/store"
)

// How the device's own keys change with the database's: in the copy that is to become
// the database, before the key file decides. So a key file and the database that it
// opens are always one device's.

// renewal is what Rekey can do about the device's own keys.
type renewal int

const (
	renewNothing renewal = iota // the device signs nothing more
	renewEnds                   // it ends the old ones
	renewAgain                  // a restored copy of which the others do not know yet
)

// renewal is what can be done, or why nothing may be done now.
func (v *Vault) renewal(ctx context.Context) (renewal, error) {
	j, err := v.door.open(ctx, v.database.store, v.o)
	if err != nil {
		return 0, explain(err, v.database.vfs.LastError())
	}
	st, err := j.Status(ctx)
	if err != nil {
		return 0, err
	}
	list, err := v.Remotes(ctx)
	if err != nil {
		return 0, err
	}
	var ids []string
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	switch err := j.MayEnd(ids...); {
	case err == nil:
		return renewEnds, nil
	case st.Replacing && !st.Out && !st.Ended && !st.Restored:
		return renewAgain, nil
	case errors.Is(err, journal.ErrNotMember), errors.Is(err, journal.ErrEnded), errors.Is(err, journal.ErrRestored):
		return renewNothing, nil
	default:
		return 0, err
	}
}

// renew gives the database at path, which b opens, to a device with fresh keys, and
// gives the bundle of that one. The caller destroys it.
func (v *Vault) renew(ctx context.Context, path string, b *keyfile.Bundle, how renewal) (*keyfile.Bundle, error) {
	next := b.Clone()
	if how == renewNothing {
		return next, nil
	}
	for _, k := range []*secret.Bytes{next.SigningSeed, next.KEMSeed} {
		k.Destroy()
	}
	next.SigningSeed, next.KEMSeed = secret.Random(identity.SeedSize), secret.Random(identity.SeedSize)
	end, err := v.hand(ctx, path, b, next, how)
	if err == nil {
		err = v.takeOver(ctx, path, next, end)
	}
	if err != nil {
		next.Destroy()
		return nil, err
	}
	return next, nil
}

// hand makes the database next's. The keys of all epochs go along.
func (v *Vault) hand(ctx context.Context, path string, b, next *keyfile.Bundle, how renewal) (*journal.Ending, error) {
	device, err := identity.NewDevice(next.SigningSeed.Bytes(), next.KEMSeed.Bytes())
	if err != nil {
		return nil, err
	}
	defer device.Destroy()
	d, err := openDatabase(ctx, path, b, store.Open, store.Options{Clock: v.o.Clock})
	if err != nil {
		return nil, err
	}
	door := newDoor(b)
	j, err := door.open(ctx, d.store, v.o)
	var end *journal.Ending
	if err == nil {
		if how == renewEnds {
			end, err = j.End(ctx, device, b.SigningSeed, b.KEMSeed)
		} else {
			err = succeed(ctx, j, d.store, device.Public(), b)
		}
	}
	if err == nil {
		err = keepEpochs(next, j)
	}
	err = first(err, door.close(context.WithoutCancel(ctx)))
	if err == nil {
		v.o.step(stepEnded)
		err = d.store.Checkpoint(ctx)
	}
	return end, d.end(err)
}

// succeed makes the database that of the device with these public keys, as a copy of
// the one whose seeds b holds.
func succeed(ctx context.Context, j *journal.Journal, st *store.Store, p identity.Public, b *keyfile.Bundle, forget ...string) error {
	from, err := st.Sent(ctx)
	if err != nil {
		return err
	}
	return j.Succeed(ctx, p.DeviceID(), b.SigningSeed, b.KEMSeed, from, forget...)
}

// takeOver has the device whose database this is now begin.
func (v *Vault) takeOver(ctx context.Context, path string, next *keyfile.Bundle, end *journal.Ending) error {
	d, err := openDatabase(ctx, path, next, store.Open, store.Options{Clock: v.o.Clock})
	if err != nil {
		return err
	}
	door := newDoor(next)
	j, err := door.open(ctx, d.store, v.o)
	if err == nil && end != nil {
		err = j.Begin(ctx, end)
	}
	if err == nil { // one from before holds the old keys
		err = d.store.SetMeta(ctx, metaBackup, "")
	}
	err = first(err, door.close(context.WithoutCancel(ctx)))
	if err == nil {
		v.o.step(stepBegun)
		err = d.store.Checkpoint(ctx)
	}
	return d.end(err)
}

// keepEpochs puts all epochs' keys that a journal has by now into a bundle.
func keepEpochs(b *keyfile.Bundle, j *journal.Journal) error {
	for _, e := range b.Epochs {
		e.Key.Destroy()
	}
	b.Epochs = nil
	for _, e := range j.Keys() {
		b.Epochs = append(b.Epochs, keyfile.Epoch{ID: e.ID, Key: e.Key})
	}
	if len(b.Epochs) > keyfile.MaxEpochs {
		return fmt.Errorf("%w: more than %d epochs", vault.ErrLimit, keyfile.MaxEpochs)
	}
	return nil
}

// removeCopy removes a database with what SQLite keeps beside it.
func removeCopy(path string) error {
	for _, p := range []string{path + walSuffix, path} {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// logOf is nil when nothing lies in the write-ahead log of the database at path.
func logOf(path string) error {
	if fi, err := os.Stat(path + walSuffix); err == nil && fi.Size() > 0 {
		return fmt.Errorf("%w: a write-ahead log is left after closing the database", vault.ErrIntegrity)
	}
	return nil
}
