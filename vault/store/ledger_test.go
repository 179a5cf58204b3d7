package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"phivault/vault"
	"phivault/vault/fhir"
)

// device is a store with a device id of its own in one vault, whose clock goes on a
// minute a look.
func device(t testing.TB, n byte) *Store {
	o := testOptions()
	o.Device = [16]byte{n}
	now := o.Clock()
	var looks atomic.Int64
	o.Clock = func() time.Time { return now.Add(time.Duration(looks.Add(1)) * time.Minute) }
	return create(t, o)
}

// given is a segment as a reader has it: the head tells when its entries were made.
func given(t testing.TB, s *Store, log vault.LogID, seq uint64) vault.Segment {
	t.Helper()
	seg, err := s.Segment(ctx, log, seq)
	if err != nil {
		t.Fatal(err)
	}
	var d vault.Draft
	if len(seg.Entries) > 0 {
		if err := json.Unmarshal(seg.Head, &d); err != nil {
			t.Fatal(err)
		}
	}
	seg.Made = d.Made
	return seg
}

// cutAll cuts what a device has not cut yet; the head is the draft as JSON.
func cutAll(t testing.TB, s *Store) (segs []vault.Segment) {
	t.Helper()
	for {
		seg, ok, err := s.Cut(ctx, vault.CutLimits{Entries: 5}, drafted)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return segs
		}
		segs = append(segs, seg)
	}
}

func drafted(d vault.Draft) ([]byte, vault.Hash, error) {
	head, err := json.Marshal(d)
	return head, sha256.Sum256(head), err
}

// pull applies to s all segments of from that it lacks.
func pull(t testing.TB, s, from *Store) (sum vault.Applied) {
	t.Helper()
	have := map[vault.LogID]uint64{}
	places, err := s.Places(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		have[p.Log] = p.Seq + 1
	}
	places, err = from.Places(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		if p.Log.Device == s.o.Device {
			continue
		}
		for seq := have[p.Log]; seq <= p.Seq; seq++ {
			a, err := s.Apply(ctx, given(t, from, p.Log, seq), nil)
			if err != nil {
				t.Fatal(err)
			}
			sum.Entries += a.Entries
			sum.New += a.New
			sum.Changed += a.Changed
			sum.Conflicts += a.Conflicts
			sum.Deleted += a.Deleted
		}
	}
	return sum
}

func exchange(t testing.TB, stores ...*Store) {
	t.Helper()
	for _, s := range stores {
		cutAll(t, s)
	}
	for _, s := range stores {
		for _, from := range stores {
			if s != from {
				pull(t, s, from)
			}
		}
	}
}

// contents tells everything that two converged devices must agree on.
func contents(t testing.TB, s *Store) string {
	t.Helper()
	var b strings.Builder
	for _, deleted := range []bool{false, true} {
		var lines []string
		for r, err := range s.Find(ctx, vault.Query{Deleted: deleted}) {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintln(r.ID, r.Version, r.Deleted, r.Conflict, r.Patient, string(r.Resource.JSON)))
		}
		slices.Sort(lines)
		fmt.Fprint(&b, lines)
	}
	return b.String()
}

func TestSegmentsCarryEverything(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, a, ann, weight, asthma, note, strings.Replace(weight, "71.50", "72", 1))
	segs := cutAll(t, a)
	if len(segs) != 2 || len(segs[0].Entries) != 5 || segs[1].Seq != 1 {
		t.Fatalf("%d segments", len(segs))
	}
	again, err := a.Segment(ctx, segs[0].Log, 0)
	if err != nil || !bytes.Equal(again.Head, segs[0].Head) || again.Hash != segs[0].Hash || len(again.Entries) != 5 {
		t.Fatalf("a segment is not given back as it was cut: %v", err)
	}
	cutAll(t, b)
	got := pull(t, b, a)
	if got.New != 4 || got.Changed != 1 || got.Conflicts != 0 {
		t.Errorf("applied %+v", got)
	}
	if contents(t, a) != contents(t, b) {
		t.Error("the devices differ")
	}
	expect(t, find(t, b, vault.Query{Text: "asthma"}), "Condition/c1", "Observation/n1")
	if _, err := b.Apply(ctx, segs[0], nil); !errors.Is(err, vault.ErrUsage) {
		t.Errorf("a segment twice: %v", err)
	}
	clean(t, b)
	if err := b.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if contents(t, a) != contents(t, b) {
		t.Error("the devices differ after a rebuild")
	}
}

func TestTheSameImportOnTwoDevicesIsNoConflict(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	for _, s := range []*Store{a, b} {
		addJSON(t, s, ann, weight)
	}
	exchange(t, a, b)
	if contents(t, a) != contents(t, b) || strings.Contains(contents(t, a), "true") {
		t.Errorf("after the same import:\n%s\n%s", contents(t, a), contents(t, b))
	}
	addJSON(t, a, strings.Replace(weight, "71.50", "72", 1))
	exchange(t, a, b)
	if r, _ := b.Get(ctx, vault.RecordIDOf("a", "Observation", "w1")); r.Version != 2 || r.Conflict {
		t.Errorf("an edit after it: %+v", r)
	}
	clean(t, a)
	clean(t, b)
}

func TestEditsApartAreAConflictUntilOneDecides(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, a, ann, weight)
	exchange(t, a, b)
	addJSON(t, a, strings.Replace(weight, "71.50", "72", 1))
	addJSON(t, b, strings.Replace(weight, "71.50", "73", 1))
	exchange(t, a, b)
	if contents(t, a) != contents(t, b) {
		t.Fatal("the devices differ")
	}
	expect(t, find(t, a, vault.Query{Conflicts: true}), "Observation/w1")
	r, _ := a.Get(ctx, vault.RecordIDOf("a", "Observation", "w1"))
	res, _ := fhir.Parse([]byte(strings.Replace(weight, "71.50", "72.5", 1)), nil)
	decided := &vault.Put{ID: r.ID, Source: r.Source, Resource: &res, Base: &r.Head, Resolves: true}
	if err := a.Prepare(decided); err != nil {
		t.Fatal(err)
	}
	add(t, a, decided)
	exchange(t, a, b)
	for _, s := range []*Store{a, b} {
		expect(t, find(t, s, vault.Query{Conflicts: true}))
		clean(t, s)
	}
	if contents(t, a) != contents(t, b) || !strings.Contains(contents(t, b), "72.5") {
		t.Error("the decision did not arrive")
	}
}

func TestADeletionAgainstAnEditShowsTheEdit(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, a, weight)
	exchange(t, a, b)
	r, _ := a.Get(ctx, vault.RecordIDOf("a", "Observation", "w1"))
	if _, err := a.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: r.ID, Base: r.Head}}}); err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(weight, "71.50", "73", 1)
	addJSON(t, b, edited)
	exchange(t, a, b)
	for _, s := range []*Store{a, b} {
		r, err := s.Get(ctx, r.ID)
		if err != nil || !r.Conflict || r.Deleted || string(r.Resource.JSON) != edited {
			t.Errorf("%v %+v", err, r)
		}
		clean(t, s)
	}
}

func TestAMergeIsTheSameOnBothDevices(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	join := func(_, x, y *vault.Resource) []byte {
		v := []string{x.Value, y.Value}
		slices.Sort(v)
		return []byte(strings.Replace(weight, "71.50", v[0]+"0"+v[1], 1))
	}
	addJSON(t, a, weight)
	exchange(t, a, b)
	addJSON(t, a, strings.Replace(weight, "71.50", "72", 1))
	addJSON(t, b, strings.Replace(weight, "71.50", "73", 1))
	sa, sb := cutAll(t, a), cutAll(t, b)
	for _, x := range []struct {
		s    *Store
		segs []vault.Segment
	}{{a, sb}, {b, sa}} {
		for _, seg := range x.segs {
			if _, err := x.s.Apply(ctx, seg, join); err != nil {
				t.Fatal(err)
			}
		}
	}
	exchange(t, a, b)
	for _, s := range []*Store{a, b} {
		r, err := s.Get(ctx, vault.RecordIDOf("a", "Observation", "w1"))
		if err != nil || r.Conflict || r.Resource.Value != "72073" || r.Version != 4 {
			t.Errorf("%v: %q, version %d, conflict %v", err, r.Resource.Value, r.Version, r.Conflict)
		}
		clean(t, s)
	}
}

// TestDevicesConverge lets three devices import, edit and delete at random and
// exchange in random pairs; at the end all agree.
func TestDevicesConverge(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 7))
		stores := []*Store{device(t, 1), device(t, 2), device(t, 3)}
		for range 40 {
			s := stores[r.IntN(3)]
			switch r.IntN(4) {
			case 0, 1:
				addJSON(t, s, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"pulse"},"valueInteger":%d}`, r.IntN(5), r.IntN(4)))
			case 2:
				rec, err := s.Get(ctx, vault.RecordIDOf("a", "Observation", fmt.Sprint("o", r.IntN(5))))
				if err != nil || rec.Deleted {
					continue
				}
				if _, err := s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: rec.ID, Base: rec.Head}}}); err != nil {
					t.Fatal(err)
				}
			case 3:
				exchange(t, stores...)
			}
		}
		exchange(t, stores...)
		exchange(t, stores...)
		want := contents(t, stores[0])
		for _, s := range stores[1:] {
			if contents(t, s) != want {
				t.Fatalf("seed %d: devices differ:\n%s\n%s", seed, want, contents(t, s))
			}
		}
		for _, s := range stores {
			clean(t, s)
		}
	}
}

// An edit of a record in conflict that does not decide follows one head only, and
// what is shown stays the lowest revision id, on the device that edits as well.
func TestAnEditWithinAConflictShowsTheSameEverywhere(t *testing.T) {
	for n := range 6 {
		a, b := device(t, 1), device(t, 2)
		addJSON(t, a, strings.Replace(weight, "71.50", "72", 1))
		addJSON(t, b, strings.Replace(weight, "71.50", "73", 1))
		exchange(t, a, b)
		addJSON(t, a, strings.Replace(weight, "71.50", fmt.Sprint("9", n), 1))
		before := contents(t, a)
		exchange(t, a, b)
		if contents(t, a) != before || contents(t, b) != before {
			t.Fatalf("they differ:\n%s\n%s", before, contents(t, b))
		}
		clean(t, a)
		clean(t, b)
	}
}
