package fhir_test

import (
	"bytes"
	"testing"

	"phivault/vault/fhir"
	"phivault/vault/synth"
)

func TestSyntheticResourcesParse(t *testing.T) {
	n, dated, titled, valued, flagged := 0, 0, 0, 0, 0
	for json := range synth.New(synth.Options{Records: 5000}).Resources() {
		r, err := fhir.Parse(json, nil)
		if err != nil {
			t.Fatalf("resource %d: %v", n, err)
		}
		n++
		for count, ok := range map[*int]bool{&dated: r.Date != "", &titled: r.Title != "", &valued: r.Value != "", &flagged: r.Flag != ""} {
			if ok {
				*count++
			}
		}
	}
	if n != 5000 || dated < n*9/10 || titled < n*95/100 || valued < n/4 || flagged == 0 {
		t.Errorf("of %d resources %d have a date, %d a title, %d a value, %d a flag", n, dated, titled, valued, flagged)
	}
}

// What only a row needs is the same without the rest.
func TestRowOnlyGivesTheRow(t *testing.T) {
	for json := range synth.New(synth.Options{Seed: 3, Records: 3000}).Resources() {
		whole, err := fhir.Parse(bytes.Clone(json), nil)
		if err != nil {
			t.Fatal(err)
		}
		lean, err := fhir.Options{Accepted: true, RowOnly: true}.Parse(json, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, b := whole.Row(), lean.Row()
		if !a.Says(&b) || whole.Subject != lean.Subject {
			t.Fatalf("%s: %+v %s, and for a row %+v %s", json, a, whole.Subject, b, lean.Subject)
		}
		if lean.Text != "" || lean.Person != nil || lean.Identifiers != nil {
			t.Fatal("more was read than a row needs")
		}
	}
}

// The import reads each resource once; the goal is 25 µs for one of 1.8 KB.
func BenchmarkParse(b *testing.B) {
	var all [][]byte
	size := 0
	for json := range synth.New(synth.Options{Records: 20_000}).Resources() {
		all = append(all, bytes.Clone(json)) // the generator uses its memory again
		size += len(json)
	}
	b.SetBytes(int64(size / len(all)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := fhir.Parse(all[i%len(all)], nil); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "resources/s")
}
