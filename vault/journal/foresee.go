package journal

import (
	"context"
	"fmt"

	"phivault/crypto/seal"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Foreseen counts the segments into which the next sync cuts what uncut gives; it asks
// no remote. Signs of life are not counted, nor is what nobody would get: that of a
// device that was removed, or of a copy that may not publish.
func (j *Journal) Foreseen(ctx context.Context, uncut Uncut) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.mute() != nil || !j.s.members(everything).is(j.self) {
		return 0, nil
	}
	var f Forecast
	v := &preview{j: j, f: &f}
	err := v.loose(ctx, uncut, false, !j.opens(&segment.Segment{Place: vault.Place{Log: j.own, Seq: j.s.next(j.own)}}))
	return uint64(f.Push.Segments), err
}

// loose is what of the log is not cut yet, with the limits of cut.
type loose struct {
	v            *preview
	entries      []looseEntry
	small, large int64
}

type looseEntry struct {
	size  int64
	audit bool
}

// loose counts what is not cut yet, in the portions in which it will be.
func (v *preview) loose(ctx context.Context, uncut Uncut, beat, begun bool) error {
	j := v.j
	l := &loose{v: v, small: j.limits(segment.SmallSize).Bytes, large: j.limits(segment.TargetSize).Bytes}
	var notes []*blobNote
	sum := int64(0)
	err := uncut(ctx, func(h vault.Header, body []byte, size int64) error {
		for sum+size > l.large && len(l.entries) > 0 || len(l.entries) == segment.MaxEntries {
			sum -= l.cut(true)
		}
		l.entries = append(l.entries, looseEntry{size, h.Kind == vault.KindAudit})
		sum += size
		switch {
		case segment.Apart(body):
			v.object(seal.Size(int64(len(body)), seal.Buckets))
		case h.Kind == vault.KindBlob && body != nil:
			n, err := j.readNote(h, body)
			if err != nil {
				return fmt.Errorf("%w: an attachment's note", vault.ErrIntegrity)
			}
			notes = append(notes, n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for len(l.entries) > 0 && l.cut(false) > 0 {
	}
	if beat && v.f.Push.Segments == 0 { // a sign of life takes along what is left
		l.cut(true)
	}
	if !begun && v.f.Push.Segments > 0 {
		v.segment(0, l.head()) // the first segment of such a log is empty
	}
	for _, n := range notes {
		r, packed, err := j.p.Blobs.PackBlob(ctx, n.sum)
		if err != nil {
			return err
		}
		if err := r.Close(); err != nil {
			return err
		}
		v.object(seal.Size(packed, seal.Buckets))
	}
	return nil
}

// head is what a segment has besides its entries, but for the heads.
func (l *loose) head() int64 {
	return seal.Capacity(segment.SmallSize) - segment.Room(segment.SmallSize, 0)
}

// cut counts one segment of the first entries, by the rules of Journal.cut, and
// gives their bytes; 0 when there is nothing worth a segment.
func (l *loose) cut(more bool) int64 {
	sum, quiet := int64(0), true
	for _, e := range l.entries {
		sum += e.size
		quiet = quiet && e.audit
	}
	n := len(l.entries)
	if quiet && n < segment.MaxEntries && !more {
		return 0
	}
	if n > 1 && sum > l.small && sum <= 3*l.small {
		for sum = 0; sum+l.entries[0].size <= l.small || sum == 0; l.entries = l.entries[1:] {
			sum += l.entries[0].size
		}
		n -= len(l.entries)
	} else {
		l.entries = l.entries[:0]
	}
	l.v.segment(n, l.head()+sum)
	return sum
}
