package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
)

func TestRebuildMakesTheViewsFromTheLog(t *testing.T) {
	s := newStore(t)
	p := put(t, s, ann)
	p.FullURL = "urn:uuid:0F0F"
	add(t, s, p)
	addJSON(t, s, weight, asthma, note, strings.Replace(weight, "2020-05-06", "2021-01-01", 1),
		strings.Replace(weight, "Patient/p1", "urn:uuid:0F0F", 1))
	gone, _ := s.Get(ctx, vault.RecordIDOf("a", "Condition", "c1"))
	if _, err := s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: gone.ID, Base: gone.Head}}}); err != nil {
		t.Fatal(err)
	}
	queries := []vault.Query{{}, {Text: "asthma"}, {Patient: p.ID}, {Deleted: true}, {Code: "29463-7", Patient: p.ID}, {Since: "2020"}}
	var before [][]string
	for _, q := range queries {
		before = append(before, find(t, s, q))
	}
	do(t, s, []string{"UPDATE record SET doc=record,state=0,subject=NULL,revisions=7", "DELETE FROM name",
		"INSERT INTO fts(fts) VALUES('delete-all')", "DELETE FROM subject"}...)
	if len(verify(t, s, false)) == 0 {
		t.Fatal("the damage does not show")
	}
	if err := s.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	clean(t, s)
	for i, q := range queries {
		expect(t, find(t, s, q), before[i]...)
	}
	if id, err := s.Resolve(ctx, "a", "urn:uuid:0f0f"); err != nil || id != p.ID {
		t.Errorf("a full URL after the rebuild: %v", err)
	}
	if r, err := s.Get(ctx, p.ID); err != nil || r.FullURL != "urn:uuid:0F0F" {
		t.Errorf("the full URL is %q: %v", r.FullURL, err)
	}
}

// While the index is being made, and when that was interrupted, lists lack nothing, and what
// cannot be answered yet says so. Seen to fail with searches that went on, with a patient's
// lists that did, and with names that were not found.
func TestListsAreWholeBesideARebuild(t *testing.T) {
	s := newStore(t)
	for _, b := range batchesOf(t, s, rebuildStep+200, 500) {
		add(t, s, b.Puts...)
	}
	lists := []vault.Query{{}, {Type: "Observation", Sort: vault.Newest}}
	var want [][]string
	for _, q := range lists {
		want = append(want, find(t, s, q))
	}
	p := put(t, s, ann)
	p.FullURL = "urn:uuid:0F0F"
	add(t, s, p)
	for i, q := range lists {
		want[i] = find(t, s, q)
	}
	asked := []vault.Query{{Text: "anderson"}, {Patient: p.ID}, {Code: "29463-7"}, {Patient: p.ID, Code: "29463-7"},
		{Patient: p.ID, Type: "Observation", Sort: vault.Newest}}
	answered := func(want error) {
		t.Helper()
		for _, q := range asked {
			var of, off error
			for _, of = range s.Find(ctx, q) {
			}
			for _, off = range s.Rows(ctx, q) {
			}
			if !errors.Is(of, want) || !errors.Is(off, want) {
				t.Errorf("%v, %v", of, off)
			}
		}
		if _, err := s.Resolve(ctx, "a", p.FullURL); !errors.Is(err, want) {
			t.Errorf("a name: %v", err)
		}
		if id, err := s.Resolve(ctx, "a", "Patient/p1"); err != nil || id != p.ID {
			t.Errorf("an id: %v", err)
		}
	}
	do(t, s, "CREATE TRIGGER refusal BEFORE DELETE ON name BEGIN SELECT RAISE(ABORT,''); END")
	if err := s.Rebuild(ctx, nil); err == nil {
		t.Error("a rebuild that could not begin")
	}
	do(t, s, "DROP TRIGGER refusal")
	answered(nil) // nothing was taken away
	c, stop := context.WithCancel(ctx)
	defer stop()
	var begun error
	for _, begun = range s.Rows(ctx, vault.Query{Text: "final"}) { // between two pages of it
		if !s.rebuilding.Load() {
			_ = s.Rebuild(c, func(int64, int64) { stop() })
		}
	}
	if !errors.Is(begun, vault.ErrRemaking) {
		t.Errorf("a search that a rebuild began beside: %v", begun)
	}
	c, stop = context.WithCancel(ctx)
	defer stop()
	whole := func() {
		for i, q := range lists {
			if got := find(t, s, q); !slices.Equal(got, want[i]) {
				t.Errorf("%d records, and %d before", len(got), len(want[i]))
			}
		}
	}
	if err := s.Rebuild(c, func(int64, int64) { whole(); answered(vault.ErrRemaking); stop() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	whole()
	answered(vault.ErrRemaking)
	if err := s.Rebuild(ctx, nil); err != nil || s.rebuilding.Load() {
		t.Fatal(err)
	}
	whole()
	answered(nil)
	clean(t, s)
}

// What is read in the middle of a rebuild is not taken for whole because that is over when
// it was read. Seen to fail with what only looks whether one runs.
func TestARebuildThatIsOverLeavesNoGap(t *testing.T) {
	s := newStore(t)
	for _, b := range batchesOf(t, s, rebuildStep+200, 500) {
		add(t, s, b.Puts...)
	}
	p := put(t, s, ann)
	p.FullURL = "urn:uuid:0F0F"
	add(t, s, p)
	beside := func(read func() error) (err error) {
		t.Helper()
		once := sync.OnceFunc(func() { err = read() })
		if e := s.Rebuild(ctx, func(done, total int64) { once() }); e != nil {
			t.Fatal(e)
		}
		return err
	}
	for _, q := range []vault.Query{{Text: "anderson"}, {Patient: p.ID}} {
		var told error
		for _, told = range pages(ctx, s, q, func(f *finder, ctx context.Context) (out []vault.Row, err error) {
			err = beside(func() (err error) { out, err = f.rowsPage(ctx); return err })
			return out, err
		}, func(*vault.Row, int) {}) {
		}
		if !errors.Is(told, vault.ErrRemaking) {
			t.Errorf("%+v: %v", q, told)
		}
	}
	f, err := s.plan(ctx, vault.Query{Sort: vault.Newest})
	if err != nil {
		t.Fatal(err)
	}
	times, n := 0, int64(0)
	err = f.inOrder(func(ready bool) error {
		n = 0
		look := func() error {
			return s.read(ctx, func(c *conn) (err error) { n, err = count(ctx, c, "SELECT count(*) FROM fts_docsize"); return err })
		}
		if times++; times == 1 {
			return beside(look)
		}
		return look()
	})
	if all := find(t, s, vault.Query{}); err != nil || times != 2 || n != int64(len(all)) {
		t.Errorf("read %d times, %d of %d: %v", times, n, len(all), err)
	}
}

func TestAnInterruptedRebuildIsFinishedAtOpening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	s, err := Create(ctx, path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	addJSON(t, s, ann, weight)
	do(t, s, []string{"INSERT INTO fts(fts) VALUES('delete-all')", "INSERT INTO meta(key,value) VALUES('rebuild',0)"}...)
	s.Close()
	o := testOptions()
	o.ReadOnly = true
	if _, err := Open(ctx, path, o); !errors.Is(err, vault.ErrReadOnly) {
		t.Errorf("half an index was opened for reading: %v", err)
	}
	if s, err = Open(ctx, path, testOptions()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s, err = Open(ctx, path, o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.SetMeta(ctx, "a", "b"); !errors.Is(err, vault.ErrReadOnly) {
		t.Errorf("writing: %v", err)
	}
	if err := s.Settle(ctx); err != nil {
		t.Errorf("settling where nothing can be done: %v", err)
	}
	expect(t, find(t, s, vault.Query{Text: "weight"}), "Observation/w1")
	clean(t, s)
}

func TestALongNoteIsSearched(t *testing.T) {
	s := newStore(t)
	w, err := s.NewBlob(ctx)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, strings.Repeat("nothing of note. ", 20_000), "The spirometry was unremarkable.")
	sum, n, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	json := `{"resourceType":"DocumentReference","id":"d","status":"current","content":[{"attachment":{"contentType":"text/plain","data":""}}]}`
	for i, json := range []string{json, strings.Replace(json, "current", "superseded", 1)} {
		r, err := fhir.Parse([]byte(json), []vault.Cut{{Offset: int64(strings.Index(json, `""}`) + 1), Size: n, SHA256: sum}})
		if err != nil {
			t.Fatal(err)
		}
		add(t, s, prepared(t, s, &r))
		expect(t, find(t, s, vault.Query{Text: `"was unremarkable"`}), "DocumentReference/d")
		for r := range s.Find(ctx, vault.Query{Text: "spirometry"}) {
			if !strings.Contains(r.Snippet, "\x02spirometry\x03") {
				t.Errorf("version %d: snippet %q", i+1, r.Snippet)
			}
		}
	}
	if err := s.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	expect(t, find(t, s, vault.Query{Text: "spirometry"}), "DocumentReference/d")
}
