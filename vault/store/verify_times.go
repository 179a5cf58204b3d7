package store

import (
	"context"
	"fmt"
	"time"

	"phivault/vault"
)

// timing gathers of a log's next segment when its entries were made.
type timing struct {
	seq, first, last int64 // of the segment; seq -1 before the first, last -1 behind the last
	of               vault.TimedSegment
}

// times compares what the batches say of when their entries were made with what
// is signed in the segments that have them. What is in no segment yet nobody signed.
func (v *verifier) times(ctx context.Context, c *snapshot) error {
	s, err := c.all.Prepare("SELECT last,log,count,at,sent FROM batch ORDER BY last")
	if err != nil {
		return v.past("batch", err)
	}
	defer s.Close()
	logs := map[int64]*timing{}
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		more, err := s.Step()
		if err != nil {
			return v.past("batch", err)
		}
		if !more {
			break
		}
		t := logs[s.Int(1)]
		if t == nil {
			t = &timing{seq: -1}
			logs[s.Int(1)] = t
			if err := t.next(ctx, c.conn, s.Int(1)); err != nil {
				return v.past("segment", err)
			}
		}
		last, at, sent := s.Int(0), time.UnixMilli(s.Int(3)).UTC(), s.Int(4) != 0
		for from := last - s.Int(2) + 1; from <= last && from <= t.last; {
			to := min(last, t.last)
			if to >= t.first {
				t.of.Made = append(t.of.Made, vault.Run{Entries: int(to - max(from, t.first) + 1), At: at})
				t.of.Sent = append(t.of.Sent, sent)
			}
			if from = to + 1; to < t.last {
				break
			}
			v.timed(t)
			if err := t.next(ctx, c.conn, s.Int(1)); err != nil {
				return v.past("segment", err)
			}
		}
	}
	return nil
}

// timed reports a segment that was gathered, where it says something else.
func (v *verifier) timed(t *timing) {
	if !v.when(t.of) {
		v.problem("time", fmt.Sprintf("entries %d to %d", t.first, t.last))
	}
}

// next goes to the log's next segment that has entries.
func (t *timing) next(ctx context.Context, c *conn, log int64) error {
	t.of = vault.TimedSegment{}
	ok, err := c.row(ctx, []any{&t.seq, &t.first, &t.last, &t.of.Head},
		"SELECT seq,first,last,head FROM segment WHERE log=? AND seq>? AND last>=first ORDER BY seq LIMIT 1", log, t.seq)
	if !ok {
		t.last = -1
	}
	return err
}
