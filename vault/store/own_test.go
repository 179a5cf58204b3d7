package store

import (
	"errors"
	"strings"
	"testing"

	"phivault/vault"
)

// another gives the store another log and the same contents: what was in segments
// from `from` on, and in none, is to be cut anew.
func another(t *testing.T, s *Store, to vault.LogID, from uint64) (before, after string) {
	t.Helper()
	before = contents(t, s)
	if err := s.Continue(ctx, to, from, map[string][]byte{"k": {1}}); err != nil {
		t.Fatal(err)
	}
	if id, err := s.Own(ctx); err != nil || id != to {
		t.Fatalf("own log %v, %v", id, err)
	}
	clean(t, s)
	return before, contents(t, s)
}

func TestWhatWasNotSentGoesOverToTheNewLog(t *testing.T) {
	t.Run("of whole batches", func(t *testing.T) { testGoesOver(t, 1, 7) })
	t.Run("from the middle of one", func(t *testing.T) { testGoesOver(t, 2, 2) })
}

func testGoesOver(t *testing.T, from uint64, want int) {
	a, b := device(t, 1), device(t, 2)
	old, err := a.Own(ctx)
	if err != nil {
		t.Fatal(err)
	}
	addJSON(t, a, ann, weight)
	if len(cutAll(t, a)) != 1 {
		t.Fatal("one segment expected")
	}
	pull(t, b, a)
	// One batch that is cut in its middle, an epoch, and a batch that is not cut.
	var puts []*vault.Put
	for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
		puts = append(puts, put(t, a, `{"resourceType":"Condition","id":"`+id+`"}`))
	}
	add(t, a, puts...)
	if _, err := a.Append(ctx, vault.Batch{Notes: []vault.Note{{Kind: vault.KindEpoch, Payload: []byte("epoch")}}}); err != nil {
		t.Fatal(err)
	}
	cutAll(t, a)
	addJSON(t, a, strings.Replace(weight, "71.50", "73", 1))
	if err := a.Mark(ctx, "r", old, 3); err != nil {
		t.Fatal(err)
	}
	anchor, err := a.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	to := vault.LogID{Device: [16]byte{3}}
	if before, after := another(t, a, to, from); before != after {
		t.Errorf("the records changed:\n%s\n%s", before, after)
	}
	if ok, err := a.Contains(ctx, anchor); !ok || err != nil {
		t.Errorf("an anchor from before is refused: %v", err)
	}
	anchor.Chain[0] ^= 1
	if ok, _ := a.Contains(ctx, anchor); ok {
		t.Error("an anchor that never was is taken")
	}
	if m, _ := a.Marked(ctx, "r"); m[old] != from {
		t.Errorf("marks %v", m)
	}
	if v, _ := a.State(ctx, "k"); len(v) != 1 {
		t.Error("the state was not set")
	}
	var kinds []vault.Kind
	for _, seg := range cutAll(t, a) {
		if seg.Log != to {
			t.Fatalf("a segment of log %v", seg.Log)
		}
		if seg.Seq == 0 {
			var cites bool
			for _, p := range mustPlaces(t, a) {
				cites = cites || p.Log == old && p.Seq == from-1
			}
			if !cites {
				t.Error("the old log's last segment is gone")
			}
		}
		for _, e := range seg.Entries {
			kinds = append(kinds, e.Header.Kind)
		}
	}
	for _, k := range kinds {
		if k == vault.KindEpoch || k == vault.KindMember {
			t.Errorf("an entry of kind %v went over", k)
		}
	}
	if len(kinds) != want {
		t.Errorf("%d entries went over, not %d", len(kinds), want)
	}
	pull(t, b, a)
	if contents(t, a) != contents(t, b) {
		t.Error("the devices differ")
	}
	clean(t, a)
	clean(t, b)
}

func mustPlaces(t *testing.T, s *Store) []vault.Place {
	t.Helper()
	p, err := s.Places(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnEmptyNewLogOpensAgain(t *testing.T) {
	s := device(t, 1)
	old, _ := s.Own(ctx)
	addJSON(t, s, ann)
	cutAll(t, s)
	next := vault.LogID{Device: old.Device, Number: 1}
	another(t, s, next, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, s.path, s.o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if id, err := s.Own(ctx); err != nil || id != next {
		t.Fatalf("own log %v, %v", id, err)
	}
	addJSON(t, s, weight)
	segs := cutAll(t, s)
	if len(segs) != 1 || segs[0].Log != next || segs[0].Seq != 0 {
		t.Fatalf("%d segments", len(segs))
	}
	clean(t, s)
}

func TestALogIsLeftOnce(t *testing.T) {
	s := device(t, 1)
	old, _ := s.Own(ctx)
	addJSON(t, s, ann)
	cutAll(t, s)
	before := contents(t, s)
	for _, c := range []struct {
		to   vault.LogID
		from uint64
	}{{old, 1}, {vault.LogID{Device: [16]byte{9}}, 2}} {
		if err := s.Continue(ctx, c.to, c.from, nil); !errors.Is(err, vault.ErrUsage) {
			t.Errorf("%v from %d: %v", c.to, c.from, err)
		}
	}
	if id, _ := s.Own(ctx); id != old || contents(t, s) != before {
		t.Error("a refused step changed something")
	}
}
