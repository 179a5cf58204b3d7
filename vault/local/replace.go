package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/store"
)

// A copy of a vault's folder has the keys of the device that it is a copy of, and two
// that write one log are a fork. So a copy draws fresh keys and becomes a device of
// its own. Key file and database change one after the other; whoever is cut off in
// between finds in the database, encrypted, what to finish it with.

// successorState holds, while the key file is being rewritten, the fresh seeds and the
// ones before: signing, KEM, signing, KEM.
const successorState = "local/successor"

// ErrNotRestored is a request for fresh keys by a vault that nothing shows to be a
// copy.
var ErrNotRestored = errors.New("this vault is no restored copy: its keys serve on")

// Replace makes this copy of a device a device of its own: fresh keys in the key file,
// and what it had saved and never sent in the new device's log. The next sync tells the
// others. It is for a vault that was found to be older than what its device published;
// ErrNotRestored otherwise. After keyfile.ErrUnsynced it is finished when the vault is
// next opened, or never happened.
func (v *Vault) Replace(ctx context.Context, passphrase *secret.Bytes) error {
	v.whole.Lock()
	defer v.whole.Unlock()
	old, info, err := v.reopen(ctx, passphrase)
	if err != nil {
		return err
	}
	defer old.Destroy()
	j, err := v.door.open(ctx, v.database.store, v.o)
	if err != nil {
		return explain(err, v.database.vfs.LastError())
	}
	switch s, err := j.Status(ctx); {
	case err != nil:
		return err
	case s.Ended:
		return journal.ErrEnded
	case !s.Restored:
		return ErrNotRestored
	}
	next, err := successor(old, j)
	if err != nil {
		return err
	}
	defer next.Destroy()
	st := v.database.store
	if err := st.SetState(ctx, successorState, seeds(next, old)); err != nil {
		return err
	}
	v.o.step("noted")
	err = v.rewrite(ctx, vault.ActionReplace, next, passphrase, v.sk, info.Params, "the fresh keys are in force")
	if errors.Is(err, keyfile.ErrUnsynced) {
		return err
	}
	if err != nil {
		return first(err, st.SetState(context.WithoutCancel(ctx), successorState, nil))
	}
	v.o.step("rewritten")
	return v.handOver(ctx, old, next)
}

// successor is the bundle of the device that this copy becomes: fresh seeds, and all
// epochs' keys that it has by now.
func successor(old *keyfile.Bundle, j *journal.Journal) (*keyfile.Bundle, error) {
	b := &keyfile.Bundle{Genesis: old.Genesis, Database: old.Database.Clone(), SigningSeed: secret.Random(identity.SeedSize),
		KEMSeed: secret.Random(identity.SeedSize)}
	if err := keepEpochs(b, j); err != nil {
		b.Destroy()
		return nil, err
	}
	return b, nil
}

func seeds(bs ...*keyfile.Bundle) (out []byte) {
	for _, b := range bs {
		out = append(append(out, b.SigningSeed.Bytes()...), b.KEMSeed.Bytes()...)
	}
	return out
}

// handOver gives the database to the device whose key file is in force. The caller
// holds whole, or is about to open the vault.
func (v *Vault) handOver(ctx context.Context, old, next *keyfile.Bundle) error {
	err := v.door.succeed(ctx, v.database.store, v.o, old, next, successorState)
	if err != nil {
		return explain(err, v.database.vfs.LastError())
	}
	v.o.step("handed over")
	v.door = newDoor(next)
	return nil
}

// succeed closes the door, whatever becomes of it.
func (d *door) succeed(ctx context.Context, st *store.Store, o Options, old, next *keyfile.Bundle, forget ...string) error {
	defer d.close(context.WithoutCancel(ctx))
	j, err := d.open(ctx, st, o)
	if err != nil {
		return err
	}
	p, err := identity.FromSeeds(next.SigningSeed.Bytes(), next.KEMSeed.Bytes())
	if err != nil {
		return err
	}
	return succeed(ctx, j, st, p, old, forget...)
}

// finishReplace brings key file and database together, which a cut in the middle of
// Replace left apart. b is what the key file holds.
func (v *Vault) finishReplace(ctx context.Context, b *keyfile.Bundle) error {
	st := v.database.store
	own, err := st.Own(ctx)
	if err != nil {
		return err
	}
	kept, err := st.State(ctx, successorState)
	if err != nil {
		return err
	}
	defer clear(kept)
	if own.Device == v.database.device {
		if kept != nil { // the key file was never rewritten
			err = st.SetState(ctx, successorState, nil)
		}
		return err
	}
	const pair = 2 * identity.SeedSize
	now := seeds(b)
	defer clear(now)
	if len(kept) != 2*pair || !bytes.Equal(kept[:pair], now) {
		return fmt.Errorf("%w: the key file and the database are of two devices; one of them was put back", vault.ErrIntegrity)
	}
	// The key file must last before the database follows it. Where that cannot be
	// confirmed it has been read back at least.
	_ = keyfile.SyncDir(v.dir)
	old := &keyfile.Bundle{Genesis: b.Genesis, SigningSeed: secret.FromBytes(bytes.Clone(kept[pair : pair+identity.SeedSize])),
		KEMSeed: secret.FromBytes(bytes.Clone(kept[pair+identity.SeedSize:])), Epochs: b.Epochs}
	defer old.SigningSeed.Destroy()
	defer old.KEMSeed.Destroy()
	v.door = newDoor(old)
	return v.handOver(ctx, old, b)
}
