package local

import (
	"errors"
	"slices"
	"testing"

	"phivault/vault"
)

func TestAllOfTheDeletedComeBackOrNone(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	addPatient(t, v.Vault, 2)
	all := func(deleted bool) (list []vault.Record) {
		for r, err := range v.Find(t.Context(), vault.Query{Deleted: deleted}) {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, r)
		}
		return list
	}
	was := all(false)
	if err := v.Delete(t.Context(), was...); err != nil {
		t.Fatal(err)
	}
	gone := all(true)
	stale := slices.Clone(gone)
	stale[1].Head--
	if _, err := v.Undelete(t.Context(), stale...); !errors.Is(err, vault.ErrChanged) {
		t.Fatal(err)
	}
	if n := len(all(false)); n != 0 {
		t.Fatalf("%d came back of an undoing that failed", n)
	}
	back, err := v.Undelete(t.Context(), gone...)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range back {
		if r.Deleted || r.ID != gone[i].ID || string(r.Resource.JSON) != string(gone[i].Resource.JSON) {
			t.Errorf("%d came back as %+v", i, r)
		}
	}
	wantPatients(t, v, 2)
	wantClean(t, v)
	w.close(v)
}
