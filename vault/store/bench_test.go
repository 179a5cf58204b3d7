package store

import (
	"bytes"
	"testing"
	"time"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// BenchmarkImport appends 20,000 synthetic records in batches, preparing on
// another goroutine as an import does.
func BenchmarkImport(b *testing.B) {
	const n = 20_000
	for range b.N {
		s := newStore(b)
		ch := make(chan []*vault.Put, 1)
		start := time.Now()
		bytesIn := 0
		go func() {
			defer close(ch)
			var puts []*vault.Put
			for j := range synth.New(synth.Options{Seed: 1, Records: n}).Resources() {
				bytesIn += len(j)
				r, err := fhir.Parse(bytes.Clone(j), nil)
				if err != nil {
					b.Error(err)
				}
				puts = append(puts, prepared(b, s, &r))
				if len(puts) == 2048 {
					ch <- puts
					puts = nil
				}
			}
			ch <- puts
		}()
		for puts := range ch {
			add(b, s, puts...)
		}
		b.ReportMetric(n/time.Since(start).Seconds(), "records/s")
		b.ReportMetric(float64(bytesIn)/n, "bytes/record")
	}
}
