package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"phivault/vault"
	"phivault/vault/journal/segment"
)

// drain applies whatever can be applied now. A log with a fault stops there, the
// others go on; all faults are returned.
func (j *Journal) drain(ctx context.Context) error {
	var errs []error
	for moved := true; moved; {
		moved = false
		if err := j.openCarried(); err != nil {
			errs = append(errs, err)
		}
		for _, log := range j.pending.ids() {
			seq := j.s.next(log)
			h := j.pending.logs[log][seq]
			if h == nil {
				continue
			}
			done, err := j.try(ctx, h)
			if err != nil {
				j.pending.drop(log, seq)
				errs = append(errs, err)
				continue
			}
			moved = moved || done
		}
	}
	errs = append(errs, j.split...)
	j.split = nil
	return errors.Join(append(errs, j.settle(ctx))...)
}

// try applies a held segment, unless it has to wait.
func (j *Journal) try(ctx context.Context, h *held) (bool, error) {
	if ready, err := j.complete(ctx, h); err != nil || !ready {
		return false, err
	}
	c, err := j.decode(h.seg, h.bodies)
	if err != nil {
		return false, err
	}
	v, waits, err := j.check(ctx, c)
	h.waits = waits
	if err != nil || v == wait {
		return false, err
	}
	if v == pass {
		j.pending.drop(h.seg.Place.Log, h.seg.Place.Seq)
		j.absent[h.seg.Place.Log] = true
		return true, nil
	}
	if v == apply {
		if held, err := j.holds(ctx, c); err != nil || held {
			return false, err
		}
		if err := j.hear(ctx, c); err != nil {
			return false, err
		}
	}
	if err := j.apply(ctx, c, h.bodies, v == quarantine); err != nil {
		return false, err
	}
	if err := j.noteDeleted(ctx, c); err != nil {
		return false, err
	}
	p := h.seg.Place
	j.released(p)
	delete(j.absent, p.Log)
	j.pending.drop(p.Log, p.Seq)
	count(&j.session(h.from).pulled, len(h.bodies))
	return true, j.mark(ctx, h.from, p.Log, p.Seq)
}

func (j *Journal) apply(ctx context.Context, c *checked, bodies [][]byte, quarantined bool) error {
	l := vault.Segment{Quarantined: quarantined, Place: c.seg.Place, Head: c.seg.Head(), Clock: c.seg.Clock, Made: c.seg.Made, Entries: make([]vault.SegmentEntry, len(bodies))}
	for i, h := range c.seg.Entries {
		l.Entries[i] = vault.SegmentEntry{Header: h, Body: bodies[i]}
		if segment.IsGone(bodies[i]) {
			l.Entries[i] = vault.SegmentEntry{Header: h, Gone: true}
		}
	}
	if _, err := j.p.Ledger.Apply(ctx, l, j.p.Merge); err != nil {
		if errors.Is(err, vault.ErrIntegrity) {
			return fmt.Errorf("%w: %w", at(ErrForged, c.seg.Place, "its entries do not fit the records"), err)
		}
		return err
	}
	if err := j.took(ctx, c); err != nil {
		return err
	}
	if len(c.purged) > 0 || slices.ContainsFunc(l.Entries, func(e vault.SegmentEntry) bool { return e.Gone }) {
		return j.explain(ctx)
	}
	return nil
}

// explain looks which segments lack contents that no purge names.
func (j *Journal) explain(ctx context.Context) (err error) {
	j.lacking, err = j.p.Ledger.Unexplained(ctx)
	return err
}

// mark remembers that a remote holds a log's segments up to seq.
func (j *Journal) mark(ctx context.Context, remote string, log vault.LogID, seq uint64) error {
	if remote == "" {
		return nil
	}
	m, err := j.p.Ledger.Marked(ctx, remote)
	if err != nil || m[log] != seq {
		return err
	}
	return j.p.Ledger.Mark(ctx, remote, log, seq+1)
}
