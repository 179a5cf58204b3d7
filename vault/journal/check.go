package journal

import (
	"bytes"
	"context"
	"slices"

	"phivault/vault"
	"phivault/vault/journal/segment"
)

// decode reads the entries about members and epochs.
func (j *Journal) decode(s *segment.Segment, bodies [][]byte) (*checked, error) {
	c := &checked{seg: s}
	for i, h := range s.Entries {
		if segment.IsGone(bodies[i]) {
			if h.Kind != vault.KindPut && h.Kind != vault.KindBlob {
				return nil, at(ErrForged, s.Place, "an entry without content that no purge can name")
			}
			continue
		}
		if h.Kind == vault.KindPut || h.Kind == vault.KindTombstone || bodies[i] == nil {
			if h.Kind == vault.KindMember || h.Kind == vault.KindEpoch || h.Kind == vault.KindPurge {
				return nil, at(ErrForged, s.Place, "an entry about members, or a purge, without content")
			}
			continue
		}
		p, err := j.p.State.Unpack(h, bodies[i])
		if err != nil {
			return nil, at(ErrForged, s.Place, "a payload is not what its entry says")
		}
		switch h.Kind {
		case vault.KindMember:
			m, err := segment.DecodeMember(p)
			if err != nil || m.Genesis != nil && !bytes.Equal(m.Genesis, j.p.Genesis) {
				return nil, at(ErrForged, s.Place, "an entry about members is malformed, or of another vault")
			}
			e := event{At: s.Place, Index: i, By: s.Place.Log.Device, Admit: m.Admit, Remove: m.Remove, Name: m.Name}
			if m.Replace != nil {
				if !m.Replace.Agreed(j.id, e.By) {
					return nil, at(ErrForged, s.Place, "a replacement that its device did not agree to")
				}
				e.Admit, e.Remove, e.Copy = m.Replace.Admission(), ending(s, m.Replace), true
			}
			if e.Copy || e.Name != nil {
				e.Past = j.s.cites(s)
			}
			if m.Genesis == nil {
				c.events = append(c.events, e)
			}
		case vault.KindEpoch:
			m, err := segment.DecodeMint(p)
			if err != nil {
				return nil, at(ErrForged, s.Place, "an epoch is malformed")
			}
			c.mints = append(c.mints, m)
		case vault.KindPurge:
			contents, err := vault.DecodePurge(p)
			if err != nil {
				return nil, at(ErrForged, s.Place, "a purge is malformed")
			}
			c.purged = append(c.purged, contents...)
		}
	}
	return c, nil
}

// verdict of a check that found nothing wrong.
type verdict int

const (
	apply verdict = iota
	wait
	quarantine
	pass // it is of a branch of a fork that was ended, and not the one that is here
)

// check verifies the next segment of a log against all that is known.
func (j *Journal) check(ctx context.Context, c *checked) (verdict, []vault.Place, error) {
	s := c.seg
	if s.Place.Log.Device == j.self && slices.ContainsFunc(c.events, event.ends) {
		return 0, nil, j.setEnded(ctx, s)
	}
	l := j.s.Logs[s.Place.Log]
	switch {
	case l == nil && !s.Later() && s.Prev != vault.Hash{}:
		return 0, nil, at(ErrForged, s.Place, "it does not continue its log")
	case l != nil && s.Prev != l.Last.Hash:
		return j.otherBranch(ctx, s, l.Last)
	case l != nil && s.Epoch != l.Next, l == nil && s.Epoch != j.first:
		return 0, nil, at(ErrForged, s.Place, "it is sealed under another epoch than its log named")
	}
	waits, err := j.checkHeads(ctx, c, l)
	if err != nil || len(waits) > 0 {
		return wait, waits, err
	}
	if err := j.checkContinues(ctx, c, l); err != nil {
		return 0, nil, err
	}
	if missing, err := j.checkPast(ctx, c, j.s.pastOf(s)); err != nil || len(missing) > 0 {
		return wait, missing, err
	}
	for _, p := range j.s.Floors {
		if p.Log == s.Place.Log && p.Seq == s.Place.Seq && p.Hash != s.Place.Hash {
			return 0, nil, at(ErrFork, s.Place, "not what the inviting device had seen")
		}
	}
	if !j.s.members(everything, c.events...).stands(s.Place) {
		return quarantine, nil, nil
	}
	return apply, nil, nil
}

// checkPast holds a segment to what its causal past says of members and epochs, and
// gives what of that it waits for. Where its writer has seen another branch of a log than
// the one here, what it may do there cannot be known, and never will be: it is taken, so
// that an end of the fork that comes after it is read, and has no effect that its writer's standing
// does not give it. A purge does not come back, and waits.
func (j *Journal) checkPast(ctx context.Context, c *checked, in past) ([]vault.Place, error) {
	missing, other := j.gaps(ctx, c.seg)
	err := checkForm(c)
	if err == nil && !(other && j.reversible(c)) {
		err = j.checkRights(c, j.s.members(in))
	}
	if err == nil {
		err = j.checkEpochs(ctx, c, in, len(missing) > 0)
	}
	if err != nil && len(missing) > 0 {
		return missing, nil // what it needs may be there
	}
	return nil, err
}

// reversible reports whether all that a segment does has an end with the standing of its
// writer: a purge does not come back, and whom an owner alone lets in all would ask for.
func (j *Journal) reversible(c *checked) bool {
	by, _ := j.s.members(everything).find(c.seg.Place.Log.Device)
	return len(c.purged) == 0 && (by.role == segment.RoleOwner ||
		!slices.ContainsFunc(c.events, func(e event) bool { return e.Admit != nil && !e.Copy }))
}

// checkRights holds a segment to what its writer may do, before it.
func (j *Journal) checkRights(c *checked, before membership) error {
	by := c.seg.Place
	owner := before.owner(by.Log.Device)
	switch {
	case !before.is(by.Log.Device):
		return at(ErrForged, by, "its writer is no member")
	case !owner && slices.ContainsFunc(c.events, func(e event) bool { return e.Name == nil && !e.Copy }):
		return at(ErrForged, by, "only an owner changes who is a member")
	case !owner && len(c.purged) > 0:
		return at(ErrForged, by, "only an owner purges")
	}
	for _, e := range c.events {
		switch {
		case e.Admit != nil:
			if _, known := before.find(e.Admit.Public.DeviceID()); known {
				return at(ErrForged, by, "it admits a device a second time")
			}
		case e.Remove != nil:
			if _, known := before.find(e.Remove.Device); !known {
				return at(ErrForged, by, "it removes a device that was never admitted")
			}
		case e.Name != nil:
			if err := checkName(e, before); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkForm holds the changes of members in a segment to what does not depend on any other.
func checkForm(c *checked) error {
	for i, e := range c.events {
		if e.Copy && !(c.seg.Later() && c.seg.Last && len(c.seg.Entries) == 1) {
			return at(ErrForged, c.seg.Place, "a replacement that does not stand alone")
		}
		for _, o := range c.events[:i] {
			if e.Admit != nil && o.Admit != nil && o.Admit.Public == e.Admit.Public {
				return at(ErrForged, c.seg.Place, "it admits a device a second time")
			}
		}
	}
	return nil
}

// checkHeads gives the places that must come first.
func (j *Journal) checkHeads(ctx context.Context, c *checked, l *logState) (waits []vault.Place, err error) {
	s, ms := c.seg, j.s.members(everything)
	for _, h := range s.Heads {
		if h.Log == s.Place.Log {
			return nil, at(ErrForged, s.Place, "it cites its own log")
		}
		if l != nil {
			if old, ok := l.Cites[h.Log]; ok && (h.Seq < old.Seq || h.Seq == old.Seq && h.Hash != old.Hash) {
				return nil, at(ErrForged, s.Place, "what it has seen goes back")
			}
		}
		if _, ok := j.s.public(h.Log.Device); !ok {
			if missing, _ := j.gaps(ctx, s); len(missing) == 0 { // else what admitted it is quarantined, and not here
				waits = append(waits, h)
			}
			continue
		}
		if h.Seq >= j.s.next(h.Log) {
			if h.Log == j.own && ms.stands(s.Place) {
				return nil, j.accused(ctx, s.Place)
			}
			if !j.received(ms, h) {
				waits = append(waits, h)
			}
			continue
		}
		hash, err := j.hashAt(ctx, h.Log, h.Seq)
		if err != nil {
			return nil, err
		}
		if hash != h.Hash {
			if !ms.stands(s.Place) {
				continue // what has no effect accuses nobody
			}
			// Its log goes on all the same: what ends the fork may be in it.
			if h.Log == j.own || ms.stands(h) {
				c.told = append(c.told, h)
			}
		}
	}
	return waits, nil
}

func (j *Journal) hashAt(ctx context.Context, log vault.LogID, seq uint64) (vault.Hash, error) {
	if l := j.s.Logs[log]; l != nil && l.Last.Seq == seq {
		return l.Last.Hash, nil
	}
	s, err := j.p.Ledger.Segment(ctx, log, seq)
	return s.Hash, err
}

// maxDepth bounds the depth of an epoch whose parent cannot be known.
const maxDepth = 1 << 30

// checkEpochs holds the epochs that a segment mints and names to the rule: a
// change of epoch leads to one whose recipients are exactly the members.
func (j *Journal) checkEpochs(ctx context.Context, c *checked, in past, gaps bool) error {
	s := c.seg
	known := func(id segment.EpochID) *epochInfo {
		if e := j.s.Epochs[id]; e != nil && (id == j.first || in(e.At.Log, e.At.Seq)) {
			return e
		}
		for _, m := range c.mints {
			if m.Epoch == id {
				return infoOf(m, s.Place)
			}
		}
		return nil
	}
	ms := j.s.members(in, c.events...)
	for i, m := range c.mints {
		parent := known(m.Parent)
		if m.Epoch != segment.MintedID(j.id, s.Place.Log.Device, m.Commit) {
			return at(ErrForged, s.Place, "an epoch's id is not its writer's")
		}
		if !slices.ContainsFunc(m.Wraps, func(w segment.MintWrap) bool { return w.Device == s.Place.Log.Device }) {
			return at(ErrForged, s.Place, "an epoch that its writer is no recipient of")
		}
		if parent == nil && gaps && m.Depth < maxDepth {
			parent = &epochInfo{Depth: m.Depth - 1}
		}
		again := slices.ContainsFunc(c.mints[:i], func(o segment.Mint) bool { return o.Epoch == m.Epoch })
		if parent == nil || m.Parent == m.Epoch || m.Depth != parent.Depth+1 || again || j.s.Epochs[m.Epoch] != nil {
			return at(ErrForged, s.Place, "an epoch without its place among the others")
		}
	}
	if s.Next == s.Epoch {
		return nil
	}
	next := known(s.Next)
	if next == nil && gaps && j.s.Epochs[s.Next] == nil {
		return nil
	}
	if next == nil {
		return at(ErrForged, s.Place, "it names an epoch that it cannot have seen")
	}
	if next.ID != j.first && !gaps && !ms.stands(next.At) {
		return at(ErrForged, s.Place, "it names an epoch that a removed device minted")
	}
	members := ms.devices()
	given := s.Place.Seq == 0 && len(s.Entries) == 0 && j.s.copied(s.Place.Log.Device) && slices.Equal(ms.holders(next), members)
	if !gaps && !given && !slices.Equal(next.Recipients, members) {
		return at(ErrForged, s.Place, "it changes to an epoch that is not the members'")
	}
	return nil
}
