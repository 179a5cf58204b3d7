package journal

import (
	"context"
	"math"

	"phivault/vault"
	"phivault/vault/journal/segment"
)

// maxBeyond is how many segments beyond its cut-offs a device is asked for: a removed
// device whose credentials still work must not fill this one's disk.
const maxBeyond = 4096

// cutOff gives the first segment of a log that has no effect; ok is false when
// all stands.
func (m membership) cutOff(log vault.LogID) (from uint64, ok bool) {
	r, gone := m.removed[log.Device]
	if !gone {
		return math.MaxUint64, false
	}
	for _, p := range kept(r) {
		if p.Log == log {
			return p.Seq + 1, true
		}
	}
	return 0, true
}

// stand makes the records what the segments that stand make of them. It is called
// after each change of membership, and when the journal is opened, so that a
// crash between a change and this leaves nothing behind.
func (j *Journal) stand(ctx context.Context) error {
	from := map[vault.LogID]uint64{}
	ms := j.s.members(everything)
	for log := range j.s.Logs {
		if f, ok := ms.cutOff(log); ok && log.Device != j.self {
			from[log] = f
		}
	}
	fs, err := j.forks(ctx)
	if err == nil {
		err = j.reconsider(ctx, ms)
	}
	if err != nil {
		return err
	}
	clear(j.stopped)
	for _, f := range fs {
		j.stopped[f.log] = true
	}
	if _, err = j.p.Ledger.Withdraw(ctx, from, j.p.Merge); err != nil {
		return err
	}
	return j.explain(ctx)
}

// received reports whether a citation counts as received although what it cites is
// not here: it is quarantined, and the remote was asked for it in vain.
func (j *Journal) received(ms membership, p vault.Place) bool {
	return !ms.stands(p) && j.absent[p.Log]
}

// gaps are the places in a segment's causal past that are not here and will not be:
// quarantined ones, and those of another branch of a log; other says that there are such.
// What is minted, admitted or removed there cannot be known.
func (j *Journal) gaps(ctx context.Context, s *segment.Segment) (missing []vault.Place, other bool) {
	ms := j.s.members(everything)
	gap := func(p vault.Place) {
		if p.Seq >= j.s.next(p.Log) {
			if !ms.stands(p) {
				missing = append(missing, p)
			}
			return
		}
		if hash, err := j.hashAt(ctx, p.Log, p.Seq); err == nil && hash != p.Hash {
			missing, other = append(missing, p), true
		}
	}
	if l := j.s.Logs[s.Place.Log]; l != nil {
		for _, p := range l.Cites {
			gap(p)
		}
	}
	for _, p := range s.Heads {
		gap(p)
	}
	segment.SortPlaces(missing)
	return missing, other
}

// full reports whether a log goes beyond its cut-off, and enough of what its device
// wrote there, in all logs, is here.
func (j *Journal) full(log vault.LogID) bool {
	ms := j.s.members(everything)
	from, ok := ms.cutOff(log)
	return ok && j.s.next(log) >= from && j.s.enoughOf(ms, log.Device)
}

// enoughOf reports whether enough of what a removed device wrote beyond its cut-offs is
// here.
func (s *state) enoughOf(ms membership, device [16]byte) bool {
	n := uint64(0)
	for log := range s.Logs {
		if log.Device != device {
			continue
		}
		if from, ok := ms.cutOff(log); ok {
			n += max(s.next(log), from) - from
		}
	}
	return n >= maxBeyond
}
