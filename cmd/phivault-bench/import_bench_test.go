package main

import (
	"os"
	"strconv"
	"testing"

	"phivault/vault/store"
)

// BenchmarkImport is the encrypted side's import of PHIVAULT_BENCH_N records
// (20,000) alone, for profiles.
func BenchmarkImport(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("PHIVAULT_BENCH_N"))
	if err != nil {
		n = 20_000
	}
	c, err := writeCorpus(b.Context(), b.TempDir(), n, 1, false)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		m, _, err := found(b.Context(), b.TempDir(), true)
		if err != nil {
			b.Fatal(err)
		}
		o, err := m.open(b.Context(), store.Open)
		if err != nil {
			b.Fatal(err)
		}
		w := &worker{opened: o, m: m}
		b.StartTimer()
		if _, err := w.load(b.Context(), request{Path: c.ndjson, To: c.bytes}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := o.close(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
