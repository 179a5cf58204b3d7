package journal

import (
	"context"
	"time"

	"phivault/vault/journal/segment"
)

// beatEvery is how long a device of several stays unheard of while it syncs.
const beatEvery = 24 * time.Hour

// beat writes a segment when this device wrote none for a day, with what of the
// audit trail waits for a ride, or empty: so others see that it lives, and how far it
// has come. It is part of a sync that goes on anyway and never the reason for one.
func (j *Journal) beat(ctx context.Context) error {
	due, err := j.due(ctx)
	if err != nil || !due {
		return err
	}
	limits := j.limits(segment.TargetSize)
	limits.Empty = true
	j.beating = true
	defer func() { j.beating = false }()
	return j.cutWith(ctx, limits)
}

func (j *Journal) due(ctx context.Context) (bool, error) {
	l := j.s.Logs[j.own]
	if l == nil || len(j.s.members(everything).devices()) < 2 {
		return false, nil
	}
	if j.wrote.IsZero() {
		s, err := j.p.Ledger.Segment(ctx, j.own, l.Last.Seq)
		if err != nil {
			return false, err
		}
		j.wrote = s.Clock
	}
	// A clock that was set back a day is no reason for silence either.
	return j.p.Clock().Sub(j.wrote).Abs() >= beatEvery, nil
}

// wroteAt remembers when the own log last grew.
func (j *Journal) wroteAt(s *segment.Segment) {
	if s.Place.Log.Device == j.self {
		j.wrote = s.Clock
	}
}
