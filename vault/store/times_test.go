package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// asDrafted compares the times of a segment with its draft's.
func asDrafted(t vault.TimedSegment) bool {
	var d vault.Draft
	if err := json.Unmarshal(t.Head, &d); err != nil || len(d.Made) != len(t.Made) || slices.Contains(t.Sent, true) {
		return false
	}
	for i, r := range d.Made {
		if r.Entries != t.Made[i].Entries || !r.At.Equal(t.Made[i].At) {
			return false
		}
	}
	return true
}

// A deep look compares when entries are said to have been made with what is signed. What is
// in no segment yet nobody signed. Seen to fail with batches taken for those of other logs,
// with runs that are not cut where segments are, with segments taken twice, with empty ones
// taken, and when nothing
// was compared.
func TestVerifyComparesTimesWithWhatIsSigned(t *testing.T) {
	times := func(s *Store) (told []vault.Problem) {
		t.Helper()
		if _, err := s.VerifyWith(ctx, false, asDrafted, func(p vault.Problem) { told = append(told, p) }, nil); err != nil {
			t.Fatal(err)
		}
		return told
	}
	a, b := device(t, 1), device(t, 2)
	for i := range 3 {
		addJSON(t, a, strings.Replace(ann, "1950", fmt.Sprint(1950+i), 1))
		var puts []*vault.Put // in one transaction, and more than a segment has
		for _, kg := range []string{"72", "73", "74", "75", "76", "77"} {
			puts = append(puts, put(t, a, strings.NewReplacer("71.50", kg, `"w1"`, fmt.Sprintf(`"w%s-%d"`, kg, i)).Replace(weight)))
		}
		add(t, a, puts...)
		addJSON(t, a, strings.Replace(weight, "71.50", fmt.Sprint(80+i), 1))
		addJSON(t, b, strings.Replace(asthma, "c1", fmt.Sprint("b", i), 1))
		cutAll(t, a)
		if _, ok, err := a.Cut(ctx, vault.CutLimits{Entries: 5, Empty: true}, drafted); err != nil || !ok { // of no entries
			t.Fatal(err)
		}
		exchange(t, a, b)
	}
	addJSON(t, a, asthma) // not cut
	for _, s := range []*Store{a, b} {
		if told := times(s); len(told) > 0 {
			t.Fatalf("%v", told)
		}
		var last, segments, batches int64
		if err := rowAlone(s, []any{&last, &segments}, "SELECT max(last),count(*) FROM segment WHERE last>=first"); err != nil || segments < 5 {
			t.Fatal(segments, err)
		}
		if err := rowAlone(s, []any{&batches}, "SELECT count(*) FROM batch"); err != nil || batches < 8 {
			t.Fatal(batches, err)
		}
		for n := range batches {
			var in bool // a segment
			of := fmt.Sprintf("(SELECT last FROM batch ORDER BY last LIMIT 1 OFFSET %d)", n)
			if err := rowAlone(s, []any{&in}, "SELECT EXISTS(SELECT 1 FROM batch b JOIN segment g ON g.log=b.log AND g.first<=b.last AND g.last>b.last-b.count WHERE b.last="+of+")"); err != nil {
				t.Fatal(err)
			}
			do(t, s, "UPDATE batch SET at=at+1 WHERE last="+of)
			told := times(s)
			if len(told) > 0 != in || in && told[0].Kind != "time" {
				t.Errorf("batch %d, in a segment %v: told is %v", n, in, told)
			}
			do(t, s, "UPDATE batch SET at=at-1 WHERE last="+of)
		}
	}
}
