package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// A device whose keys may be known to somebody else ends them with their own last
// signature: a replacement that also removes its author, and keeps what the author
// cites of itself. See Endings in sync/PROTOCOL.md.

// endedState holds an ending of this device's own keys that it did not make, as
// evidence: somebody else has the keys, or this database is a copy from before.
const endedState = "ended"

// beforeState holds the seeds of the device whose keys ended when this one's were
// drawn, until every member knows: whoever does not yet wraps epochs for it alone, and
// what lies under those may be what that one's own news waits for. Signing seed ‖ KEM seed;
// nothing is signed with it but what escort signs.
const beforeState = "before"

func (j *Journal) loadBefore(ctx context.Context) error {
	b, err := j.p.State.State(ctx, beforeState)
	if err != nil || b == nil {
		return err
	}
	defer clear(b)
	if len(b) != 2*identity.SeedSize {
		return fmt.Errorf("%w: the keys that ended", vault.ErrIntegrity)
	}
	j.before, err = identity.NewDevice(b[:identity.SeedSize], b[identity.SeedSize:])
	return err
}

// dropBefore forgets the ended keys as soon as all members have cited their end.
func (j *Journal) dropBefore(ctx context.Context) error {
	if j.before == nil {
		return nil
	}
	ms := j.s.members(everything)
	e := j.s.endOf(ms, j.before.ID())
	for _, m := range ms.all {
		if e != nil && ms.is(m.device) && !m.spare && !j.seen(m.device, e.At) {
			return nil
		}
	}
	if err := j.p.State.SetState(ctx, beforeState, nil); err != nil {
		return err
	}
	j.before.Destroy()
	j.before = nil
	return nil
}

// Ending is the last segment of a device's key, for the journal of the device that
// comes after it.
type Ending struct {
	seg    *segment.Segment
	bodies [][]byte
}

// ends reports whether an event ends the keys of the device that signed it.
func (e event) ends() bool { return e.Copy && e.Remove != nil }

// ending is the removal that an ending amounts to; nil for a mere replacement.
func ending(s *segment.Segment, r *segment.Replacement) *segment.Removal {
	if !r.Ends {
		return nil
	}
	out := &segment.Removal{Device: s.Place.Log.Device, Keep: s.Place}
	for _, h := range s.Heads { // ascending
		if h.Log.Device == s.Place.Log.Device && h.Log.Number < s.Place.Log.Number {
			out.Lower = append(out.Lower, h)
		}
	}
	return out
}

// endOf is the ending of a device's keys that counts, nil without any.
func (s *state) endOf(ms membership, device [16]byte) *event {
	i := slices.IndexFunc(s.Events, func(e event) bool { return e.ends() && e.By == device && ms.stands(e.At) })
	if i < 0 {
		return nil
	}
	return &s.Events[i]
}

// setEnded remembers that an ending of this device's keys is not its own doing. From
// then on it signs nothing.
func (j *Journal) setEnded(ctx context.Context, s *segment.Segment) error {
	j.ended = true
	if err := j.p.State.SetState(ctx, endedState, s.Encode()); err != nil {
		return err
	}
	return at(ErrEnded, s.Place, "this database did not do that")
}

// mute is why this device signs nothing more; nil when it does.
func (j *Journal) mute() error {
	switch {
	case j.ended:
		return ErrEnded
	case j.old:
		return ErrRestored
	case j.former != nil && j.s.endOf(j.s.members(everything), j.former.ID()) != nil:
		return ErrEnded // the one that could have told of this one
	}
	return nil
}

// End makes the database that of the device with these keys, and ends those of the
// present one: what it had written is cut, and its last signature says with which
// segments it ends. The journal is to be closed then, and the next device's to be
// opened and to Begin. sign and kem are the seeds of the present device. In between the database serves nobody: this is done in a copy
// that nothing relies on before.
//
// ErrNotMember for who has nothing to end, a copy that the others do not know yet too;
// ErrEnded, ErrRestored, ErrWaiting. Deletions are not asked about.
func (j *Journal) End(ctx context.Context, next *identity.Device, sign, kem *secret.Bytes) (*Ending, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.mayEnd(nil); err != nil {
		return nil, err
	}
	if err := j.settle(ctx); err != nil {
		return nil, err
	}
	// The audit trail as well: the next device's log must begin with its epoch.
	j.dels.own, j.beating = true, true
	err := j.cut(ctx)
	j.beating = false
	if err != nil {
		return nil, err
	}
	e, err := j.ending(ctx, next)
	if err != nil {
		return nil, err
	}
	_, seeds := Former(sign, kem)
	defer clear(seeds)
	return e, j.become(ctx, next.ID(), j.s.next(j.own), map[string][]byte{beforeState: seeds})
}

// MayEnd is nil when End can be expected to succeed, else its error; ErrUnreadable too
// when one of these remotes has no name left that the ending could be put under.
func (j *Journal) MayEnd(remotes ...string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.mayEnd(remotes)
}

func (j *Journal) mayEnd(remotes []string) error {
	if err := j.mute(); err != nil {
		return err
	}
	log := j.endingLog()
	for n := range log.Number {
		// In one that is free the end could be called off.
		if l := (vault.LogID{Device: j.self, Number: n}); j.s.Logs[l] == nil && l != j.own {
			return at(ErrUnreadable, vault.Place{Log: l}, "a log of this device is not here, and its keys could be ended there too")
		}
	}
	switch {
	case j.former != nil || !j.s.members(everything).is(j.self):
		return ErrNotMember
	case len(j.s.Floors) > 0:
		return at(ErrWaiting, j.s.Floors[0], "the inviting device had seen it and it is not here yet")
	case len(j.lacking) > 0:
		return at(ErrWaiting, j.lacking[0], "it came without contents that no purge names")
	}
	if slices.ContainsFunc(remotes, func(name string) bool { return j.row(name, log) == mostTaken }) {
		return at(ErrUnreadable, vault.Place{Log: log}, "something lies under every name that the end of this device's keys could go under")
	}
	return nil
}

// row is how many logs from this one on have their first name taken at a remote.
func (j *Journal) row(name string, log vault.LogID) (n int) {
	for ; n < mostTaken && j.s.Blocked[name][log]; n++ {
		log.Number++
	}
	return n
}

// escort signs, with the keys that ended, an empty segment of a further log: what it
// stands for is beyond the end, but its object carries to a remote the ending, and whatever else of
// those keys' cannot lie under its own name there, in the log that was met last.
func (j *Journal) escort(ctx context.Context, name string, met vault.LogID) error {
	i := slices.IndexFunc(j.s.Events, func(e event) bool {
		return e.ends() && [16]byte(e.Admit.Public.DeviceID()) == j.self && e.By == j.before.ID()
	})
	if i < 0 {
		return j.save(ctx)
	}
	marks, err := j.p.Ledger.Marked(ctx, name)
	if err != nil {
		return err
	}
	end := j.s.Events[i].At
	l, err := j.p.Ledger.Segment(ctx, end.Log, end.Seq)
	if err != nil {
		return err
	}
	e, err := segment.FromLedger(l)
	if err != nil {
		return fmt.Errorf("%w: the end of the keys before", vault.ErrIntegrity)
	}
	// It cites what the ending does, and not the ending: after that its writer is no member.
	s := &segment.Segment{VaultID: j.id, Place: vault.Place{Log: vault.LogID{Device: end.Log.Device, Number: j.highest(end.Log.Device) + 1}},
		Epoch: j.first, Next: j.first, Clock: j.p.Clock(), Heads: slices.Clone(e.Heads)}
	for log, o := range j.s.Logs {
		if log.Device != end.Log.Device || log.Number <= end.Log.Number || o.Alone {
			continue
		}
		if marks[log] == 0 && log != met {
			return j.save(ctx) // one is still to go
		}
		if b, err := j.p.State.State(ctx, evidenceKey(o.Last, log.Device)); err != nil {
			return err
		} else if b == nil { // else others may have something else there
			s.Heads = append(s.Heads, o.Last)
		}
	}
	if s.Place.Log.Number-end.Log.Number >= mostTaken {
		return at(ErrUnreadable, end, "something lies under every name that the end of this device's former keys could go under, so that no device learns of its new ones there")
	}
	segment.SortPlaces(s.Heads)
	if p, ok := j.s.from(s); ok {
		s.Prev = p.Hash
	}
	s.Sign(j.before)
	if !j.pending.hold(&held{seg: s}) {
		return fmt.Errorf("%w: for more than %d segments", ErrWaiting, maxHeld)
	}
	j.again = true
	return errors.Join(j.drain(ctx), j.save(ctx))
}

// endingLog is where the own key ends: no log of it that is lower is free.
func (j *Journal) endingLog() vault.LogID {
	return vault.LogID{Device: j.self, Number: j.highest(j.self) + 1}
}

func (j *Journal) ending(ctx context.Context, next *identity.Device) (*Ending, error) {
	r := segment.Replace(j.id, j.self, next, true, slices.Collect(maps.Keys(j.keys))...)
	r.Rank = j.s.nextRank()
	s, bodies, err := j.alone(ctx, j.endingLog(), r, j.p.Device)
	return &Ending{s, bodies}, err
}

// alone signs the only segment of a log: one that lets a device's keys go on as
// others, and cites all there is.
func (j *Journal) alone(ctx context.Context, log vault.LogID, r *segment.Replacement, by *identity.Device) (*segment.Segment, [][]byte, error) {
	slices.SortFunc(r.Given, func(a, b segment.EpochID) int { return bytes.Compare(a[:], b[:]) })
	payload := segment.Member{Replace: r}.Encode()
	s := &segment.Segment{VaultID: j.id, Place: vault.Place{Log: log}, Epoch: j.first, Next: j.first, Clock: j.p.Clock(), Last: true,
		Entries: []vault.Header{{Kind: vault.KindMember, Payload: sha256.Sum256(payload), Length: uint64(len(payload))}}}
	s.Made = []vault.Run{{Entries: 1, At: s.Clock}}
	var err error
	if s.Heads, err = j.p.Ledger.Places(ctx); err != nil {
		return nil, nil, err
	}
	s.Heads = slices.DeleteFunc(s.Heads, func(p vault.Place) bool { return p.Log == log })
	segment.SortPlaces(s.Heads)
	if p, ok := j.s.from(s); ok {
		s.Prev = p.Hash
	}
	s.Sign(by)
	return s, [][]byte{append([]byte{0}, payload...)}, nil // as FORMAT.md stores what is not compressed
}

// Begin takes the ending that made this device into its history, and makes the epoch
// that the old key does not open, the first thing in this device's log.
func (j *Journal) Begin(ctx context.Context, e *Ending) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.pending.hold(&held{seg: e.seg, bodies: e.bodies}) {
		return fmt.Errorf("%w: for more than %d segments", ErrWaiting, maxHeld)
	}
	if err := j.drain(ctx); err != nil {
		return err
	}
	if !j.s.members(everything).is(j.self) {
		return fmt.Errorf("%w: the end of the keys before", vault.ErrIntegrity)
	}
	if err := j.settle(ctx); err != nil {
		return err
	}
	if err := j.cut(ctx); err != nil {
		return err
	}
	j.copies = nil // no news here
	return j.save(ctx)
}
