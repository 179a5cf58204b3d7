package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
)

// document is a record with an attachment.
func document(t testing.TB, s *Store, id, title string, content []byte) *vault.Put {
	t.Helper()
	sum := keepBlob(t, s, content)
	doc := fmt.Sprintf(`{"resourceType":"DocumentReference","id":"%s","status":"current","description":"%s","subject":{"reference":"Patient/p1"},"content":[{"attachment":{"contentType":"text/plain","data":""}}]}`, id, title)
	res, err := fhir.Parse([]byte(doc), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Cuts = []vault.Cut{{Offset: int64(strings.Index(doc, `"data":""`) + 8), Size: int64(len(content)), SHA256: sum}}
	return prepared(t, s, &res)
}

func purge(t testing.TB, s *Store, ids ...vault.RecordID) vault.Purged {
	t.Helper()
	n, err := s.Purge(ctx, ids, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAPurgedRecordIsNowhereInTheFile looks for what it said in the bytes of a
// database without encryption.
func TestAPurgedRecordIsNowhereInTheFile(t *testing.T) {
	s := newPlain(t)
	addJSON(t, s, ann, asthma,
		`{"resourceType":"Observation","id":"x","status":"final","subject":{"reference":"Patient/odd-spelling"},"code":{"text":"Quokkafever"},"identifier":[{"system":"urn:x","value":"Q-991"}]}`,
		`{"resourceType":"Observation","id":"x","status":"final","subject":{"reference":"Patient/p1"},"code":{"text":"Numbatpox"}}`)
	p := document(t, s, "d", "Wombatitis", []byte("letter about bilbyrash"))
	p.FullURL = "urn:uuid:0a0a0a0a-quoll"
	other := document(t, s, "e", "Shared letter", []byte("letter about potoroosis"))
	add(t, s, p, other, document(t, s, "f", "Shared letter again", []byte("letter about potoroosis")))
	x, d, e := vault.RecordIDOf("a", "Observation", "x"), vault.RecordIDOf("a", "DocumentReference", "d"), vault.RecordIDOf("a", "DocumentReference", "e")
	words := []string{"numbatpox", "wombatitis", "bilbyrash"}
	for _, w := range words {
		if len(find(t, s, vault.Query{Text: w})) == 0 {
			t.Fatalf("%s is not found before", w)
		}
	}
	if got := purge(t, s, x, d, e); got != (vault.Purged{Contents: 4, Attachments: 1}) {
		t.Errorf("purged %+v", got)
	}
	clean(t, s)
	if err := s.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	file = bytes.ToLower(file)
	for _, w := range append(words, "quokkafever", "q-991", "odd-spelling") {
		if bytes.Contains(file, []byte(w)) {
			t.Errorf("%q is in the file", w)
		}
		if got := find(t, s, vault.Query{Text: w}); len(got) > 0 {
			t.Errorf("%s finds %v", w, got)
		}
	}
	expect(t, find(t, s, vault.Query{Text: "asthma"}), "Condition/c1")
	expect(t, find(t, s, vault.Query{Text: "potoroosis"}), "DocumentReference/f") // its attachment stays
	h, err := s.History(ctx, x)
	if err != nil || len(h) != 3 || h[0].Purge == nil || !h[1].Gone || h[1].Purge.Device != s.o.Device || h[2].Kind != vault.KindTombstone || h[2].Gone {
		t.Errorf("its history: %+v, %v", h, err)
	}
	for v := 1; v <= 3; v++ {
		if r, err := s.At(ctx, x, v); err != nil || !r.Purged || !r.Deleted || r.Resource.JSON != nil {
			t.Errorf("version %d: %+v, %v", v, r, err)
		}
	}
	before := contents(t, s)
	if err := s.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	clean(t, s)
	if contents(t, s) != before {
		t.Error("it differs after a rebuild")
	}
	if got := purge(t, s, x); got != (vault.Purged{}) {
		t.Errorf("again: %+v", got)
	}
	if _, err := s.Purge(ctx, []vault.RecordID{{1}}, nil); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestWhatWasPurgedStaysAwayAndOtherContentMayCome(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann, weight)
	w := vault.RecordIDOf("a", "Observation", "w1")
	purge(t, s, w)
	if got := add(t, s, put(t, s, weight)); !slices.Equal(got, []vault.Outcome{vault.OutcomeStaysDeleted}) {
		t.Errorf("the same again: %v", got)
	}
	r, _ := s.Get(ctx, w)
	same := put(t, s, weight)
	same.Base = &r.Head
	if _, err := s.Append(ctx, vault.Batch{Puts: []*vault.Put{same}}); !errors.Is(err, vault.ErrPurged) || !errors.Is(err, vault.ErrDeleted) {
		t.Errorf("bringing it back: %v", err)
	}
	addJSON(t, s, strings.Replace(weight, "71.50", "72", 1))
	expect(t, find(t, s, vault.Query{Type: "Observation"}), "Observation/w1")
	if r, err := s.Get(ctx, w); err != nil || r.Deleted || r.Source != "a" || r.Patient.IsZero() {
		t.Errorf("new content: %+v, %v", r, err)
	}
	clean(t, s)
}

// pullAttached is pull with the attachments of document there, as the journal sees to.
func pullAttached(t testing.TB, s, from *Store) {
	t.Helper()
	places, err := from.Places(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		for seq := uint64(0); seq <= p.Seq && p.Log.Device != s.o.Device; seq++ {
			if _, err := s.Segment(ctx, p.Log, seq); err == nil {
				continue
			}
			seg, err := from.Segment(ctx, p.Log, seq)
			if err != nil {
				t.Fatal(err)
			}
			for n := range 2 {
				keepBlob(t, s, []byte(fmt.Sprint("text", n)))
			}
			if _, err := s.Apply(ctx, seg, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPurgesConverge lets three devices write and purge, and exchange at random:
// at the end they agree, as does a device that was never told what was purged.
func TestPurgesConverge(t *testing.T) {
	patient := `{"resourceType":"Patient","id":"p1","name":[{"family":"A%d"}],"identifier":[{"system":"u","value":"%d"}]}`
	pulse := `{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/p1"},"valueInteger":%d}`
	seeds := uint64(6)
	if os.Getenv("PHIVAULT_SLOW") != "" {
		seeds = 300
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 9))
			stores := []*Store{device(t, 1), device(t, 2), device(t, 3)}
			meet := func(stores ...*Store) {
				for _, s := range stores {
					cutAll(t, s)
				}
				for _, s := range stores {
					for _, from := range stores {
						pullAttached(t, s, from)
					}
				}
			}
			for range 40 {
				s := stores[r.IntN(3)]
				id := vault.RecordIDOf("a", "Observation", fmt.Sprint("o", r.IntN(4)))
				if r.IntN(6) == 0 {
					id = vault.RecordIDOf("a", "Patient", "p1")
				}
				switch r.IntN(8) {
				case 0, 1, 2:
					addJSON(t, s, fmt.Sprintf(pulse, r.IntN(4), r.IntN(4)))
				case 3:
					addJSON(t, s, fmt.Sprintf(patient, r.IntN(3), r.IntN(2)))
				case 4:
					if _, err := s.Purge(ctx, []vault.RecordID{id}, nil); err != nil && !errors.Is(err, vault.ErrNotFound) {
						t.Fatal(err)
					}
				case 5:
					if rec, err := s.Get(ctx, id); err == nil && !rec.Deleted {
						if _, err := s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: id, Base: rec.Head}}}); err != nil {
							t.Fatal(err)
						}
					}
				case 6:
					d := fmt.Sprint("d", r.IntN(2))
					add(t, s, document(t, s, d, "letter", []byte(fmt.Sprint("text", r.IntN(2)))))
					if r.IntN(2) == 0 {
						purge(t, s, vault.RecordIDOf("a", "DocumentReference", d))
					}
				default:
					meet(stores...)
				}
			}
			meet(stores...)
			meet(stores...)
			fresh := device(t, 4)
			for _, s := range stores {
				pullAttached(t, fresh, s)
			}
			whole := shownBy(t, fresh)
			for _, s := range append(stores, fresh) {
				if got := shownBy(t, s); got != whole {
					t.Fatalf("seed %d, device %d:\n%s\n%s", seed, s.o.Device[0], got, whole)
				}
				clean(t, s)
				if places, err := s.Unexplained(ctx); err != nil || len(places) > 0 {
					t.Errorf("unexplained: %v, %v", places, err)
				}
				if err := s.Rebuild(ctx, nil); err != nil {
					t.Fatal(err)
				}
				if got := shownBy(t, s); got != whole {
					t.Fatalf("seed %d, device %d after a rebuild:\n%s\n%s", seed, s.o.Device[0], got, whole)
				}
			}
			if t.Failed() {
				return
			}
			sameSegments(t, fresh, stores...)
		})
	}
}

// What was sent as removed is unexplained until a purge that stands names it, or it
// comes after all.
func TestAContentThatIsMissingWithoutAPurgeIsAProblem(t *testing.T) {
	a, b, c := device(t, 1), device(t, 2), device(t, 3)
	addJSON(t, a, ann, weight)
	cutAll(t, a)
	seg, err := a.Segment(ctx, vault.LogID{Device: a.o.Device}, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := vault.RecordIDOf("a", "Observation", "w1")
	i := slices.IndexFunc(seg.Entries, func(e vault.SegmentEntry) bool { return e.Header.Record == w })
	whole := seg.Entries[i]
	seg.Entries[i].Body = nil
	if _, err := b.Apply(ctx, seg, nil); !errors.Is(err, vault.ErrIntegrity) {
		t.Fatalf("without a word: %v", err)
	}
	seg.Entries[i].Gone = true
	for _, s := range []*Store{b, c} {
		if _, err := s.Apply(ctx, seg, nil); err != nil {
			t.Fatal(err)
		}
		if places, err := s.Unexplained(ctx); err != nil || len(places) != 1 || places[0] != seg.Place {
			t.Fatalf("unexplained: %v, %v", places, err)
		}
		if p := verify(t, s, false); len(p) == 0 {
			t.Error("it is no problem")
		}
		if r, err := s.Get(ctx, w); err != nil || !r.Purged {
			t.Errorf("%+v, %v", r, err)
		}
		if h, _ := s.History(ctx, w); len(h) != 1 || !h[0].Gone || h[0].Purge != nil {
			t.Errorf("its history: %+v", h)
		}
		if back, err := s.Segment(ctx, seg.Log, 0); err != nil || back.Entries[i].Gone || back.Entries[i].Body != nil {
			t.Error("it is passed on as removed")
		}
	}
	// Another device's copy of the same content fills the gap.
	d := device(t, 4)
	addJSON(t, d, weight)
	cutAll(t, d)
	pull(t, b, d)
	expect(t, find(t, b, vault.Query{Type: "Observation"}), "Observation/w1")
	if back, err := b.Segment(ctx, seg.Log, 0); err != nil || !bytes.Equal(back.Entries[i].Body, whole.Body) {
		t.Error("the segment is not whole again")
	}
	clean(t, b)
	// A purge explains it. One that is quarantined does not.
	purge(t, a, w)
	cutAll(t, a)
	next, err := a.Segment(ctx, seg.Log, 1)
	if err != nil {
		t.Fatal(err)
	}
	next.Quarantined = true
	if _, err := c.Apply(ctx, next, nil); err != nil {
		t.Fatal(err)
	}
	if places, _ := c.Unexplained(ctx); len(places) != 1 {
		t.Error("a quarantined purge counts")
	}
	if _, err := b.Apply(ctx, next, nil); err != nil {
		t.Fatal(err)
	}
	expect(t, find(t, b, vault.Query{Type: "Observation"}), "Observation/w1")
	for _, s := range []*Store{b, c} {
		if _, err := s.Withdraw(ctx, nil, nil); err != nil {
			t.Fatal(err)
		}
		if places, _ := s.Unexplained(ctx); len(places) > 0 {
			t.Errorf("unexplained: %v", places)
		}
		if r, err := s.Get(ctx, w); err != nil || !r.Purged {
			t.Errorf("%+v, %v", r, err)
		}
		clean(t, s)
	}
	// Withdrawn again, it leaves what it removed unexplained.
	if _, err := c.Withdraw(ctx, map[vault.LogID]uint64{seg.Log: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if places, _ := c.Unexplained(ctx); len(places) != 1 {
		t.Errorf("unexplained: %v", places)
	}
}
