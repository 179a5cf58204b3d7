package store

import (
	"strings"
	"testing"
)

// What each sync asks must not look at every entry of the vault: that is seen in what
// SQLite means to do. Seen to fail with the log of each entry looked up, and with an
// index made for the occasion.
func TestOwnDeletionsAreCountedByBatches(t *testing.T) {
	s := newStore(t)
	var plan []string
	err := s.w.rows(ctx, func(scan func(...any) error) error {
		var id, parent, unused int64
		var step string
		err := scan(&id, &parent, &unused, &step)
		plan = append(plan, step)
		return err
	}, "EXPLAIN QUERY PLAN "+uncutDeletions, 1, ownLog)
	if err != nil || len(plan) != 2 || !strings.HasPrefix(plan[0], "SEARCH b USING INTEGER PRIMARY KEY") || !strings.HasPrefix(plan[1], "SEARCH e USING INTEGER PRIMARY KEY") {
		t.Errorf("%q, %v", plan, err)
	}
}
