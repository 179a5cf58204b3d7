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

// UncutDeletions counts own tombstones that are to be cut; see vault.Deletions.
func (s *Store) UncutDeletions(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		row, _, err := lastSegment(ctx, c, ownLog)
		if err != nil {
			return err
		}
		_, err = c.row(ctx, []any{&n}, `SELECT count(*) FROM entry e WHERE e.entry>? AND e.kind=2 AND
			(SELECT b.log FROM batch b WHERE b.last>=e.entry ORDER BY b.last LIMIT 1)=?`, row.last, ownLog)
		return err
	})
	return n, err
}
