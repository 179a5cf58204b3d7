package journal

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// fork is a place for which two segments are known to be signed, and nobody has
// ended it.
type fork struct {
	log vault.LogID
	seq uint64
	// exact: all before it is the same on both sides.
	exact bool
}

// forks reads the evidence that still counts.
func (j *Journal) forks(ctx context.Context) (out []fork, err error) {
	keys, err := j.p.State.States(ctx, forkState)
	if err != nil {
		return nil, err
	}
	ms := j.s.members(everything)
	for _, k := range keys {
		part := strings.Split(strings.TrimPrefix(k, forkState), "/")
		f := fork{}
		if len(part) != 3 || !unhex(f.log.Device[:], part[0]) {
			return nil, fmt.Errorf("%w: evidence of a fork", vault.ErrIntegrity)
		}
		var err2 error
		f.log.Number, err = strconv.ParseUint(part[1], 10, 64)
		if f.seq, err2 = strconv.ParseUint(part[2], 10, 64); err != nil || err2 != nil {
			return nil, fmt.Errorf("%w: evidence of a fork", vault.ErrIntegrity)
		}
		if !ms.stands(vault.Place{Log: f.log, Seq: f.seq}) {
			continue
		}
		b, err := j.p.State.State(ctx, k)
		if err != nil {
			return nil, err
		}
		s, err := segment.Decode(b)
		if err == nil && !ms.stands(s.Place) {
			continue // it was another's word, who was removed
		}
		if err == nil && s.Place.Log == f.log && f.seq > 0 {
			before, err := j.hashAt(ctx, f.log, f.seq-1)
			f.exact = err == nil && before == s.Prev
		}
		out = append(out, f)
	}
	return out, nil
}

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

// Forked gives the devices whose logs are known to have two histories.
func (j *Journal) Forked(ctx context.Context) (devices []identity.DeviceID, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fs, err := j.forks(ctx)
	seen := map[[16]byte]bool{}
	for _, f := range fs {
		if !seen[f.log.Device] {
			seen[f.log.Device] = true
			devices = append(devices, f.log.Device)
		}
	}
	return devices, err
}

// EndFork removes a device whose log has two histories, with the cut-off at the last
// segment that all members are known to have the same: both histories after it are
// quarantined everywhere, and each device can adopt from what it has of them.
// ErrUsage when no fork of it is known.
func (j *Journal) EndFork(ctx context.Context, device identity.DeviceID) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	fs, err := j.forks(ctx)
	if err != nil {
		return err
	}
	var at *fork
	for i, f := range fs {
		if f.log.Device == [16]byte(device) && (at == nil || f.log.Number < at.log.Number || f.log == at.log && f.seq < at.seq) {
			at = &fs[i]
		}
	}
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
