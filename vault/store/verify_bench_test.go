package store

import (
	"testing"

	"phivault/vault"
)

// BenchmarkVerify is a deep verification of PHIVAULT_BENCH_N records.
func BenchmarkVerify(b *testing.B) {
	s := newEncrypted(b)
	n := benchSize()
	load(b, s, 1, n)
	settle(b, s)
	for b.Loop() {
		if _, err := s.Verify(ctx, false, func(p vault.Problem) { b.Fatal(p) }, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
