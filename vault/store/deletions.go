package store

import (
	"context"

	"phivault/vault"
)

// Live counts live records; see vault.Deletions.
func (s *Store) Live(ctx context.Context, ids []vault.RecordID) (these, all int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		for _, id := range ids {
			n := int64(0)
			if _, err := c.row(ctx, []any{&n}, "SELECT count(*) FROM record WHERE id=? AND state<>?", id[:], stateDeleted); err != nil {
				return err
			}
			these += n
		}
		_, err := c.row(ctx, []any{&all}, "SELECT count(*) FROM record WHERE state<>?", stateDeleted)
		return err
	})
	return these, all, err
}

// uncutDeletions goes by the batches: on a device that pulled all it has, few entries
// are its own. The plus keeps SQLite from making an index of all entries first. Where a
// batch begins is one bound: of two SQLite seeks one and steps through what lies
// between, which after an import is all before it, for each batch.
const uncutDeletions = `SELECT count(*) FROM batch b CROSS JOIN entry e ON e.entry>max(b.last-b.count,?1) AND e.entry<=b.last
	WHERE b.last>?1 AND b.log=?2 AND +e.kind=2`

// UncutDeletions counts own tombstones that are to be cut; see vault.Deletions.
func (s *Store) UncutDeletions(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		row, _, err := lastSegment(ctx, c, ownLog)
		if err != nil {
			return err
		}
		_, err = c.row(ctx, []any{&n}, uncutDeletions, row.last, ownLog)
		return err
	})
	return n, err
}
