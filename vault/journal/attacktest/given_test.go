package attacktest

import (
	"errors"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

// A copy draws fresh keys, with something saved and not sent, after a device was
// removed, which keeps the genesis epoch's key for ever. Expected: nothing that the
// copy writes is sealed under an epoch that the removed device has. Seen to succeed
// with the first segment of its log not left empty.
func TestWhatACopySavedIsNotForTheRemoved(t *testing.T) {
	for _, renewed := range []bool{false, true} {
		w := newWorld(t)
		if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
			t.Fatal(err)
		}
		w.sync(w.a, w.c, w.a, w.c)
		x, y := w.copies(w.c)
		if renewed { // after the copies were made: they learn of it at their first sync
			w.a.Rekey(t)
			w.sync(w.a, w.c)
		}
		x.Add(t, note("in-x", 1))
		x.Replace(t)
		x.Add(t, note("in-x", 2))
		y.Replace(t)
		y.Add(t, note("in-y", 1))
		w.agree(x, y, w.a, w.c)
		for _, d := range []vault.LogID{log(x), log(y)} {
			entries := 0
			for seq := uint64(0); ; seq++ {
				if _, err := w.a.Store.Segment(ctx, d, seq); err != nil {
					break
				}
				s := w.segment(w.a, d, seq)
				for _, k := range w.b.Journal.Keys() {
					if s.Epoch == k.ID && len(s.Entries) > 0 {
						t.Errorf("renewed %v: segment %d, with %d entries, lies under an epoch that the removed device has", renewed, seq, len(s.Entries))
					}
				}
				entries += len(s.Entries)
			}
			if entries < 2 {
				t.Errorf("%d entries", entries)
			}
		}
		if !w.a.Has(t, note("in-x", 2)) || !w.c.Has(t, note("in-y", 1)) {
			t.Error("what a copy saved did not arrive")
		}
	}
}

// The first segment of a copy's log names an epoch that a removed device has, or is
// not empty. Expected: forged. Seen to succeed with holders counting members only, and
// with the rule for copies applied to a segment that is not empty.
func TestACopyNamesAnEpochThatIsNotTheMembers(t *testing.T) {
	for _, full := range []bool{false, true} {
		w := newWorld(t)
		if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
			t.Fatal(err)
		}
		w.sync(w.a, w.c, w.a, w.c)
		x, _ := w.copies(w.c)
		x.Replace(t)
		w.sync(x, w.a) // the replacement alone
		if !x.Journal.Again() || len(w.a.Journal.Members()) != 4 {
			t.Fatal("the replacement is not out")
		}
		bad := w.b.Journal.Keys()
		first := bad[0].ID
		bad = bad[1:]
		if full { // of the members, but for the rule that the segment is empty
			bad = w.c.Journal.Keys()
			bad = bad[len(bad)-1:]
		}
		for _, k := range bad {
			s := &segment.Segment{VaultID: x.VaultID(), Place: vault.Place{Log: log(x)}, Epoch: first, Next: k.ID, Clock: w.last(w.a, w.a).Clock}
			var err error
			if s.Heads, err = w.a.Store.Places(ctx); err != nil {
				t.Fatal(err)
			}
			segment.SortPlaces(s.Heads)
			var bodies [][]byte
			if full {
				s.Entries, bodies = entries(vault.KindAudit, []byte("{}")), [][]byte{packed([]byte("{}"))}
			}
			s.Sign(x.Keys)
			n := w.nameAt(x, log(x), 0, first)
			if w.host.objects[n], err = segment.Seal(s, bodies, x.VaultID(), w.keys(x, first), n); err != nil {
				t.Fatal(err)
			}
			if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrForged) || !strings.Contains(err.Error(), "not the members'") {
				t.Errorf("full %v: %v", full, err)
			}
		}
	}
}
