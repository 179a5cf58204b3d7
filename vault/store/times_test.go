package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"phivault/vault"
)

// timesAt tells when the versions of all records were made, or sent, in their order.
func timesAt(t testing.TB, s *Store) (at []time.Time, sent []bool) {
	t.Helper()
	for r, err := range s.Find(ctx, vault.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		history, err := s.History(ctx, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range history {
			at, sent = append(at, h.At), append(sent, h.Sent)
		}
	}
	return at, sent
}

// What one device made says on the other when it was made, a transaction at a time;
// without the writer's word it says when it was sent.
func TestTimesGoWithTheEntries(t *testing.T) {
	a, b, c := device(t, 1), device(t, 2), device(t, 3)
	addJSON(t, a, ann, weight)
	for _, kg := range []string{"72", "73", "74"} {
		addJSON(t, a, strings.Replace(weight, "71.50", kg, 1))
	}
	made, _ := timesAt(t, a)
	segs := cutAll(t, a)
	if n := len(given(t, a, segs[0].Log, 0).Made); n != 5 {
		t.Fatalf("the first is of %d transactions", n)
	}
	pull(t, b, a)
	at, sent := timesAt(t, b)
	for i := range made {
		if len(at) != len(made) || !at[i].Equal(made[i]) || sent[i] {
			t.Fatalf("%v and not %v, sent %v", at, made, sent)
		}
	}
	clean(t, b)
	for _, seg := range segs {
		got, err := a.Segment(ctx, seg.Log, seg.Seq)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Apply(ctx, got, nil); err != nil {
			t.Fatal(err)
		}
	}
	at, sent = timesAt(t, c)
	for i := range at {
		if at[i].Before(segs[0].Clock) || !sent[i] {
			t.Errorf("%v, sent %v, without a word of its writer", at, sent)
		}
	}
	clean(t, c)
}

// A segment whose times are of more entries than it has, or of fewer, is not taken.
func TestTimesOfOtherEntriesAreNotTaken(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, a, ann, weight)
	seg := given(t, a, cutAll(t, a)[0].Log, 0)
	n := len(seg.Entries)
	now := seg.Clock
	for what, made := range map[string][]vault.Run{
		"fewer": {{Entries: n - 1, At: now}}, "more": {{Entries: n, At: now}, {Entries: 1, At: now}},
		"none": {{At: now}, {Entries: n, At: now}}, "less than none": {{Entries: -1, At: now}, {Entries: n + 1, At: now}},
	} {
		seg.Made = made
		if _, err := b.Apply(ctx, seg, nil); !errors.Is(err, vault.ErrIntegrity) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if places, err := b.Places(ctx); err != nil || len(places) != 0 {
		t.Errorf("%v %v", places, err)
	}
	clean(t, b)
}

// A cut, and what foresees it, counts the bytes of the runs too: else what many small
// transactions wrote would not fit the object that it was cut for. Seen to fail with runs that
// count nothing, with one counted for each entry, and with a header's own bytes left out.
func TestRunsCountForTheSizeOfASegment(t *testing.T) {
	a := device(t, 1)
	for i := range 4 {
		notes := []vault.Note{{Kind: vault.KindImport, Payload: []byte("{}")}}
		if i == 0 { // a run of two
			notes = append(notes, notes[0])
		}
		if _, err := a.Append(ctx, vault.Batch{Notes: notes}); err != nil {
			t.Fatal(err)
		}
	}
	var told, foreseen int64
	if err := a.EachUncutHeader(1<<20)(ctx, func(h vault.Header, _ []byte, size int64) error { told += size; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := a.EachUncut(0)(ctx, func(_ vault.Header, _ []byte, size int64) error { foreseen += size; return nil }); err != nil {
		t.Fatal(err)
	}
	cut := func(most int64) (runs int, bytes int64) {
		if _, _, err := a.Cut(ctx, vault.CutLimits{Entries: 4096, Bytes: most}, func(d vault.Draft) ([]byte, vault.Hash, error) {
			runs, bytes = len(d.Made), d.Bytes
			return nil, vault.Hash{}, errDryRun
		}); !errors.Is(err, errDryRun) {
			t.Fatal(err)
		}
		return runs, bytes
	}
	runs, bytes := cut(0)
	if n, _ := cut(bytes); n != runs || bytes != foreseen {
		t.Errorf("%d bytes, %d foreseen; as many are cut after %d of %d runs", bytes, foreseen, n, runs)
	}
	if n, _ := cut(bytes - 1); n != runs-1 {
		t.Errorf("a byte less is cut after %d of %d runs", n, runs)
	}
	seg, _, err := a.Cut(ctx, vault.CutLimits{Entries: 4096}, func(vault.Draft) ([]byte, vault.Hash, error) { return []byte{0}, vault.Hash{1}, nil })
	if err != nil {
		t.Fatal(err)
	}
	want := int64(vault.RunSize * (runs - 1))
	for _, e := range seg.Entries {
		want += travels(e.Header, e.Body, 0)
	}
	if bytes != want || runs != 5 {
		t.Errorf("%d bytes in %d runs are counted, not %d", bytes, runs, want)
	}
	for _, e := range seg.Entries { // which a header does not tell
		told += int64(len(e.Body)) - int64(e.Header.Length)
		if len(e.Body) > 0 && e.Header.Length > 0 {
			told-- // said of a body without its content
		}
	}
	if told != want {
		t.Errorf("%d bytes by the headers, not %d", told, want)
	}
}
