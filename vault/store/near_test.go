package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
)

// What a record's row says of its entry and of its patient is what is there, through
// everything that changes a record; where it says nothing, the others are read.
func TestARowTellsOfItsEntryAndPatient(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, weight, asthma, ann) // the patient comes after what refers to it
	id := vault.RecordIDOf("a", "Observation", "w1")
	patient := vault.RecordIDOf("a", "Patient", "p1")
	told := func(when string, records, patients int) {
		t.Helper()
		if n := ask(t, s, "SELECT count(*) FROM record r JOIN entry e ON e.entry=r.head WHERE r.sum IS e.sha256"); n != fmt.Sprint(records) {
			t.Errorf("%s: %s rows tell the hash of their head, not %d", when, n, records)
		}
		if n := ask(t, s, "SELECT count(*) FROM subject s JOIN record r ON r.record=s.record WHERE s.patient IS r.id"); n != fmt.Sprint(patients) {
			t.Errorf("%s: %s references tell the id of their patient, not %d", when, n, patients)
		}
		r, err := s.Get(ctx, id)
		if err != nil || r.Patient != patient {
			t.Errorf("%s: it is of %s: %v", when, r.Patient, err)
		}
		clean(t, s)
	}
	told("new", 3, 2)
	edit := func(text string) {
		t.Helper()
		r, err := s.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		res, err := fhir.Parse([]byte(strings.Replace(weight, "71.50", text, 1)), nil)
		if err != nil {
			t.Fatal(err)
		}
		p := prepared(t, s, &res)
		p.Base = &r.Head
		add(t, s, p)
	}
	edit("72.50")
	told("changed", 3, 2)
	r, err := s.Get(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: id, Base: r.Head}}}); err != nil {
		t.Fatal(err)
	}
	told("deleted", 2, 2)
	edit("73.50")
	told("back", 3, 2)
	if err := s.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	told("made anew", 3, 2)
	do(t, s, "UPDATE record SET sum=NULL", "UPDATE subject SET patient=NULL") // as an older build wrote them
	told("not said", 0, 0)
	edit("74.50")
	told("changed since", 1, 0)
}

func TestARowThatTellsOtherwiseIsNoticed(t *testing.T) {
	for _, c := range []struct{ name, query string }{
		{"another hash", "UPDATE record SET sum=zeroblob(32) WHERE id=(SELECT id FROM record ORDER BY record LIMIT 1)"},
		{"another patient", "UPDATE subject SET patient=zeroblob(32)"},
		{"a patient that is not here", "UPDATE subject SET record=NULL"},
	} {
		s := newStore(t)
		addJSON(t, s, weight, ann)
		do(t, s, c.query)
		if n := len(verify(t, s, false)); n == 0 {
			t.Errorf("%s: nothing is told", c.name)
		}
		if _, err := s.Get(ctx, vault.RecordIDOf("a", "Observation", "w1")); c.name == "another hash" && !errors.Is(err, vault.ErrIntegrity) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// One record is read from its row, its payload and its patient's reference, and from no
// other table's pages.
func TestOneRecordIsReadFromFewTables(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, weight, ann)
	said := strings.Join(planOf(t, s, oneRecord+"WHERE r.id=?", make([]byte, 32)), "\n")
	for _, want := range []string{"SEARCH r USING INDEX record_id", "SEARCH p USING INTEGER PRIMARY KEY", "SEARCH s USING INTEGER PRIMARY KEY",
		"CORRELATED SCALAR SUBQUERY"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if n := strings.Count(said, "SEARCH"); n != 6 { // two of them within what is read only where a row does not tell
		t.Errorf("%d tables are read:\n%s", n, said)
	}
}
