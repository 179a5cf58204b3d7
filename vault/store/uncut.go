package store

import (
	"context"
	"time"

	"phivault/vault"
)

// Uncut counts the own log's entries that no segment has yet, those of the audit
// trail left out: they leave with others and are not waited for.
func (s *Store) Uncut(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		row, _, err := lastSegment(ctx, c, ownLog)
		if err != nil {
			return err
		}
		return s.logEntries(ctx, c, ownLog, row.last+1, 1<<62, false, func(e vault.Entry, _ []byte) error {
			if e.Header.Kind != vault.KindAudit {
				n++
			}
			return nil
		})
	})
	return n, err
}

// EachUncut gives the entries that no segment has yet, in order: the header, the
// stored payload, which is the callee's only until it returns, and the bytes that
// they will have in a segment when a payload of more than apart bytes travels by
// itself. Nothing else of the store may be called meanwhile.
func (s *Store) EachUncut(apart int) func(context.Context, func(vault.Header, []byte, int64) error) error {
	return func(ctx context.Context, each func(vault.Header, []byte, int64) error) error {
		return s.read(ctx, func(c *conn) error {
			row, _, err := lastSegment(ctx, c, ownLog)
			if err != nil {
				return err
			}
			var r lastRun
			return s.logEntries(ctx, c, ownLog, row.last+1, 1<<62, true, func(e vault.Entry, body []byte) error {
				return each(e.Header, body, travels(e.Header, body, apart)+r.size(e.At))
			})
		})
	}
}

// EachUncutHeader is EachUncut without the payloads, whose bytes are counted as their
// headers tell them: each gets nil for them.
func (s *Store) EachUncutHeader(apart int) func(context.Context, func(vault.Header, []byte, int64) error) error {
	return func(ctx context.Context, each func(vault.Header, []byte, int64) error) error {
		return s.read(ctx, func(c *conn) error {
			row, _, err := lastSegment(ctx, c, ownLog)
			if err != nil {
				return err
			}
			var r lastRun
			return s.logEntries(ctx, c, ownLog, row.last+1, 1<<62, false, func(e vault.Entry, _ []byte) error {
				size := travels(e.Header, nil, apart) + r.size(e.At)
				if e.Header.Length <= uint64(apart) {
					size += int64(e.Header.Length)
				}
				return each(e.Header, nil, size)
			})
		})
	}
}

// lastRun is the time of the run that the entry before is in; zero before the first.
type lastRun struct{ at time.Time }

// size is what an entry made at that time adds to the runs of its segment, in bytes.
func (r *lastRun) size(at time.Time) int64 {
	first, same := r.at.IsZero(), r.at.Equal(at)
	if r.at = at; first || same {
		return 0
	}
	return vault.RunSize
}
