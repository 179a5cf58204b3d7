package host_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"

	"phivault/sync/host"
	"phivault/sync/remote"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/remotetest"
)

// crowd makes clients of one vault, each with a key and a connection of its own.
func (r *running) crowd(n int) []*hosted.Remote {
	first := r.member(remotetest.Space(), host.Token{})
	out := []*hosted.Remote{first}
	for range n - 1 {
		key := newKey(r.t)
		c := r.client(remotetest.Space(), key)
		if err := first.Grant(r.t.Context(), pub(key)); err != nil {
			r.t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// heap gives the live heap of this process in MiB: the host and its clients.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc >> 20)
}

// Devices at once, pushing and polling. Memory is what the last rounds need more
// than the first ones.
func TestACrowdPushesAndPollsInFlatMemory(t *testing.T) {
	devices, rounds := 60, 6
	if os.Getenv("PHIVAULT_SLOW") != "" {
		devices, rounds = 500, 10
	}
	r := start(t, func(c *host.Config) {
		c.Limits = host.Limits{Requests: 1e6, Burst: 1e6, KeysPerVault: 1000, PerAddress: 2000, Watches: 1000}
	})
	clients := r.crowd(devices)
	var after [2]int64
	for half := range 2 {
		var wg sync.WaitGroup
		for _, c := range clients {
			wg.Go(func() {
				for range rounds / 2 {
					n, b := remotetest.Name(), remotetest.Bytes(4096)
					if err := c.Put(t.Context(), n, bytes.NewReader(b), int64(len(b))); err != nil {
						t.Errorf("put: %v", err)
						return
					}
					for range 3 { // what comes next in three logs
						if _, _, err := c.Get(t.Context(), remotetest.Name()); !errors.Is(err, remote.ErrNotFound) {
							t.Errorf("poll: %v", err)
							return
						}
					}
					if got, err := remotetest.Get(t.Context(), c, n); err != nil || !bytes.Equal(got, b) {
						t.Errorf("get: %v", err)
					}
				}
			})
		}
		wg.Wait()
		after[half] = heap()
	}
	t.Logf("%d devices: heap %d MiB after half of the rounds, %d after all", devices, after[0], after[1])
	if after[1] > after[0]+after[0]/4+8 {
		t.Errorf("the heap grows: %d MiB, then %d", after[0], after[1])
	}
	r.stop()
	r.checkClean()
}

func BenchmarkPut4KiB(b *testing.B) { benchPut(b, 4<<10) }
func BenchmarkPut1MiB(b *testing.B) { benchPut(b, 1<<20) }
func BenchmarkPollOnce(b *testing.B) {
	bench(b, func(c *hosted.Remote) { c.Get(b.Context(), remotetest.Name()) })
}

func BenchmarkGet1MiB(b *testing.B) {
	b.SetBytes(1 << 20)
	n, body := remotetest.Name(), remotetest.Bytes(1<<20)
	bench(b, func(c *hosted.Remote) {
		got, err := remotetest.Get(b.Context(), c, n)
		if errors.Is(err, remote.ErrNotFound) {
			err = c.Put(b.Context(), n, bytes.NewReader(body), int64(len(body)))
		} else if err == nil && len(got) != len(body) {
			b.Fatal("cut")
		}
		if err != nil {
			b.Fatal(err)
		}
	})
}

func benchPut(b *testing.B, size int) {
	b.SetBytes(int64(size))
	body := remotetest.Bytes(size)
	bench(b, func(c *hosted.Remote) {
		if err := c.Put(b.Context(), remotetest.Name(), bytes.NewReader(body), int64(size)); err != nil {
			b.Fatal(err)
		}
	})
}

func bench(b *testing.B, op func(*hosted.Remote)) {
	r := start(b, func(c *host.Config) { c.Limits.Requests, c.Limits.Burst = 1e9, 1e9 })
	c := r.member(remotetest.Space(), host.Token{Quota: 1 << 50})
	for b.Loop() {
		op(c)
	}
	b.StopTimer()
}

func pub(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }
