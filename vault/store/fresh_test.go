package store

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"phivault/vault"
)

// kept tells how many cut segments wait in memory.
func kept(s *Store) int {
	s.fresh.mu.Lock()
	defer s.fresh.mu.Unlock()
	if len(s.fresh.segs) == 0 != (s.fresh.bytes == 0) {
		return -1
	}
	return len(s.fresh.segs)
}

// segment reads a segment of the own log.
func segment(t *testing.T, s *Store, seq int) vault.Segment {
	t.Helper()
	id, err := s.Own(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seg, err := s.Segment(ctx, id, uint64(seq))
	if err != nil {
		t.Fatal(err)
	}
	return seg
}

func TestACutSegmentIsGivenAsItWouldBeRead(t *testing.T) {
	o := testOptions()
	o.Clock = time.Now
	s := create(t, o)
	addJSON(t, s, ann, weight)
	add(t, s, document(t, s, "d1", "Scan", []byte("anamnesis")))
	for i := range 8 {
		addJSON(t, s, strings.Replace(weight, "w1", "w"+string(rune('2'+i)), 1))
	}
	r, err := s.Get(ctx, vault.RecordIDOf("a", "Observation", "w1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: r.ID, Base: r.Head}}}); err != nil {
		t.Fatal(err)
	}
	n := len(cutAll(t, s))
	s.keeper.stop() // it would drop them at some time
	defer func() { s.keeper = startKeeper(s) }()
	if n < 3 || kept(s) != n {
		t.Fatalf("%d of %d are kept", kept(s), n)
	}
	for i := range n {
		now, read := segment(t, s, i), segment(t, s, i)
		if !reflect.DeepEqual(now, read) {
			t.Errorf("segment %d:\n%+v\nbut it reads\n%+v", i, now, read)
		}
	}
	if kept(s) != 0 {
		t.Errorf("%d are kept", kept(s))
	}
}

func TestACutSegmentIsNotGivenOnceSomethingChanged(t *testing.T) {
	scan := vault.RecordIDOf("a", "DocumentReference", "d1")
	for name, c := range map[string]struct {
		do   func(*testing.T, *Store)
		gone bool
	}{
		"a purge":   {func(t *testing.T, s *Store) { purge(t, s, scan) }, true},
		"an append": {func(t *testing.T, s *Store) { addJSON(t, s, weight) }, false},
		"idleness":  {func(_ *testing.T, s *Store) { s.keeper.rest() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			addJSON(t, s, ann)
			add(t, s, document(t, s, "d1", "Scan", []byte("anamnesis")))
			if n := len(cutAll(t, s)); n == 0 {
				t.Fatal("nothing was cut")
			}
			c.do(t, s)
			if kept(s) != 0 {
				t.Error("it is kept")
			}
			gone := 0
			for _, e := range segment(t, s, 0).Entries {
				if e.Gone {
					gone++
				}
			}
			if (gone > 0) != c.gone {
				t.Errorf("%d contents are gone", gone)
			}
		})
	}
}

func TestWhatLacksAContentIsReadWhenItIsGiven(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann)
	add(t, s, document(t, s, "d1", "Scan", []byte("anamnesis")))
	purge(t, s, vault.RecordIDOf("a", "DocumentReference", "d1"))
	cutAll(t, s)
	gone := 0
	for _, e := range segment(t, s, 0).Entries {
		if e.Gone {
			gone++
		}
	}
	if gone == 0 {
		t.Error("nothing is said to be gone")
	}
}

func TestCutSegmentsAreKeptWithinABound(t *testing.T) {
	var f fresh
	entries := make([]vault.SegmentEntry, 1000)
	for i := range entries {
		entries[i].Body = make([]byte, 3000)
	}
	for i := range 100 {
		f.put(vault.Segment{Place: vault.Place{Seq: uint64(i)}, Entries: entries})
	}
	if n := len(f.segs); f.bytes > mostFresh || n != mostFresh/(1000*(3000+entryBytes)) {
		t.Errorf("%d segments, %d bytes", n, f.bytes)
	}
	if _, ok := f.take(vault.LogID{}, 0); !ok {
		t.Fatal("the first is not there")
	}
	if _, ok := f.take(vault.LogID{}, 0); ok {
		t.Error("given twice")
	}
	f.put(vault.Segment{Place: vault.Place{Seq: 100}, Entries: entries})
	if _, ok := f.take(vault.LogID{}, 100); !ok {
		t.Error("there is no room where one was given")
	}
}

func TestAClosedStoreGivesNoSegment(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann)
	id, err := s.Own(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cutAll(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Segment(ctx, id, 0); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
