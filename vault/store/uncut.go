package store

import (
	"context"

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
