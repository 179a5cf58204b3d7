package engine_test

import (
	"fmt"
	"os"
	"testing"

	"phivault/sync/engine"
	"phivault/sync/engine/enginetest"
	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/memory"
)

func stores(b *testing.B, each func(b *testing.B, open func() remote.Remote)) {
	b.Run("memory", func(b *testing.B) { each(b, func() remote.Remote { return memory.New() }) })
	b.Run("folder", func(b *testing.B) {
		each(b, func() remote.Remote {
			dir, err := os.MkdirTemp(b.TempDir(), "")
			if err != nil {
				b.Fatal(err)
			}
			r, err := folder.Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			return r
		})
	})
}

// BenchmarkPush puts objects of a size from a journal that costs nothing to
// a store. The ordered push waits for each.
func BenchmarkPush(b *testing.B) {
	for _, size := range []int64{4 << 10, 1 << 20} {
		for _, unordered := range []bool{false, true} {
			b.Run(fmt.Sprintf("size=%d/unordered=%v", size, unordered), func(b *testing.B) {
				stores(b, func(b *testing.B, open func() remote.Remote) {
					r := open()
					defer r.Close()
					b.SetBytes(size)
					s := &stream{n: b.N, size: size, unordered: unordered, out: true}
					if _, err := engine.Sync(b.Context(), s, []engine.Target{at("r", r)}, engine.Options{}); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
				})
			})
		}
	}
}

func BenchmarkPull(b *testing.B) {
	for _, size := range []int64{4 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			stores(b, func(b *testing.B, open func() remote.Remote) {
				r := open()
				defer r.Close()
				up := &stream{n: b.N, size: size, unordered: true, out: true}
				if _, err := engine.Sync(b.Context(), up, []engine.Target{at("r", r)}, engine.Options{}); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(size)
				b.ResetTimer()
				s := &stream{n: b.N, size: size}
				if _, err := engine.Sync(b.Context(), s, []engine.Target{at("r", r)}, engine.Options{}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
			})
		})
	}
}

// BenchmarkIdle is a sync of three devices' vault with nothing new.
func BenchmarkIdle(b *testing.B) {
	stores(b, func(b *testing.B, open func() remote.Remote) {
		r := open()
		defer r.Close()
		v := enginetest.NewVault(3)
		target := []engine.Target{at("r", r)}
		js := []*enginetest.Journal{v.Journal(0), v.Journal(1), v.Journal(2)}
		for range 2 {
			for _, j := range js {
				j.Write("x")
				if _, err := engine.Sync(b.Context(), j, target, engine.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		}
		requests := 0
		for b.Loop() {
			rep, err := engine.Sync(b.Context(), js[0], target, engine.Options{})
			if err != nil {
				b.Fatal(err)
			}
			requests = rep.Remotes[0].Requests
		}
		b.ReportMetric(float64(requests), "requests")
	})
}
