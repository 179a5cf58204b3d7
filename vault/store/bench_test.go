package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/store/cryptvfs"
	"phivault/vault/synth"
)

// The benchmarks put the encrypted store beside the same code on SQLite's own
// VFS, in turns within one run, and report the median of the ratios: above 1
// means that encryption costs. PHIVAULT_BENCH_N sets the records (20,000).
func benchSize() int {
	if n, err := strconv.Atoi(os.Getenv("PHIVAULT_BENCH_N")); err == nil {
		return n
	}
	return 20_000
}

const benchPairs = 9

// pair is the two stores of a benchmark: encrypted and plain.
type pair [2]*Store

func newPair(b *testing.B) pair {
	b.Helper()
	return pair{newEncrypted(b), newPlain(b)}
}

func newEncrypted(t testing.TB) *Store {
	t.Helper()
	v, err := cryptvfs.New(cryptvfs.Options{Key: bytes.Repeat([]byte{7}, 32), VaultID: testOptions().VaultID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	o := testOptions()
	o.VFS = v.Name()
	return create(t, o)
}

func newPlain(t testing.TB) *Store {
	t.Helper()
	return create(t, testOptions())
}

func create(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Create(ctx, filepath.Join(t.TempDir(), "vault.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// load imports n records, preparing on another goroutine as an import does.
func load(b testing.TB, s *Store, seed uint64, n int) time.Duration {
	b.Helper()
	ch := make(chan []*vault.Put, 1)
	start := time.Now()
	go func() {
		defer close(ch)
		var puts []*vault.Put
		i := 0
		for j := range synth.New(synth.Options{Seed: seed, Records: n}).Resources() {
			r, err := fhir.Parse(bytes.Clone(j), nil)
			if err != nil {
				b.Error(err)
			}
			i++
			p := prepared(b, s, &r)
			if r.ID == "" {
				p.ID = vault.RecordIDOf("a", r.Type, fmt.Sprint("none-", i))
			}
			puts = append(puts, p)
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
	return time.Since(start)
}

func BenchmarkImport(b *testing.B) {
	n := benchSize()
	var ratios, rates []float64
	for i := range benchPairs {
		p := newPair(b)
		var d [2]time.Duration
		for k := range p {
			k = (k + i) % 2
			d[k] = load(b, p[k], 1, n)
		}
		for _, s := range p {
			s.Close()
		}
		ratios = append(ratios, float64(d[0])/float64(d[1]))
		rates = append(rates, float64(n)/d[0].Seconds())
	}
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(rates), "records/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkUse measures single acts on both stores in turns.
func BenchmarkUse(b *testing.B) {
	n := benchSize()
	p := newPair(b)
	for _, s := range p {
		load(b, s, 1, n)
		settle(b, s)
	}
	ids, patients := idsOf(b, p[0])
	g := synth.New(synth.Options{Seed: 1, Records: n})
	common := synth.CommonTerms()
	prefixes := synth.Prefixes()
	drain := func(s *Store, q vault.Query) {
		for _, err := range s.Rows(ctx, q) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, act := range []struct {
		name string
		ops  int
		do   func(s *Store, r *rand.Rand)
	}{
		{"get", 1000, func(s *Store, r *rand.Rand) {
			if _, err := s.Get(ctx, ids[r.IntN(len(ids))]); err != nil {
				b.Fatal(err)
			}
		}},
		{"list", 200, func(s *Store, r *rand.Rand) {
			drain(s, vault.Query{Patient: patients[r.IntN(len(patients))], Limit: 50})
		}},
		{"search/rare", 200, func(s *Store, r *rand.Rand) {
			drain(s, vault.Query{Text: g.Terms(r.IntN(len(patients))).Rare, Limit: 50})
		}},
		{"search/common", 100, func(s *Store, r *rand.Rand) { drain(s, vault.Query{Text: common[r.IntN(len(common))], Limit: 50}) }},
		{"search/patient", 100, func(s *Store, r *rand.Rand) {
			drain(s, vault.Query{Patient: patients[r.IntN(len(patients))], Text: common[r.IntN(len(common))], Limit: 50})
		}},
		{"search/prefix", 100, func(s *Store, r *rand.Rand) {
			drain(s, vault.Query{Text: prefixes[r.IntN(len(prefixes))] + "*", Limit: 50})
		}},
		{"edit", 200, func(s *Store, r *rand.Rand) { edit(b, s, ids[r.IntN(len(ids))], r) }},
	} {
		b.Run(act.name, func(b *testing.B) {
			var ratios []float64
			var lat []time.Duration
			for i := range benchPairs {
				var d [2]time.Duration
				for k := range p {
					k = (k + i) % 2
					r := rand.New(rand.NewPCG(uint64(i), 1))
					start := time.Now()
					for range act.ops {
						t := time.Now()
						act.do(p[k], r)
						if k == 0 {
							lat = append(lat, time.Since(t))
						}
					}
					d[k] = time.Since(start)
					settle(b, p[k]) // what this left to do must not fall into the other's time
				}
				ratios = append(ratios, float64(d[0])/float64(d[1]))
			}
			slices.Sort(lat)
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(float64(lat[len(lat)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(lat[len(lat)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// edit changes a record as a user would: read, alter, save durably.
func edit(b testing.TB, s *Store, id vault.RecordID, r *rand.Rand) {
	old, err := s.Get(ctx, id)
	if err != nil {
		b.Fatal(err)
	}
	json := append(bytes.TrimRight(bytes.Clone(old.Resource.JSON), "} \n"), fmt.Sprintf(`,"x%d":%d}`, old.Version, r.IntN(1e9))...)
	res, err := fhir.Parse(json, nil)
	if err != nil {
		res = old.Resource // its JSON ended in a nested object; save it as a new revision is not possible
		return
	}
	p := &vault.Put{ID: id, Source: old.Source, Resource: &res, Base: &old.Head}
	if err := s.Prepare(p); err != nil {
		b.Fatal(err)
	}
	add(b, s, p)
}

// settle waits until the background work of a load is done.
func settle(b testing.TB, s *Store) {
	if err := s.Settle(ctx); err != nil {
		b.Fatal(err)
	}
	if err := s.Checkpoint(ctx); err != nil {
		b.Fatal(err)
	}
}

func idsOf(b testing.TB, s *Store) (ids, patients []vault.RecordID) {
	for r, err := range s.Find(ctx, vault.Query{Sort: vault.Added}) {
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, r.ID)
		if r.Resource.Type == "Patient" {
			patients = append(patients, r.ID)
		}
	}
	return ids, patients
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
