package journal

import (
	"context"
	"fmt"
	"slices"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// awaited reports whether a segment that waits cites more of a log.
func (j *Journal) awaited(log vault.LogID) bool {
	for _, held := range j.pending.logs {
		for _, h := range held {
			if slices.ContainsFunc(h.waits, func(p vault.Place) bool { return p.Log == log }) {
				return true
			}
		}
	}
	return false
}

// EndFork removes a device over a fork: one that has two histories in its name, with
// the cut-off at the last segment that all members are known to have the same, so that
// both histories after it are quarantined everywhere and each device can adopt from what
// it has of them; or one that nobody but itself says so of another, with the cut-off
// before the segment in which it did, so that its word is gone and the other's log whole.
// ErrUsage for any other device.
func (j *Journal) EndFork(ctx context.Context, device identity.DeviceID) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	fs, err := j.forks(ctx)
	if err != nil {
		return err
	}
	at := cutFor(fs, device)
	if at == nil || [16]byte(device) == j.self {
		return fmt.Errorf("%w: no fork of this device is known", vault.ErrUsage)
	}
	if err := j.mayChange(ctx); err != nil {
		return err
	}
	r := &segment.Removal{Device: device, None: true}
	end := j.s.endOf(j.s.members(everything), device) // stays, and with it the device that it admits
	for _, log := range j.logs() {
		l := j.s.Logs[log]
		if l == nil || log.Device != at.log.Device || log.Number > at.log.Number && (end == nil || log != end.At.Log) {
			continue
		}
		keep := l.Last
		if log == at.log {
			var ok bool
			if keep, ok, err = j.common(ctx, *at); err != nil {
				return err
			} else if !ok {
				continue
			}
		}
		if !r.None {
			r.Lower = append(r.Lower, r.Keep)
		}
		r.None, r.Keep = false, keep
	}
	return j.change(ctx, segment.Member{Remove: r})
}

// cutFor gives where a device is to be cut off: the first of the places at which its
// history is doubted, and of the segments by which it alone doubts another's; nil for
// neither.
func cutFor(fs []fork, device [16]byte) (at *fork) {
	for _, f := range fs {
		switch {
		case f.log.Device == device:
		case f.by.Log.Device == device && !proved(fs, f):
			f = fork{log: f.by.Log, seq: f.by.Seq, by: f.by, exact: true}
		default:
			continue
		}
		if at == nil {
			at = &f
			continue
		}
		if order := segment.ComparePlaces(f.log, f.seq, at.log, at.seq); order < 0 || order == 0 && f.exact {
			at = &f
		}
	}
	return at
}

// common gives the last segment before a fork that is the same for all members; ok
// is false when that is none of the log.
func (j *Journal) common(ctx context.Context, f fork) (p vault.Place, ok bool, err error) {
	if f.seq == 0 {
		return p, false, nil
	}
	last := f.seq - 1
	if !f.exact {
		for _, d := range j.s.members(everything).devices() {
			if d == f.log.Device || d == j.self {
				continue
			}
			seen := false
			most := uint64(0)
			for log, l := range j.s.Logs {
				c, cited := l.Cites[f.log]
				if log.Device != d || !cited || c.Seq >= j.s.next(f.log) {
					continue
				}
				hash, err := j.hashAt(ctx, f.log, c.Seq)
				if err != nil {
					return p, false, err
				}
				if hash == c.Hash {
					seen, most = true, max(most, c.Seq)
				}
			}
			if !seen {
				return p, false, nil
			}
			last = min(last, most)
		}
	}
	hash, err := j.hashAt(ctx, f.log, last)
	return vault.Place{Log: f.log, Seq: last, Hash: hash}, err == nil, err
}
