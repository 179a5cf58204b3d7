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
	plan := planOf(t, s, uncutDeletions, 1, ownLog)
	if len(plan) != 2 || !strings.HasPrefix(plan[0], "SEARCH b USING INTEGER PRIMARY KEY") || !strings.HasPrefix(plan[1], "SEARCH e USING INTEGER PRIMARY KEY") {
		t.Errorf("%q", plan)
	}
}

// SQLite steps from where it seeks: an entry that is compared with a lower bound after that
// was in vain. Seen to fail with two lower bounds.
func TestOwnDeletionsLookAtEachEntryOnce(t *testing.T) {
	s := newStore(t)
	compared := 0
	err := rowsAlone(s, func(scan func(...any) error) error {
		var addr, p1, p2, p3, p5 int64
		var op string
		var p4, comment *string
		err := scan(&addr, &op, &p1, &p2, &p3, &p4, &p5, &comment)
		switch op {
		case "Lt", "Le", "Gt", "Ge":
			compared++
		}
		return err
	}, "EXPLAIN "+uncutDeletions, 1, ownLog)
	if err != nil || compared != 1 {
		t.Errorf("%d bounds are compared beside the end of a batch, %v", compared-1, err)
	}
}
