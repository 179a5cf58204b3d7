package main

import (
	"strings"
	"testing"

	"phivault/vault/journal"
)

// A stolen backup was restored, and the copy is removed: the keys of the device that was
// backed up are still in strange hands. Or the device is removed, and a copy that the
// thief made before is not. Seen to end in "removed" and not one word more.
func TestARemovalTellsOfCopies(t *testing.T) {
	all := []journal.Member{{Letter: "A"}, {Letter: "B"}, {Letter: "C", Of: "B"}, {Letter: "D", Of: "C"}, {Letter: "E", Of: "B", Removed: true}}
	for _, c := range []struct {
		removed int
		want    []string
	}{
		{0, nil},
		{1, []string{"device C was a copy of device B and stays"}},
		{2, []string{`make another copy; unless it was yours, run "phivault device remove B" too`, "device D was a copy of device C and stays"}},
		{3, []string{`run "phivault device remove C" too`}},
	} {
		now := append([]journal.Member(nil), all...)
		now[c.removed].Removed = true
		got := kin(now, now[c.removed])
		if len(got) != len(c.want) {
			t.Fatalf("%s: %q", all[c.removed].Letter, got)
		}
		for i := range got {
			if !strings.Contains(got[i], c.want[i]) {
				t.Errorf("%s: %q lacks %q", all[c.removed].Letter, got[i], c.want[i])
			}
		}
	}
}
