package store

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// wrote is what Write gives, which must be what Get gives.
func wrote(t *testing.T, s *Store, p *vault.Put) vault.Record {
	t.Helper()
	got, kept, err := s.Write(ctx, vault.Batch{Puts: []*vault.Put{p}})
	if err != nil || !kept {
		t.Fatal(kept, err)
	}
	want, err := s.Get(ctx, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n%+v\nbut it reads\n%+v", p.ID, got, want)
	}
	return got
}

// editOf prepares what the record says when f has changed it.
func editOf(t *testing.T, s *Store, r vault.Record, f func(string) string) *vault.Put {
	t.Helper()
	res, err := fhir.Parse([]byte(f(string(r.Resource.JSON))), r.Resource.Cuts)
	if err != nil {
		t.Fatal(err)
	}
	p := prepared(t, s, &res)
	p.Base = &r.Head
	return p
}

func TestWhatIsWrittenIsWhatIsRead(t *testing.T) {
	s := newStore(t)
	n := 0
	for b := range synth.New(synth.Options{Seed: 11, Records: 400}).Resources() {
		res, err := fhir.Parse(bytes.Clone(b), nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.ID == "" {
			continue
		}
		r := wrote(t, s, prepared(t, s, &res))
		if n++; n%3 == 0 {
			r = wrote(t, s, editOf(t, s, r, func(j string) string { return j[:strings.LastIndexByte(j, '}')] + `,"language":"de"}` }))
			if r.Version != 2 || !strings.Contains(string(r.Resource.JSON), `"de"`) {
				t.Fatalf("%+v", r)
			}
		}
	}
	clean(t, s)
}

func TestWhatIsWrittenIsWhatIsReadWhereItIsNotSimple(t *testing.T) {
	a, b := device(t, 1), device(t, 2)
	addJSON(t, a, ann, weight)
	exchange(t, a, b)
	id := vault.RecordIDOf("a", "Observation", "w1")
	value := func(v string) func(string) string {
		return func(j string) string {
			i := strings.Index(j, `"value":`)
			k := i + strings.IndexAny(j[i:], ",}")
			return j[:i] + `"value":` + v + j[k:]
		}
	}
	get := func() vault.Record {
		r, err := a.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	same := func(j string) string { return j }

	if r := wrote(t, a, editOf(t, a, get(), same)); r.Version != 1 {
		t.Errorf("what says the same became version %d", r.Version)
	}
	// In a conflict the head that is shown need not be what was written.
	addJSON(t, a, value("72")(weight))
	addJSON(t, b, value("73")(weight))
	exchange(t, a, b)
	for i := range 12 {
		p := editOf(t, a, get(), value("8"+strings.Repeat("1", i)))
		r := wrote(t, a, p)
		if !r.Conflict {
			t.Fatal("no conflict")
		}
	}
	p := editOf(t, a, get(), value("90"))
	p.Resolves = true
	if r := wrote(t, a, p); r.Conflict || r.Resource.Value != "90" {
		t.Errorf("%+v", r)
	}
	// What was deleted comes back.
	r := get()
	if _, err := a.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: id, Base: r.Head}}}); err != nil {
		t.Fatal(err)
	}
	if r := wrote(t, a, editOf(t, a, get(), same)); r.Deleted || r.Resource.Value != "90" {
		t.Errorf("%+v", r)
	}
	// An import of what was deleted leaves it so.
	r = get()
	if _, err := a.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: id, Base: r.Head}}}); err != nil {
		t.Fatal(err)
	}
	if r := wrote(t, a, put(t, a, string(r.Resource.JSON))); !r.Deleted {
		t.Errorf("%+v", r)
	}
	p = document(t, a, "d1", "Scan", []byte("anamnesis"))
	p.Resource.Text += "\nanamnesis" // as one has it that was read together with its attachments
	if r := wrote(t, a, p); len(r.Resource.Cuts) != 1 {
		t.Errorf("%+v", r)
	}
	clean(t, a)
}

// Names that identifiers gave go and come with an edit, and those that stay are left.
func TestAnEditRenames(t *testing.T) {
	s := newStore(t)
	org := `{"resourceType":"Organization","id":"o1","identifier":[{"system":"urn:a","value":"1"},{"system":"urn:a","value":"2"}],"name":"Ward"}`
	addJSON(t, s, org)
	id := vault.RecordIDOf("a", "Organization", "o1")
	for _, told := range []bool{true, false} {
		for _, c := range []struct{ from, to string }{{`"2"`, `"3"`}, {`"1"`, `"4"`}, {`"3"`, `"2"`}, {`"4"`, `"1"`}} {
			old, err := s.Get(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			p := editOf(t, s, old, func(j string) string { return strings.Replace(j, c.from, c.to, 1) })
			if told {
				p.Was = &old.Resource
			}
			now := wrote(t, s, p)
			for _, v := range []string{"1", "2", "3", "4"} {
				r, err := s.Resolve(ctx, "a", "Organization?identifier=urn:a|"+v)
				has := strings.Contains(string(now.Resource.JSON), `"`+v+`"`)
				if has != (err == nil) || has && r != id {
					t.Errorf("told %v: after %s became %s, %s leads to %v: %v", told, c.from, c.to, v, r, err)
				}
			}
			clean(t, s)
		}
	}
}

func TestWriteTakesOnePutAndKeepsItOrNothing(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann, weight)
	old, err := s.Get(ctx, vault.RecordIDOf("a", "Observation", "w1"))
	if err != nil {
		t.Fatal(err)
	}
	louder := func(j string) string { return strings.Replace(j, "71.50", "99", 1) }
	p := editOf(t, s, old, louder)
	before := contents(t, s)
	for _, b := range []vault.Batch{{}, {Puts: []*vault.Put{p, p}}, {Puts: []*vault.Put{p}, DryRun: true}} {
		if _, kept, err := s.Write(ctx, b); kept || !errors.Is(err, vault.ErrUsage) {
			t.Error(kept, err)
		}
	}
	moved := int64(1 << 40)
	p.Base = &moved
	if _, kept, err := s.Write(ctx, vault.Batch{Puts: []*vault.Put{p}}); kept || !errors.Is(err, vault.ErrChanged) {
		t.Error(kept, err)
	}
	if contents(t, s) != before {
		t.Error("something was kept")
	}
	clean(t, s)
}

// What was kept is given, though nobody may wait for it any more.
func TestWhatIsKeptIsGivenThoughItIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(ctx)
	o := testOptions()
	o.Committed = func(Head) { cancel() }
	s := create(t, o)
	p := put(t, s, weight)
	r, kept, err := s.Write(ctx, vault.Batch{Puts: []*vault.Put{p}})
	if ctx.Err() == nil || err != nil || !kept || r.ID != p.ID || r.Version != 1 {
		t.Errorf("%v %v %+v", kept, err, r)
	}
}
