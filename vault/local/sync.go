package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/store"
)

// Settings of this device in the journal's state, which lies encrypted in the
// database. No key of the journal's own begins like these.
const (
	floorsState = "local/floors"
	remoteState = "local/remote/"
)

// door is what stands between an open vault and other devices.
type door struct {
	keys    *keyfile.Bundle // copies of the device's seeds and epochs
	device  *identity.Device
	journal *journal.Journal
}

// newDoor copies of the bundle what a journal needs.
func newDoor(b *keyfile.Bundle) door {
	k := &keyfile.Bundle{Genesis: b.Genesis, SigningSeed: b.SigningSeed.Clone(), KEMSeed: b.KEMSeed.Clone()}
	for _, e := range b.Epochs {
		k.Epochs = append(k.Epochs, keyfile.Epoch{ID: e.ID, Key: e.Key.Clone()})
	}
	return door{keys: k}
}

func (d *door) close(ctx context.Context) (err error) {
	if d.journal != nil {
		err = d.journal.Close(ctx)
	}
	d.device.Destroy()
	if d.keys != nil {
		d.keys.SigningSeed.Destroy()
		d.keys.KEMSeed.Destroy()
		for _, e := range d.keys.Epochs {
			e.Key.Destroy()
		}
	}
	*d = door{}
	return err
}

// Journal is the vault's one door to other devices, opened when it is first asked
// for. It stays the vault's: Close closes it. Epoch keys that other devices give
// this one are kept in the database; the key file does not change for them.
// vault.ErrReadOnly where the folder cannot be written: see ReadJournal.
func (v *Vault) Journal(ctx context.Context) (*journal.Journal, error) {
	if v.lock.readOnly() {
		return nil, vault.ErrReadOnly
	}
	return v.openDoor(ctx)
}

func (v *Vault) openDoor(ctx context.Context) (*journal.Journal, error) {
	v.whole.Lock()
	defer v.whole.Unlock()
	if v.closed {
		return nil, ErrClosed
	}
	var state vault.JournalState = v.database.store
	if v.lock.readOnly() {
		state = &notedState{JournalState: v.database.store, held: map[string][]byte{}}
	}
	j, err := v.door.openOn(ctx, v.database.store, state, v.o)
	return j, explain(err, v.database.vfs.LastError())
}

// open opens the journal, unless it is open.
func (d *door) open(ctx context.Context, st *store.Store, o Options) (*journal.Journal, error) {
	return d.openOn(ctx, st, st, o)
}

// openOn is open with another place for what the journal notes down.
func (d *door) openOn(ctx context.Context, st *store.Store, state vault.JournalState, o Options) (*journal.Journal, error) {
	if d.journal != nil {
		return d.journal, nil
	}
	if d.device == nil {
		dev, err := identity.NewDevice(d.keys.SigningSeed.Bytes(), d.keys.KEMSeed.Bytes())
		if err != nil {
			return nil, err
		}
		d.device = dev
	}
	p := journal.Parts{Ledger: st, State: state, Store: st, Blobs: st, Device: d.device, Genesis: d.keys.Genesis, Clock: o.Clock}
	for _, e := range d.keys.Epochs {
		p.Epochs = append(p.Epochs, journal.EpochKey{ID: segment.EpochID(e.ID), Key: e.Key})
	}
	b, err := st.State(ctx, floorsState)
	if err == nil && b != nil && json.Unmarshal(b, &p.Floors) != nil {
		err = fmt.Errorf("%w: setting %q", vault.ErrIntegrity, floorsState)
	}
	if err != nil {
		return nil, err
	}
	d.journal, err = journal.Open(ctx, p)
	return d.journal, err
}

// Reached is when a segment that is here was written, by its writer's clock: for
// display only.
func (v *Vault) Reached(ctx context.Context, p vault.Place) (time.Time, error) {
	s, err := v.database.store.Segment(ctx, p.Log, p.Seq)
	return s.Clock, err
}

// changeBack is how many segments LastChange looks back.
const changeBack = 16

// LastChange is the place at or before which all lies that was changed here and cut
// into segments: the last segment of this device's log that holds more than the
// audit trail. Far back it is not exact, and never too early. ok is false before
// the first segment.
func (v *Vault) LastChange(ctx context.Context) (p vault.Place, ok bool, err error) {
	j, err := v.ReadJournal(ctx)
	if err != nil {
		return p, false, err
	}
	for _, m := range j.Members() {
		for _, last := range m.Last {
			if m.Self && (!ok || last.Log.Number > p.Log.Number) {
				p, ok = last, true
			}
		}
	}
	for back := uint64(0); ok && back < changeBack && p.Seq > 0; back++ {
		s, err := v.database.store.Segment(ctx, p.Log, p.Seq)
		if err != nil {
			return p, false, err
		}
		for _, e := range s.Entries {
			if e.Header.Kind != vault.KindAudit {
				return s.Place, true, nil
			}
		}
		p.Seq--
	}
	return p, ok, nil
}

// Arrived counts the versions and deletions of records that other devices wrote
// among the entries numbered from on, and gives the number after the last entry.
func (v *Vault) Arrived(ctx context.Context, from int64) (n, next int64, err error) {
	own, err := v.ReadJournal(ctx)
	if err != nil {
		return 0, from, err
	}
	var self [16]byte
	for _, m := range own.Members() {
		if m.Self {
			self = m.Device
		}
	}
	for e, err := range v.database.store.Entries(ctx, from, vault.KindPut, vault.KindTombstone) {
		if err != nil {
			return 0, from, err
		}
		if e.Device != self {
			n++
		}
		from = max(from, e.Number+1)
	}
	return n, from, nil
}

// End is the number after the last entry.
func (v *Vault) End(ctx context.Context) (int64, error) {
	h, err := v.database.store.Head(ctx)
	return h.Entry + 1, err
}

// Uncut counts the entries, audit apart, that were written here since a segment
// was last made: with the next sync they leave.
func (v *Vault) Uncut(ctx context.Context) (int64, error) { return v.database.store.Uncut(ctx) }

// Lacking counts the segments that a remote, by its ID, is not known to hold. What
// was written since the last sync is in none yet.
func (v *Vault) Lacking(ctx context.Context, remote string) (segments uint64, err error) {
	places, err := v.database.store.Places(ctx)
	if err != nil {
		return 0, err
	}
	marks, err := v.database.store.Marked(ctx, remote)
	for _, p := range places {
		if next := p.Seq + 1; next > marks[p.Log] {
			segments += next - marks[p.Log]
		}
	}
	return segments, err
}

// Pending counts the segments that the next sync with a remote, by its ID, sends:
// those that it lacks, and those into which is cut what was written since the last.
func (v *Vault) Pending(ctx context.Context, remote string) (segments uint64, err error) {
	lacks, err := v.Lacking(ctx, remote)
	if err != nil {
		return 0, err
	}
	j, err := v.ReadJournal(ctx)
	if errors.Is(err, vault.ErrReadOnly) { // it has to withdraw something first
		n, err := v.Uncut(ctx)
		return lacks + uint64(min(n, 1)), err
	}
	if err != nil {
		return 0, err
	}
	fresh, err := j.Foreseen(ctx, v.database.store.EachUncutHeader(segment.MaxInline))
	return lacks + fresh, err
}

// Preview tells what a sync with a remote, by its ID, would move; see
// journal.Preview. It changes nothing.
func (v *Vault) Preview(ctx context.Context, id string, get journal.Getter) (journal.Forecast, error) {
	j, err := v.ReadJournal(ctx)
	if err != nil {
		return journal.Forecast{}, err
	}
	return j.Preview(ctx, id, get, v.database.store.EachUncut(segment.MaxInline))
}
