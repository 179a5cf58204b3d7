package store

import (
	"bytes"
	"encoding/hex"
	stdjson "encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// book holds phrases for tests.
type book map[int64]string

func (b book) text(n int64) (string, error) {
	if s, ok := b[n]; ok {
		return s, nil
	}
	return "", errNoPhrase
}

func (b book) template(n int64) (*template, error) {
	s, err := b.text(n)
	if err != nil {
		return nil, err
	}
	return parseTemplate(s)
}

// briefed holds a resource's brief to what the resource says.
func briefed(t testing.TB, r *vault.Resource) {
	t.Helper()
	want := r.Row()
	b := briefOf(&want)
	if b == nil {
		return
	}
	var got vault.Row
	if err := parseBrief(string(b), book{}, &got); err != nil {
		t.Fatalf("%s/%s: %v", r.Type, r.ID, err)
	}
	if !got.Says(&want) {
		t.Fatalf("the brief says\n%+v, the resource\n%+v", got, want)
	}
}

func TestABriefSaysWhatTheResourceSays(t *testing.T) {
	for b := range synth.New(synth.Options{Seed: 8, Records: 3000}).Resources() {
		r, err := fhir.Parse(slices.Clone(b), nil)
		if err != nil {
			t.Fatal(err)
		}
		briefed(t, &r)
	}
	for _, date := range []string{"", "2020", "2020-05", "2020-05-06", "2020-05-06T07:08:09Z", "2020-05-06T07:08:09-03:30", "2020-05-06T07:08:09.123+02:00",
		"2020-05-06T07:08:09.1Z", "2020-5-6", "zwanzig", "0000", "9999-99-99T99:99:99.999-99:99"} {
		for _, id := range []string{"", "a", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "0A1B2C3D-4e5f-6071-8293-a4b5c6d7e8f9", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f-"} {
			briefed(t, &vault.Resource{Type: "X", ID: id, Date: date, Title: "t", Value: "1", Flag: "H", Measures: []vault.Measure{{Value: "1"}, {Value: "2", Flag: "H"}, {Absent: "no"}}})
		}
	}
	many := vault.Resource{Type: "X"}
	for i := range 100 {
		many.Codings = append(many.Codings, vault.Coding{System: strings.Repeat("s", i), Code: strings.Repeat("c", i), Display: "d"})
	}
	briefed(t, &many)
	many.Title = strings.Repeat("x", maxBrief)
	if w := many.Row(); briefOf(&w) != nil {
		t.Error("a brief without a bound")
	}
}

// The bytes of a brief are on disks: what they say never changes.
func TestBriefsInTheirBytes(t *testing.T) {
	r, err := fhir.Parse([]byte(strings.Replace(weight, `"w1"`, `"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"`, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := r.Row()
	got := hex.EncodeToString(briefOf(&w))
	const want = "01" +
		"9401" + "164f62736572766174696f6e" + "0a66696e616c" + "046b67" + // template: type, status, unit
		"20687474703a2f2f6c6f696e632e6f7267" + "0e32393436332d37" + "16426f647920776569676874" + // the code
		"01" + "07090b" + "01" + "01" + "07090b" + "0b" + "05" + "0000000000" + // codings; a measure: codings, name, unit
		"01" + "0a1b2c3d4e5f60718293a4b5c6d7e8f9" + "03" + "20200506" + "01" + "0a37312e3530" + "00" + "01" + "00"
	if got != want {
		t.Errorf("%s", got)
	}
}

func FuzzBrief(f *testing.F) {
	for b := range synth.New(synth.Options{Seed: 9, Records: 60}).Resources() {
		r, err := fhir.Parse(slices.Clone(b), nil)
		if err != nil {
			f.Fatal(err)
		}
		w := r.Row()
		f.Add(briefOf(&w))
	}
	f.Add([]byte{1, 3, 1, 0, 0, 0, 5, 0, 0})
	f.Add([]byte{2})
	w := vault.Row{Type: "A", Code: vault.Coding{Display: "d"}, Measures: []vault.Measure{{}}}
	ph := book{1: string(appendTemplate(nil, &w)), 2: "text"}
	f.Fuzz(func(t *testing.T, b []byte) {
		mapTexts(string(b), func(_, _ string, _ int64, _ bool) {})
		var r, again vault.Row
		if err := parseBrief(string(b), ph, &r); err != nil {
			return
		}
		c := briefOf(&r)
		if c == nil {
			return
		}
		if err := parseBrief(string(c), book{}, &again); err != nil || !again.Says(&r) {
			t.Errorf("%v:\n%+v\n%+v", err, again, r)
		}
	})
}

// TestRepeatedTextsAreKeptOnce holds briefs to a few bytes a record once their
// phrases are there, and a text that one record has to that record.
func TestRepeatedTextsAreKeptOnce(t *testing.T) {
	s := newStore(t)
	load(t, s, 3, 3000)
	size, err := count(ctx, s.w, "SELECT sum(length(brief)) FROM record")
	if err != nil {
		t.Fatal(err)
	}
	words, err := count(ctx, s.w, "SELECT coalesce(sum(2*length(data)),0) FROM phrase")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes a record, and %d in phrases", size/3000, words)
	if size/3000 > 60 {
		t.Errorf("%d bytes a record", size/3000)
	}
	addJSON(t, s, strings.Replace(asthma, "Asthma, mild intermittent", "Numbatpox of the left ear", 1))
	if n, _ := count(ctx, s.w, "SELECT count(*) FROM phrase WHERE instr(data,cast('Numbatpox' AS BLOB))>0"); n != 0 {
		t.Error("a text of one record is a phrase")
	}
	rowsAgree(t, s, vault.Query{})
	clean(t, s)
}

func TestAPurgeTakesPhrasesToo(t *testing.T) {
	s := newPlain(t)
	rare := func(id string) string {
		return `{"resourceType":"Condition","id":"` + id + `","subject":{"reference":"Patient/p1"},"code":{"coding":[{"system":"urn:x","code":"N1","display":"Numbatpox"}]}}`
	}
	addJSON(t, s, ann, rare("1"), rare("2"), rare("3"), asthma)
	const said = "SELECT count(*) FROM phrase WHERE instr(data,cast('Numbatpox' AS BLOB))>0"
	if n, err := count(ctx, s.w, said); err != nil || n == 0 {
		t.Fatalf("three records that say the same make no phrase: %v", err)
	}
	find(t, s, vault.Query{}) // readers remember it
	id := func(n string) vault.RecordID { return vault.RecordIDOf("a", "Condition", n) }
	purge(t, s, id("1"), id("2"))
	if n, _ := count(ctx, s.w, said); n == 0 {
		t.Error("a phrase went that a record needs")
	}
	expect(t, find(t, s, vault.Query{Text: "numbatpox"}), "Condition/3")
	purge(t, s, id("3"))
	if n, _ := count(ctx, s.w, said); n != 0 {
		t.Error("a phrase outlives what was removed")
	}
	addJSON(t, s, strings.NewReplacer("Numbatpox", "Other", `"1"`, `"4"`).Replace(rare("1")), strings.NewReplacer("Numbatpox", "Other", `"1"`, `"5"`).Replace(rare("1")),
		strings.NewReplacer("Numbatpox", "Other", `"1"`, `"6"`).Replace(rare("1")))
	expect(t, find(t, s, vault.Query{Type: "Condition", Sort: vault.Added}), "Condition/c1", "Condition/4", "Condition/5", "Condition/6")
	clean(t, s)
}

// TestBriefsOfOthersSamples holds briefs to the views of resources that others made.
func TestBriefsOfOthersSamples(t *testing.T) {
	dir, set := os.LookupEnv("PHIVAULT_CORPUS")
	if !set {
		dir = "../../../shared/data"
	}
	dir = filepath.Join(dir, "fhir-r4")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && !set {
		t.Skip("no sample data: PHIVAULT_CORPUS is not set and ../shared/data is not there")
	} else if err != nil {
		t.Fatal(err)
	}
	n := 0
	resource := func(b []byte) {
		if r, err := fhir.Parse(bytes.Clone(b), nil); err == nil {
			briefed(t, &r)
			n++
		}
	}
	for _, sub := range []string{"hl7-examples", "synthea-bundles", "bulk-ndjson"} {
		files, err := filepath.Glob(filepath.Join(dir, sub, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", sub, len(files), err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(f, ".ndjson") {
				for line := range bytes.Lines(b) {
					resource(line)
				}
				continue
			}
			resource(b)
			var bundle struct {
				Entry []struct{ Resource stdjson.RawMessage }
			}
			if err := stdjson.Unmarshal(b, &bundle); err != nil {
				t.Fatal(err)
			}
			for _, e := range bundle.Entry {
				resource(e.Resource)
			}
		}
	}
	if n < 10_000 {
		t.Errorf("only %d resources", n)
	}
}

// rowsAgree holds Rows to what Find gives, but for the passage, which may be shorter.
func rowsAgree(t testing.TB, s *Store, q vault.Query) {
	t.Helper()
	var rows []vault.Row
	for r, err := range s.Rows(ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	n := 0
	for r, err := range s.Find(ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n > len(rows) {
			continue
		}
		got, want := rows[n-1], r.Row()
		if !got.Says(&want) || got.ID != want.ID || got.Source != want.Source || got.Patient != want.Patient || got.Version != want.Version ||
			got.Deleted != want.Deleted || got.Purged != want.Purged || got.Conflict != want.Conflict || got.Order != want.Order || got.Rank != want.Rank {
			t.Errorf("row %d of %+v is\n%+v, its record says\n%+v", n, q, got, want)
		}
		start := strings.TrimSuffix(got.Snippet, " …")
		if start == "" && want.Snippet != "" || !strings.HasPrefix(want.Snippet, start) {
			t.Errorf("the passage %q is not how %q begins", got.Snippet, want.Snippet)
		}
	}
	if n != len(rows) {
		t.Errorf("%+v gives %d rows of %d records", q, len(rows), n)
	}
}

// TestRowsWhileOthersWrite reads rows beside edits, purges and a rebuild: each row is
// one that its record had, whatever readers remember.
func TestRowsWhileOthersWrite(t *testing.T) {
	s := newStore(t)
	condition := func(id, text string) *vault.Put {
		return put(t, s, `{"resourceType":"Condition","id":"`+id+`","subject":{"reference":"Patient/p1"},"code":{"coding":[{"system":"urn:x","code":"`+text+`","display":"`+text+`"}]}}`)
	}
	addJSON(t, s, ann)
	for i := range 40 {
		add(t, s, condition(strconv.Itoa(i), "Kind"+strconv.Itoa(i%4)))
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for r, err := range s.Rows(ctx, vault.Query{Type: "Condition"}) {
					if err != nil || !r.Purged && (r.Title != r.Code.Code || !strings.HasPrefix(r.Title, "Kind")) {
						t.Errorf("%v: %+v", err, r)
						return
					}
				}
			}
		})
	}
	for i := range 40 {
		add(t, s, condition(strconv.Itoa(i), "Kind"+strconv.Itoa(10+i/8)))
		if i%8 == 7 {
			purge(t, s, vault.RecordIDOf("a", "Condition", strconv.Itoa(i)))
		}
		if i == 20 {
			if err := s.Rebuild(ctx, nil); err != nil {
				t.Error(err)
			}
		}
	}
	close(stop)
	wg.Wait()
	rowsAgree(t, s, vault.Query{})
	clean(t, s)
}
