package store

import (
	"context"
	"fmt"

	"phivault/vault"
)

// Write is Append of a single put and gives the record as it then stands, as Get would.
// Whoever cancels it once it was kept gets the record all the same. An error with kept
// is that of reading.
func (s *Store) Write(ctx context.Context, b vault.Batch) (rec vault.Record, kept bool, err error) {
	if len(b.Puts) != 1 || b.DryRun {
		return rec, false, fmt.Errorf("%w: one put, to be kept", vault.ErrUsage)
	}
	if err := s.lock(); err != nil {
		return rec, false, err
	}
	defer s.write.Unlock()
	if _, err := s.append(ctx, b); err != nil {
		return rec, false, err
	}
	rec, err = s.stands(context.WithoutCancel(ctx), b.Puts[0])
	return rec, true, mapError(err)
}

// stands gives the record of p, which was just appended: what it says need not be read
// back when it is what p says.
func (s *Store) stands(ctx context.Context, p *vault.Put) (vault.Record, error) {
	r, err := one(ctx, s.w, oneRow+"WHERE r.id=?", p.ID[:])
	if err != nil {
		return vault.Record{}, err
	}
	if r.sum != p.Payload || len(p.Resource.Cuts) > 0 {
		if r, err = s.byID(ctx, s.w, p.ID); err != nil {
			return vault.Record{}, err
		}
		return s.record(ctx, s.w, r, nil)
	}
	return r.as(p.Source, *p.Resource), nil
}
