package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
)

// pullOut applies to s what it lacks of from, quarantined from the given places on.
func pullOut(t testing.TB, s, from *Store, out map[vault.LogID]uint64) {
	t.Helper()
	places, err := from.Places(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		if p.Log.Device == s.o.Device {
			continue
		}
		for seq := uint64(0); seq <= p.Seq; seq++ {
			seg := given(t, from, p.Log, seq)
			first, ok := out[p.Log]
			seg.Quarantined = ok && seg.Seq >= first
			if _, err := s.Apply(ctx, seg, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// shownBy is contents, and what search and counting make of it.
func shownBy(t testing.TB, s *Store) string {
	t.Helper()
	n, err := s.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := contents(t, s) + fmt.Sprintln(n.Records, n.Deleted, n.Patients, n.Revisions, n.Conflicts, n.Types)
	for _, q := range []vault.Query{{Text: "pulse"}, {Text: "asthma"}, {Patient: vault.RecordIDOf("a", "Patient", "p1")}} {
		n := 0
		for _, err := range s.Find(ctx, q) {
			if err != nil && !errors.Is(err, vault.ErrNotFound) {
				t.Fatal(err)
			}
			n++
		}
		b += fmt.Sprintln(n)
	}
	for _, ref := range []string{"Patient?identifier=u|1", "urn:uuid:0f0f"} {
		id, err := s.Resolve(ctx, "a", ref)
		b += fmt.Sprintln(id, err)
	}
	return b
}

// TestWithdrawingIsAsIfItNeverCame lets three devices write, quarantines random
// ends of two logs in several ways one after the other, and compares with a
// database that took the segments in like that from the beginning.
func TestWithdrawingIsAsIfItNeverCame(t *testing.T) {
	patient := `{"resourceType":"Patient","id":"p1","name":[{"family":"A%d"}],"identifier":[{"system":"u","value":"%d"}]}`
	pulse := `{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/p1"},"valueInteger":%d}`
	seeds := uint64(4)
	if os.Getenv("PHIVAULT_SLOW") != "" {
		seeds = 200
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			stores := []*Store{device(t, 1), device(t, 2), device(t, 3)}
			for range 30 {
				s := stores[r.IntN(3)]
				switch r.IntN(6) {
				case 0, 1:
					addJSON(t, s, fmt.Sprintf(pulse, r.IntN(4), r.IntN(3)))
				case 2:
					p := put(t, s, fmt.Sprintf(patient, r.IntN(3), r.IntN(2)))
					if r.IntN(2) == 0 {
						p.FullURL = "urn:uuid:0f0f"
					}
					add(t, s, p)
				case 3:
					rec, err := s.Get(ctx, vault.RecordIDOf("a", "Observation", fmt.Sprint("o", r.IntN(4))))
					if err == nil && !rec.Deleted {
						if _, err := s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: rec.ID, Base: rec.Head}}}); err != nil {
							t.Fatal(err)
						}
					}
				default:
					exchange(t, stores...)
				}
			}
			exchange(t, stores...)
			exchange(t, stores...)
			s, whole := stores[0], shownBy(t, stores[0])
			for range 3 {
				out := map[vault.LogID]uint64{}
				for _, d := range stores[1:] {
					if r.IntN(4) > 0 {
						out[vault.LogID{Device: d.o.Device}] = r.Uint64N(4)
					}
				}
				done, err := s.Withdraw(ctx, out, nil)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				clean(t, s)
				fresh := device(t, 9)
				pullOut(t, fresh, s, out)
				clean(t, fresh)
				if a, b := shownBy(t, s), shownBy(t, fresh); a != b {
					t.Fatalf("seed %d: %+v: they differ:\n%s\n%s", seed, done, a, b)
				}
				if err := fresh.Rebuild(ctx, nil); err != nil {
					t.Fatal(err)
				}
				if a, b := shownBy(t, s), shownBy(t, fresh); a != b {
					t.Fatalf("seed %d: they differ after a rebuild:\n%s\n%s", seed, a, b)
				}
				if done, err := s.Withdraw(ctx, out, nil); err != nil || done != (vault.Withdrawn{}) {
					t.Fatalf("a second time: %v %+v", err, done)
				}
				sameSegments(t, s, stores[1], stores[2])
				if _, err := fresh.Withdraw(ctx, nil, nil); err != nil {
					t.Fatal(err)
				}
				if got := shownBy(t, fresh); got != whole {
					t.Fatalf("seed %d: given back, it differs:\n%s\n%s", seed, whole, got)
				}
				clean(t, fresh)
			}
			if _, err := s.Withdraw(ctx, nil, nil); err != nil || shownBy(t, s) != whole {
				t.Fatalf("seed %d: %v: given back, it differs:\n%s\n%s", seed, err, whole, shownBy(t, s))
			}
			clean(t, s)
		})
	}
}

// sameSegments compares the segments of other devices with what those have.
func sameSegments(t testing.TB, s *Store, writers ...*Store) {
	t.Helper()
	for _, w := range writers {
		id := vault.LogID{Device: w.o.Device}
		for seq := uint64(0); ; seq++ {
			want, err := w.Segment(ctx, id, seq)
			if err != nil {
				break
			}
			got, err := s.Segment(ctx, id, seq)
			if err != nil || got.Hash != want.Hash || len(got.Entries) != len(want.Entries) {
				t.Fatalf("segment %d: %v", seq, err)
			}
			for i := range got.Entries {
				if got.Entries[i].Header.Payload != want.Entries[i].Header.Payload || got.Entries[i].Header.Record != want.Entries[i].Header.Record ||
					!bytes.Equal(got.Entries[i].Body, want.Entries[i].Body) {
					t.Fatalf("segment %d, entry %d differs", seq, i)
				}
			}
		}
	}
}

func TestQuarantinedEntriesAreNotGivenAndNothingIsLost(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, a, ann)
	exchange(t, a, b)
	addJSON(t, b, asthma)
	w, err := b.NewBlob(ctx)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "an attachment")
	sum, n, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	doc := `{"resourceType":"Binary","id":"b","contentType":"text/plain","data":""}`
	res, err := fhir.Parse([]byte(doc), []vault.Cut{{Offset: int64(len(doc) - 2), Size: n, SHA256: sum}})
	if err != nil {
		t.Fatal(err)
	}
	add(t, b, prepared(t, b, &res))
	segs := cutAll(t, b)
	for _, s := range segs {
		w, _ := a.NewBlob(ctx)
		fmt.Fprint(w, "an attachment")
		if _, _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		s.Quarantined = true
		if _, err := a.Apply(ctx, s, nil); err != nil {
			t.Fatal(err)
		}
	}
	for e, err := range a.Entries(ctx, 1) {
		if err != nil || e.Device == b.o.Device && e.Header.Kind == vault.KindBlob {
			t.Errorf("entry %d is given: %v", e.Number, err)
		}
	}
	expect(t, find(t, a, vault.Query{Text: "asthma"}))
	if err := a.sweepBlobs(ctx); err != nil {
		t.Fatal(err)
	}
	if r, err := a.OpenBlob(ctx, sum); err != nil {
		t.Errorf("its attachment is gone: %v", err)
	} else {
		r.Close()
	}
	clean(t, a)
	if _, err := a.Withdraw(ctx, nil, nil); err != nil {
		t.Fatal(err)
	}
	expect(t, find(t, a, vault.Query{Text: "asthma"}), "Condition/c1")
	clean(t, a)
}

// A deletion by a device that stands, of what only a removed one wrote, has no
// effect until the same is written by one that stands, and then it has.
func TestADeletionWaitsForAPutThatStands(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, b, asthma)
	exchange(t, a, b)
	r, err := a.Get(ctx, vault.RecordIDOf("a", "Condition", "c1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: r.ID, Base: r.Head}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Withdraw(ctx, map[vault.LogID]uint64{{Device: b.o.Device}: 0}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Get(ctx, r.ID); err == nil {
		t.Fatal("the record is still there")
	}
	clean(t, a)
	p := put(t, a, asthma)
	if got, err := a.Append(ctx, vault.Batch{Puts: []*vault.Put{p}}); err != nil || got[0] != vault.OutcomeStaysDeleted {
		t.Errorf("%v %v", err, got)
	}
	clean(t, a)
	p = put(t, a, strings.Replace(asthma, "c1", "c2", 1))
	if got, err := a.Append(ctx, vault.Batch{Puts: []*vault.Put{p}}); err != nil || got[0] != vault.OutcomeNew {
		t.Errorf("%v %v", err, got)
	}
}

// A Withdraw that fails half way leaves everything as it was.
func TestAWithdrawalIsWhole(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, b, ann, weight, asthma)
	exchange(t, a, b)
	before := shownBy(t, a)
	do(t, a, "CREATE TRIGGER stop BEFORE DELETE ON record WHEN (SELECT count(*) FROM record)<3 BEGIN SELECT RAISE(ABORT,'stop'); END")
	out := map[vault.LogID]uint64{{Device: b.o.Device}: 0}
	if _, err := a.Withdraw(ctx, out, nil); err == nil || shownBy(t, a) != before {
		t.Fatalf("%v", err)
	}
	clean(t, a)
	do(t, a, "DROP TRIGGER stop")
	if done, err := a.Withdraw(ctx, out, nil); err != nil || done.Records != 3 {
		t.Fatalf("%v %+v", err, done)
	}
	clean(t, a)
	// Where nothing can be written, what is so already is no error.
	a.o.ReadOnly = true
	defer func() { a.o.ReadOnly = false }()
	if done, err := a.Withdraw(ctx, out, nil); err != nil || done.Records != 0 {
		t.Errorf("%v %+v", err, done)
	}
	if _, err := a.Withdraw(ctx, nil, nil); !errors.Is(err, vault.ErrReadOnly) {
		t.Errorf("%v", err)
	}
}

// A revision that two devices wrote, kept once, stays as long as one of them
// stands; so does what an import of one of them called it, and no longer.
func TestARevisionThatAnotherDeviceBringsStays(t *testing.T) {
	a, b, c := device(t, 1), device(t, 2), device(t, 3)
	p := put(t, b, ann)
	p.FullURL = "urn:uuid:0f0f"
	add(t, b, p)
	addJSON(t, c, ann)
	exchange(t, b, c)
	pull(t, a, b)
	pull(t, a, c)
	id := vault.RecordIDOf("a", "Patient", "p1")
	for _, x := range []struct {
		out  []*Store
		here bool
		url  string
	}{{[]*Store{b}, true, ""}, {[]*Store{c}, true, "urn:uuid:0f0f"}, {[]*Store{b, c}, false, ""}, {[]*Store{b}, true, ""}, {nil, true, "urn:uuid:0f0f"}} {
		out := map[vault.LogID]uint64{}
		for _, s := range x.out {
			out[vault.LogID{Device: s.o.Device}] = 0
		}
		if _, err := a.Withdraw(ctx, out, nil); err != nil {
			t.Fatal(err)
		}
		r, err := a.Get(ctx, id)
		if (err == nil) != x.here || r.FullURL != x.url {
			t.Errorf("%d out: %v, %q", len(x.out), err, r.FullURL)
		}
		_, err = a.Resolve(ctx, "a", "urn:uuid:0f0f")
		if (err == nil) != (x.url != "") {
			t.Errorf("%d out: its url: %v", len(x.out), err)
		}
		sameSegments(t, a, b, c)
		clean(t, a)
	}
}

// An empty segment after one with entries has none of them.
func TestAnEmptySegmentTakesNothingAway(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, b, ann)
	exchange(t, a, b)
	sign := func(d vault.Draft) ([]byte, vault.Hash, error) { return []byte("x"), vault.Hash{1}, nil }
	if _, _, err := b.Cut(ctx, vault.CutLimits{Entries: 5, Empty: true}, sign); err != nil {
		t.Fatal(err)
	}
	pull(t, a, b)
	places, err := b.Places(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out := map[vault.LogID]uint64{}
	for _, p := range places {
		if p.Log.Device == b.o.Device {
			out[p.Log] = p.Seq
		}
	}
	before := shownBy(t, a)
	if done, err := a.Withdraw(ctx, out, nil); err != nil || done.Out != 1 || shownBy(t, a) != before {
		t.Errorf("%v %+v", err, done)
	}
	clean(t, a)
}

// A member adopts what a removed device wrote: the same revisions, of its own log
// now, which stay when everything of the removed one is out.
func TestWhatIsQuarantinedCanBeAdopted(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, a, weight)
	exchange(t, a, b)
	addJSON(t, b, asthma, strings.Replace(asthma, "mild", "severe", 1), strings.Replace(weight, "71.50", "72", 1))
	r, err := b.Get(ctx, vault.RecordIDOf("a", "Condition", "c1"))
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, a, b)
	before := shownBy(t, a)
	out := map[vault.LogID]uint64{{Device: b.o.Device}: 0}
	if _, err := a.Withdraw(ctx, out, nil); err != nil {
		t.Fatal(err)
	}
	as, err := a.Asides(ctx)
	if err != nil || len(as) != 3 || as[0].Stands || as[0].Log.Device != b.o.Device {
		t.Fatalf("%v %+v", err, as)
	}
	kept, err := a.Kept(ctx)
	if err != nil || kept[b.o.Device] != 4 { // its genesis, too
		t.Errorf("%v %v", err, kept)
	}
	got, err := a.Aside(ctx, as[0].Entry)
	if err != nil || string(got.Resource.JSON) != asthma || got.ID != r.ID || got.Source != "a" {
		t.Errorf("%v %+v", err, got)
	}
	if _, err := a.Aside(ctx, 1); !errors.Is(err, vault.ErrUsage) {
		t.Errorf("an entry that stands: %v", err)
	}
	if n, err := a.Adopt(ctx, []int64{as[1].Entry}, nil); err != nil || n != 1 {
		t.Fatalf("%d %v", n, err)
	}
	h, err := a.History(ctx, r.ID)
	if err != nil || len(h) != 1 || !h[0].Orphan || h[0].Device != a.o.Device || h[0].ID != as[1].Revision {
		t.Errorf("%v %+v", err, h)
	}
	clean(t, a)
	note := vault.Note{Kind: vault.KindAudit, Payload: []byte("{}")}
	if n, err := a.Adopt(ctx, []int64{as[0].Entry, as[1].Entry, as[2].Entry}, []vault.Note{note}); err != nil || n != 2 {
		t.Fatalf("%d %v", n, err)
	}
	if got := shownBy(t, a); got != before {
		t.Errorf("adopted, it differs:\n%s\n%s", before, got)
	}
	if as, err = a.Asides(ctx); err != nil || !as[0].Stands || !as[1].Stands || !as[2].Stands {
		t.Errorf("%v %+v", err, as)
	}
	c := device(t, 3)
	cutAll(t, a)
	pullOut(t, c, a, out)
	if shownBy(t, c) != before {
		t.Error("it does not travel")
	}
	clean(t, a)
	clean(t, c)
}
