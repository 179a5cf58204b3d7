package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/store/unsealed"
	"phivault/vault/synth"
)

var ctx = context.Background()

func testOptions() Options {
	return Options{Unsealed: unsealed.ForMeasuring(), VaultID: vault.Hash{1, 2, 3}, Device: [16]byte{9}, Genesis: []byte("genesis of a test"),
		Clock: func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }}
}

// newStore makes a store as the product does: encrypted.
func newStore(t testing.TB) *Store { return newEncrypted(t) }

// put prepares an import of json under source "a".
func put(t testing.TB, s *Store, json string) *vault.Put {
	t.Helper()
	r, err := fhir.Parse([]byte(json), nil)
	if err != nil {
		t.Fatal(err)
	}
	return prepared(t, s, &r)
}

func prepared(t testing.TB, s *Store, r *vault.Resource) *vault.Put {
	t.Helper()
	p := &vault.Put{ID: vault.RecordIDOf("a", r.Type, r.ID), Source: "a", Resource: r}
	if err := s.Prepare(p); err != nil {
		t.Fatal(err)
	}
	return p
}

func add(t testing.TB, s *Store, puts ...*vault.Put) []vault.Outcome {
	t.Helper()
	o, err := s.Append(ctx, vault.Batch{Puts: puts})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func addJSON(t testing.TB, s *Store, json ...string) {
	t.Helper()
	for _, j := range json {
		add(t, s, put(t, s, j))
	}
}

func find(t testing.TB, s *Store, q vault.Query) (ids []string) {
	t.Helper()
	for r, err := range s.Find(ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.Resource.Type+"/"+r.Resource.ID)
	}
	rowsAgree(t, s, q)
	return ids
}

func expect(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func verify(t testing.TB, s *Store, quick bool) (problems []vault.Problem) {
	t.Helper()
	if _, err := s.Verify(ctx, quick, func(p vault.Problem) { problems = append(problems, p) }, nil); err != nil {
		t.Fatal(err)
	}
	return problems
}

func clean(t testing.TB, s *Store) {
	t.Helper()
	if p := verify(t, s, false); len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
}

const (
	ann    = `{"resourceType":"Patient","id":"p1","name":[{"family":"Bergström","given":["Ann"]}],"birthDate":"1950-02-03","identifier":[{"system":"urn:mrn","value":"77"}]}`
	weight = `{"resourceType":"Observation","id":"w1","status":"final","subject":{"reference":"Patient/p1"},"effectiveDateTime":"2020-05-06","code":{"coding":[{"system":"http://loinc.org","code":"29463-7","display":"Body weight"}]},"valueQuantity":{"value":71.50,"unit":"kg"}}`
	asthma = `{"resourceType":"Condition","id":"c1","subject":{"reference":"urn:uuid:p1"},"onsetDateTime":"2019","code":{"text":"Asthma, mild intermittent"}}`
	note   = `{"resourceType":"Observation","id":"n1","status":"final","subject":{"reference":"Patient?identifier=urn:mrn|77"},"code":{"text":"Remark"},"valueString":"Asthma was discussed; weight is stable"}`
)

func TestAppendTellsNewSameChanged(t *testing.T) {
	s := newStore(t)
	p := put(t, s, weight)
	if got := add(t, s, p, p); !slices.Equal(got, []vault.Outcome{vault.OutcomeNew, vault.OutcomeSame}) {
		t.Fatalf("first import: %v", got)
	}
	changed := strings.Replace(weight, "71.50", "72.0", 1)
	if got := add(t, s, put(t, s, changed)); got[0] != vault.OutcomeChanged {
		t.Fatalf("changed import: %v", got)
	}
	if got := add(t, s, put(t, s, weight)); got[0] != vault.OutcomeSame {
		t.Fatalf("an earlier revision came again: %v", got)
	}
	r, err := s.Get(ctx, p.ID)
	if err != nil || string(r.Resource.JSON) != changed || r.Version != 2 {
		t.Fatalf("the newest is not shown: %v %d %s", err, r.Version, r.Resource.JSON)
	}
	h, err := s.History(ctx, p.ID)
	if err != nil || len(h) != 2 || len(h[1].Parents) != 1 || h[1].Parents[0] != h[0].ID {
		t.Fatalf("history: %v %+v", err, h)
	}
	old, err := s.At(ctx, p.ID, 1)
	if err != nil || string(old.Resource.JSON) != weight {
		t.Fatalf("version 1: %v %s", err, old.Resource.JSON)
	}
	clean(t, s)
}

func TestDeletedStaysDeletedUntilItChanges(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann, weight)
	id := vault.RecordIDOf("a", "Observation", "w1")
	r, _ := s.Get(ctx, id)
	if _, err := s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: id, Base: r.Head}}}); err != nil {
		t.Fatal(err)
	}
	expect(t, find(t, s, vault.Query{Type: "Observation"}))
	expect(t, find(t, s, vault.Query{Text: "weight"}))
	expect(t, find(t, s, vault.Query{Deleted: true}), "Observation/w1")
	if got := add(t, s, put(t, s, weight)); got[0] != vault.OutcomeStaysDeleted {
		t.Fatalf("import of a deleted record: %v", got)
	}
	if r, err := s.Get(ctx, id); err != nil || !r.Deleted || string(r.Resource.JSON) != weight {
		t.Fatalf("deleted record: %v %+v", err, r)
	}
	addJSON(t, s, strings.Replace(weight, "71.50", "80", 1))
	expect(t, find(t, s, vault.Query{Text: "weight"}), "Observation/w1")
	clean(t, s)
}

func TestEditRefusesAMovedBase(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, weight)
	id := vault.RecordIDOf("a", "Observation", "w1")
	r, _ := s.Get(ctx, id)
	edit := put(t, s, strings.Replace(weight, "71.50", "73", 1))
	edit.Base = &r.Head
	if got := add(t, s, edit); got[0] != vault.OutcomeChanged {
		t.Fatal(got)
	}
	late := put(t, s, strings.Replace(weight, "71.50", "74", 1))
	late.Base = &r.Head
	if _, err := s.Append(ctx, vault.Batch{Puts: []*vault.Put{put(t, s, ann), late}}); !errors.Is(err, vault.ErrChanged) {
		t.Fatalf("a late edit: %v", err)
	}
	if _, err := s.Get(ctx, vault.RecordIDOf("a", "Patient", "p1")); !errors.Is(err, vault.ErrNotFound) {
		t.Fatalf("half of a failed batch was applied: %v", err)
	}
	addJSON(t, s, ann)
	clean(t, s)
}

func TestFindFollowsEveryWayToNameAPatient(t *testing.T) {
	for _, order := range [][]string{{ann, weight, asthma, note}, {note, asthma, weight, ann}} {
		s := newStore(t)
		addJSON(t, s, order...)
		patient := vault.RecordIDOf("a", "Patient", "p1")
		expect(t, find(t, s, vault.Query{Patient: patient}), "Observation/w1", "Condition/c1", "Patient/p1", "Observation/n1")
		expect(t, find(t, s, vault.Query{Patient: patient, Type: "Observation"}), "Observation/w1", "Observation/n1")
		expect(t, find(t, s, vault.Query{Patient: patient, Sort: vault.Oldest, Limit: 2}), "Observation/n1", "Patient/p1")
		expect(t, find(t, s, vault.Query{Patient: patient, Text: "asthma"}), "Condition/c1", "Observation/n1")
		expect(t, find(t, s, vault.Query{Patient: patient, Code: "29463-7"}), "Observation/w1")
		expect(t, find(t, s, vault.Query{Code: "http://loinc.org|29463-7", Type: "Observation"}), "Observation/w1")
		expect(t, find(t, s, vault.Query{Code: "http://snomed.info/sct|29463-7"}))
		for r, err := range s.Find(ctx, vault.Query{Text: "remark"}) {
			if err != nil || r.Patient != patient {
				t.Errorf("patient of a conditional reference: %v %v", r.Patient, err)
			}
		}
		clean(t, s)
	}
}

func TestSearch(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann, weight, asthma, note)
	for _, c := range []struct {
		text string
		want []string
	}{
		{"BERGSTROM", []string{"Patient/p1"}},
		{"bergström ann", []string{"Patient/p1"}},
		{"asthma", []string{"Condition/c1", "Observation/n1"}}, // the title comes first
		{"asth*", []string{"Condition/c1", "Observation/n1"}},
		{"weight stable", []string{"Observation/n1"}},
		{`"weight is stable"`, []string{"Observation/n1"}},
		{`"stable weight"`, nil},
		{"71.50", []string{"Observation/w1"}},
		{"Patient", nil}, // a type is not text
		{`") OR "`, nil},
		{"asthma NEAR(weight)", nil},
	} {
		expect(t, find(t, s, vault.Query{Text: c.text}), c.want...)
	}
	for _, bad := range []string{"", "   ", "*", `"`, "as*", "\ue000" + "1"} {
		err := error(nil)
		for _, e := range s.Find(ctx, vault.Query{Text: bad, Code: "x"}) {
			err = e
		}
		if bad != "" && !errors.Is(err, vault.ErrUsage) && bad != "\ue000"+"1" {
			t.Errorf("query %q: %v", bad, err)
		}
	}
	for r, err := range s.Find(ctx, vault.Query{Text: "discussed"}) {
		if err != nil || !strings.Contains(r.Snippet, "\x02discussed;\x03") {
			t.Errorf("snippet %q %v", r.Snippet, err)
		}
	}
}

func TestDatesBoundListings(t *testing.T) {
	s := newStore(t)
	obs := func(id, date string) string {
		return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"text":"pulse"},"effectiveDateTime":%q}`, id, date)
	}
	addJSON(t, s, obs("a", "2020"), obs("b", "2020-02-01"), obs("c", "2020-12-31T23:59:59+14:00"), obs("d", "2021-01-01"),
		`{"resourceType":"Observation","id":"e","status":"final","code":{"text":"pulse"}}`)
	for _, text := range []string{"", "pulse"} {
		expect(t, find(t, s, vault.Query{Text: text, Since: "2020", Until: "2020"}), "Observation/c", "Observation/b", "Observation/a")
		expect(t, find(t, s, vault.Query{Text: text, Since: "2020-02"}), "Observation/d", "Observation/c", "Observation/b")
		expect(t, find(t, s, vault.Query{Text: text, Until: "2020-02-01", Sort: vault.Oldest}), "Observation/a", "Observation/b")
	}
	for _, err := range s.Find(ctx, vault.Query{Since: "yesterday"}) {
		if !errors.Is(err, vault.ErrUsage) {
			t.Errorf("a bad date: %v", err)
		}
	}
}

func TestPagesJoinWithoutGapOrOverlap(t *testing.T) {
	s := newStore(t)
	var puts []*vault.Put
	for i := range 700 {
		title := "pulse"
		if i%3 == 0 {
			title = "heart rate"
		}
		puts = append(puts, put(t, s, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":%q},"effectiveDateTime":"%d-01-%02d","note":[{"text":"pulse"}]}`, i, title, 2000+i%7, 1+i%28)))
	}
	add(t, s, puts...)
	for _, q := range []vault.Query{{}, {Sort: vault.Oldest}, {Sort: vault.Added}, {Text: "pulse"}, {Type: "Observation"}, {Text: "pulse", Sort: vault.Oldest}} {
		whole := find(t, s, q)
		if len(whole) != 700 {
			t.Fatalf("%+v: %d records", q, len(whole))
		}
		var paged []string
		q.Limit = 90
		for range 9 {
			n := 0
			for r, err := range s.Find(ctx, q) {
				if err != nil {
					t.Fatal(err)
				}
				paged = append(paged, r.Resource.Type+"/"+r.Resource.ID)
				q.After = r.Order
				n++
			}
			if n == 0 {
				break
			}
		}
		if !slices.Equal(whole, paged) {
			t.Errorf("%+v: pages give %d records, not the same %d", q, len(paged), len(whole))
		}
	}
}

func TestResolve(t *testing.T) {
	s := newStore(t)
	p := put(t, s, ann)
	p.FullURL = "urn:uuid:0F0F"
	add(t, s, p)
	for _, ref := range []string{"Patient/p1", "Patient/p1/_history/3", "https://example.org/fhir/Patient/p1", "urn:uuid:p1", "urn:uuid:0f0f", "Patient?identifier=urn:mrn|77", "Patient?identifier=77"} {
		if id, err := s.Resolve(ctx, "a", ref); err != nil || id != p.ID {
			t.Errorf("%s: %v %v", ref, id, err)
		}
	}
	for _, ref := range []string{"Patient/p2", "Observation/p1", "#p1", "", "Patient?identifier=urn:mrn|78", "Patient?name=Ann"} {
		if _, err := s.Resolve(ctx, "a", ref); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := s.Resolve(ctx, "b", "Patient/p1"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("another source: %v", err)
	}
	if id, err := s.Lookup(ctx, p.ID.String()[:6]); err != nil || id != p.ID {
		t.Errorf("lookup: %v %v", id, err)
	}
}

func TestBlobsAreKeptOnceAndOnlyWhenCited(t *testing.T) {
	s := newStore(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), 200_000) // 3.2 MB
	write := func() (vault.Hash, int64) {
		w, err := s.NewBlob(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		sum, n, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		return sum, n
	}
	sum, n := write()
	write()
	json := `{"resourceType":"Binary","id":"b1","contentType":"application/pdf","data":""}`
	at := int64(strings.Index(json, `""}`) + 1)
	r, err := fhir.Parse([]byte(json), []vault.Cut{{Offset: at, Size: n, SHA256: sum}})
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, prepared(t, s, &r))
	back, err := s.Get(ctx, vault.RecordIDOf("a", "Binary", "b1"))
	if err != nil || len(back.Resource.Cuts) != 1 {
		t.Fatal(err, back.Resource.Cuts)
	}
	var out bytes.Buffer
	if err := vault.WriteResource(ctx, &out, s, &back.Resource); err != nil || out.Len() != len(json)+(len(data)+2)/3*4 {
		t.Fatal(err, out.Len())
	}
	if c, _ := s.Counts(ctx); c.Blobs != 1 || c.BlobBytes != int64(len(data)) {
		t.Errorf("counts: %+v", c)
	}
	other, err := fhir.Parse([]byte(strings.Replace(json, "b1", "b2", 1)), r.Cuts)
	if err != nil {
		t.Fatal(err)
	}
	again, err := fhir.Parse([]byte(strings.Replace(json, "/pdf", "/xml", 1)), r.Cuts)
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, prepared(t, s, &other), prepared(t, s, &again))
	names := map[string]bool{}
	for e, err := range s.Entries(ctx, 1, vault.KindBlob) {
		if err != nil {
			t.Fatal(err)
		}
		names[string(e.Payload)] = true
	}
	if len(names) != 2 {
		t.Errorf("%d names for an attachment that two records cite, one of them in two versions", len(names))
	}
	r.Cuts[0].SHA256[0] ^= 1
	bad := prepared(t, s, &r)
	if _, err := s.Append(ctx, vault.Batch{Puts: []*vault.Put{bad}}); !errors.Is(err, vault.ErrIntegrity) {
		t.Errorf("a record citing what is not here: %v", err)
	}
	clean(t, s)
}

func TestVerifyFindsDamage(t *testing.T) {
	for _, c := range []struct{ kind, damage string }{
		{"payload", "UPDATE payload SET body=x'00' WHERE entry=3"},
		{"chain", "UPDATE entry SET length=length+1 WHERE entry=2"},
		{"log", "DELETE FROM batch WHERE last=3"},
		{"view", "UPDATE record SET doc=doc+4294967296 WHERE record=1"},
		{"view", "UPDATE record SET source=type WHERE record=2"},
		{"view", "UPDATE record SET id=randomblob(16) WHERE record=2"},
		{"view", "UPDATE record SET head=head+1 WHERE record=1"},
		{"view", "UPDATE record SET head=1000000 WHERE record=1"},
		{"view", "UPDATE record SET revisions=2 WHERE record=1"},
		{"view", "DELETE FROM record WHERE record=2"},
		{"view", "UPDATE record SET brief=NULL WHERE record=2"},
		{"view", "UPDATE record SET brief=(SELECT brief FROM record WHERE record=1) WHERE record=2"},
		{"view", "UPDATE record SET brief=cast(replace(brief,'71.50','17.50') AS BLOB) WHERE record=2"},
		{"view", "UPDATE record SET brief=x'0103' WHERE record=2"},
		{"view", "UPDATE record SET brief=brief||x'00' WHERE record=2"},
		{"index", "DELETE FROM fts WHERE rowid=(SELECT doc FROM record WHERE record=2)"},
		{"index", "UPDATE record SET state=1 WHERE record=2"},
		{"blob", "UPDATE blob SET size=size+1"},
	} {
		name, damage := c.kind, c.damage
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			addJSON(t, s, ann, weight, asthma)
			w, _ := s.NewBlob(ctx)
			w.Write([]byte("x"))
			sum, n, _ := w.Commit()
			r, _ := fhir.Parse([]byte(`{"resourceType":"Binary","id":"b","data":""}`), []vault.Cut{{Offset: 42, Size: n, SHA256: sum}})
			add(t, s, prepared(t, s, &r))
			clean(t, s)
			do(t, s, damage)
			problems := verify(t, s, false)
			if !slices.ContainsFunc(problems, func(p vault.Problem) bool { return p.Kind == name }) {
				t.Errorf("found %v", problems)
			}
		})
	}
}

func TestReopenGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	s, err := Create(ctx, path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	addJSON(t, s, ann, weight)
	head, _ := s.Head(ctx)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(ctx, path, testOptions()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	addJSON(t, s, asthma)
	if ok, err := s.Contains(ctx, head); !ok || err != nil {
		t.Errorf("the log does not contain its own past: %v", err)
	}
	head.Chain[0] ^= 1
	if ok, _ := s.Contains(ctx, head); ok {
		t.Error("the log contains another past")
	}
	clean(t, s)
	if n, _ := s.Counts(ctx); n.Records != 3 || n.Patients != 1 || n.Entries != 4 {
		t.Errorf("counts: %+v", n)
	}
}

func TestRefusesANewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	s, err := Create(ctx, path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	do(t, s, "UPDATE meta SET value=99 WHERE key='schema'")
	s.Close()
	if _, err := Open(ctx, path, testOptions()); !errors.Is(err, ErrNewer) {
		t.Fatalf("a newer schema: %v", err)
	}
}

func TestSyntheticPatientsGoInAndOut(t *testing.T) {
	s := newStore(t)
	var puts []*vault.Put
	want := map[vault.RecordID]string{}
	for b := range synth.New(synth.Options{Seed: 3, Records: 3000}).Resources() {
		r, err := fhir.Parse(bytes.Clone(b), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.ID == "" {
			continue
		}
		p := prepared(t, s, &r)
		puts = append(puts, p)
		want[p.ID] = string(b)
		if len(puts) == 500 {
			add(t, s, puts...)
			puts = nil
		}
	}
	add(t, s, puts...)
	for id, json := range want {
		r, err := s.Get(ctx, id)
		if err != nil || string(r.Resource.JSON) != json {
			t.Fatalf("%s: %v", id, err)
		}
	}
	clean(t, s)
}
