package journaltest

import (
	"context"
	"testing"

	"phivault/sync/remote/memory"
	"phivault/vault/journal/segment"
)

// What a device takes in that is here already is not written again. When whoever
// wrote it turns out to have been removed before, it goes with that one, into
// quarantine, and taking it in again writes it, for everybody.
func TestWhatARemovedDeviceWroteFirstCanBeTakenInAgain(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	b := Join(t, a, r, dir, "b", segment.RoleOwner)
	m := Join(t, a, r, dir, "m", segment.RoleMember)
	for _, d := range []*Device{a, b, m} {
		defer d.Close()
		check(t, d.Sync(r))
	}
	m.Add(t, pulse)
	check(t, m.Sync(r))
	check(t, b.Sync(r))
	b.Add(t, pulse) // nothing new
	check(t, a.Journal.Remove(context.Background(), m.Keys.ID()))
	for range 2 {
		check(t, a.Sync(r))
		check(t, b.Sync(r))
	}
	st, err := b.Journal.Status(context.Background())
	check(t, err)
	if b.Has(t, pulse) || a.Has(t, pulse) || st.Quarantined == 0 {
		t.Fatalf("what a removed device wrote still stands, or is not kept: %+v", st)
	}
	b.Add(t, pulse)
	check(t, b.Sync(r))
	check(t, a.Sync(r))
	if !b.Has(t, pulse) || !a.Has(t, pulse) || a.Contents(t) != b.Contents(t) {
		t.Fatal("what was taken in again is not everywhere")
	}
	a.Verify(t)
	b.Verify(t)
}
