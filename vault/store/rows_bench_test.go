package store

import (
	"math/rand/v2"
	"testing"

	"phivault/vault"
	"phivault/vault/synth"
)

// BenchmarkRows is one page of rows each, of PHIVAULT_BENCH_N records.
func BenchmarkRows(b *testing.B) {
	s := newEncrypted(b)
	n := benchSize()
	load(b, s, 1, n)
	settle(b, s)
	ids, patients := idsOf(b, s)
	type series struct {
		patient vault.RecordID
		code    string
	}
	var trends []series
	for r, err := range s.Rows(ctx, vault.Query{Type: "Observation"}) {
		if err != nil {
			b.Fatal(err)
		}
		if !r.Patient.IsZero() && r.Code.Code != "" && r.Value != "" {
			trends = append(trends, series{r.Patient, r.Code.Code})
		}
	}
	common, prefixes := synth.CommonTerms(), synth.Prefixes()
	for _, act := range []struct {
		name string
		q    func() vault.Query
	}{
		{"list", func() vault.Query { return vault.Query{Patient: patients[rand.IntN(len(patients))], Limit: 50} }},
		{"common", func() vault.Query { return vault.Query{Text: common[rand.IntN(len(common))], Limit: 50} }},
		{"prefix", func() vault.Query { return vault.Query{Text: prefixes[rand.IntN(len(prefixes))] + "*", Limit: 50} }},
		{"trend", func() vault.Query {
			t := trends[rand.IntN(len(trends))]
			return vault.Query{Patient: t.patient, Code: t.code, Type: "Observation", Sort: vault.Oldest}
		}},
	} {
		b.Run(act.name, func(b *testing.B) {
			rows := 0
			for b.Loop() {
				for _, err := range s.Rows(ctx, act.q()) {
					if err != nil {
						b.Fatal(err)
					}
					rows++
				}
			}
			b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
		})
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Get(ctx, ids[rand.IntN(len(ids))]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
