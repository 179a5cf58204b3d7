package journal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// A copy of a device, a restored backup say, becomes a device of its own: it draws
// fresh keys, writes its own log, and sends nothing before the old key's one
// signature for the new ones is out. See Replacement in sync/PROTOCOL.md.

const (
	// formerState holds the seeds of the device that this one was, until the
	// replacement is out: signing seed ‖ KEM seed.
	formerState = "former"
	// offerState holds replacements that may have been offered to a remote, by
	// log number. What was signed for a place is offered there again, never
	// anything else.
	offerState = "replacement/"
)

// copied reports whether a device was a copy of another.
func (s *state) copied(device [16]byte) bool {
	return slices.ContainsFunc(s.Events, func(e event) bool { return e.Copy && [16]byte(e.Admit.Public.DeviceID()) == device })
}

// replaces reports whether the segment is a replacement and nothing else.
func (c *checked) replaces() bool {
	return slices.ContainsFunc(c.events, func(e event) bool { return e.Copy })
}

func (j *Journal) loadFormer(ctx context.Context) error {
	b, err := j.p.State.State(ctx, formerState)
	if err != nil || b == nil {
		return err
	}
	defer clear(b)
	if len(b) != 2*identity.SeedSize {
		return fmt.Errorf("%w: the keys of the device before", vault.ErrIntegrity)
	}
	j.former, err = identity.NewDevice(b[:identity.SeedSize], b[identity.SeedSize:])
	return err
}

// earlier is the device that others may still take this one for: a copy's origin until
// the replacement is out, or the one whose keys ended, until all know.
func (j *Journal) earlier() *identity.Device {
	if j.former != nil {
		return j.former
	}
	return j.before
}

// Former is the state that makes a journal's device the successor of the one with
// these seeds; local keeps it in a database that it makes for a spare.
func Former(sign, kem *secret.Bytes) (key string, value []byte) {
	return formerState, append(bytes.Clone(sign.Bytes()), kem.Bytes()...)
}

// RestoredState is the key of the state, any value, that makes a journal refuse to
// publish: the database is a copy of an older one.
const RestoredState = oldState

// Keys are all epochs' keys that this device has, the vault's first at the front. The
// caller destroys them.
func (j *Journal) Keys() (out []EpochKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, k := range j.keys {
		out = append(out, EpochKey{id, k.Key().Clone()})
	}
	depth := func(id segment.EpochID) int {
		switch e := j.s.Epochs[id]; {
		case id == j.first:
			return 0
		case e == nil: // given, and how it came to be is not here yet
			return math.MaxInt
		default:
			return 1 + int(e.Depth)
		}
	}
	slices.SortFunc(out, func(a, b EpochKey) int {
		return cmp.Or(cmp.Compare(depth(a.ID), depth(b.ID)), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return out
}

// Succeed hands the database over to the device that this copy becomes. What was in
// no segment before from, of the own log, goes into the new device's log. sign and
// kem are the seeds of the present device; forget names state that ends with it, in
// the same transaction. The journal must be closed then.
func (j *Journal) Succeed(ctx context.Context, next identity.DeviceID, sign, kem *secret.Bytes, from uint64, forget ...string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ended {
		return ErrEnded // nobody would hear of the next one
	}
	state, err := j.testimony(ctx, from)
	if err != nil {
		return err
	}
	state[oldState] = nil
	if j.former == nil { // a copy of a copy whose replacement never went out has the first one's key
		k, v := Former(sign, kem)
		defer clear(v)
		state[k] = v
	}
	for _, k := range forget {
		state[k] = nil
	}
	return j.become(ctx, next, from, state)
}

// become makes the database another device's, whose journal reads it from the
// beginning: with this state, and without what only the keys of before open.
func (j *Journal) become(ctx context.Context, next identity.DeviceID, from uint64, state map[string][]byte) error {
	g, err := identity.ParseGenesis(j.p.Genesis)
	if err != nil {
		return err
	}
	fresh := newState(g, j.first)
	fresh.Floors, fresh.Taken, fresh.Blocked = j.s.Floors, j.s.Taken, j.s.Blocked
	if state[stateKey], err = fresh.encode(); err != nil {
		return err
	}
	for _, prefix := range []string{epochState, offerState} {
		names, err := j.p.State.States(ctx, prefix)
		if err != nil {
			return err
		}
		for _, n := range names {
			state[n] = nil
		}
	}
	j.unsaved = 0
	return j.p.Ledger.Continue(ctx, vault.LogID{Device: next}, from, state)
}

// offer gives the replacement to put, in the next log of the old device that is free
// as far as is known.
func (j *Journal) offer(ctx context.Context, name string) ([]engine.Envelope, error) {
	old := j.former.ID()
	log := vault.LogID{Device: old, Number: j.highest(old) + 1}
	for n := 1; j.s.Blocked[name][log]; n++ {
		if n == mostTaken {
			return nil, at(ErrUnreadable, vault.Place{Log: log}, "every name that a replacement could go under is taken")
		}
		log.Number++
	}
	s, bodies, err := j.replacement(ctx, log)
	if err != nil {
		return nil, err
	}
	k := j.keys[j.first]
	n := j.space.Name(k.SegmentName(log, 0))
	object, err := segment.Seal(s, bodies, j.id, k, n)
	if err != nil {
		return nil, err
	}
	j.session(name).asks[n] = ask{kind: askReplace, log: log, epoch: j.first}
	return []engine.Envelope{whole(n, object)}, nil
}

// replacement is the one segment that the old key signs for a log.
func (j *Journal) replacement(ctx context.Context, log vault.LogID) (*segment.Segment, [][]byte, error) {
	key := fmt.Sprintf("%s%d", offerState, log.Number)
	b, err := j.p.State.State(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	if b != nil {
		return segment.ParsePlaintext(b)
	}
	r := segment.Replace(j.id, j.former.ID(), j.p.Device, false, slices.Collect(maps.Keys(j.keys))...)
	r.Rank = j.s.nextRank()
	s, bodies, err := j.alone(ctx, log, r, j.former)
	if err != nil {
		return nil, nil, err
	}
	return s, bodies, j.p.State.SetState(ctx, key, segment.Plaintext(s, bodies))
}

// isOffer reports whether a segment is what this device offered for its place.
func (j *Journal) isOffer(ctx context.Context, s *segment.Segment) (bool, error) {
	b, err := j.p.State.State(ctx, fmt.Sprintf("%s%d", offerState, s.Place.Log.Number))
	if err != nil || b == nil {
		return false, err
	}
	o, _, err := segment.ParsePlaintext(b)
	return err == nil && o.Place == s.Place, err
}

// offered takes the replacement that is out into the own history.
func (j *Journal) offered(ctx context.Context, name string, log vault.LogID) error {
	s, bodies, err := j.replacement(ctx, log)
	if err != nil {
		return err
	}
	count(&j.session(name).pushed, len(bodies))
	if j.s.Logs[log] != nil { // through another remote already
		return j.mark(ctx, name, log, 0)
	}
	if !j.pending.hold(&held{seg: s, bodies: bodies, from: name}) {
		return fmt.Errorf("%w: for more than %d segments", ErrWaiting, maxHeld)
	}
	j.again = true
	return errors.Join(j.drain(ctx), j.dropFormer(ctx))
}

// dropFormer forgets the old device's key as soon as this device is a member.
func (j *Journal) dropFormer(ctx context.Context) error {
	if j.former == nil || !j.s.members(everything).is(j.self) {
		return nil
	}
	if err := j.p.State.SetState(ctx, formerState, nil); err != nil {
		return err
	}
	j.former.Destroy()
	j.former = nil
	return nil
}
