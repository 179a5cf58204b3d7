package store

import (
	"bytes"
	"slices"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// BenchmarkPrepare is what Prepare does for one record, apart.
func BenchmarkPrepare(b *testing.B) {
	var all []vault.Resource
	for j := range synth.New(synth.Options{Seed: 4, Records: 2000}).Resources() {
		r, err := fhir.Parse(bytes.Clone(j), nil)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, r)
	}
	var p packer
	defer p.close()
	b.Run("pack", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if _, err := p.pack(all[i%len(all)].JSON); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("terms", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			termsOf(&all[i%len(all)])
		}
	})
}

// BenchmarkAppend is the appending of prepared records in an import's batches, with
// the merging that it leaves.
func BenchmarkAppend(b *testing.B) {
	n := benchSize()
	for b.Loop() {
		b.StopTimer()
		s := newEncrypted(b)
		var puts []*vault.Put
		for j := range synth.New(synth.Options{Seed: 4, Records: n}).Resources() {
			r, err := fhir.Parse(bytes.Clone(j), nil)
			if err != nil {
				b.Fatal(err)
			}
			puts = append(puts, prepared(b, s, &r))
		}
		b.StartTimer()
		for some := range slices.Chunk(puts, 2048) {
			add(b, s, some...)
		}
		if err := s.Settle(ctx); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/record")
}
