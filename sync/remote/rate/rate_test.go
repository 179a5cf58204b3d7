package rate_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/rate"
	"phivault/sync/remote/remotetest"
)

func TestContract(t *testing.T) {
	for name, l := range map[string]rate.Limits{"unlimited": {}, "limited": {Calls: 1e6, Upload: 1 << 30, Download: 1 << 30}} {
		t.Run(name, func(t *testing.T) {
			remotetest.Run(t, remotetest.Options{
				Open:    func(*testing.T) remote.Remote { return rate.New(memory.New(), l) },
				Buffers: true, Watches: true, Lists: true, Deletes: true,
			})
		})
	}
}

func TestBytesAndCallsKeepTheirPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rate.New(memory.New(), rate.Limits{Upload: 1 << 20, Download: 512 << 10})
		n, b := remotetest.Name(), make([]byte, 10<<20)
		start := time.Now()
		remotetest.Put(t, r, n, b)
		if d := time.Since(start); d < 9*time.Second || d > 11*time.Second {
			t.Errorf("10 MiB up at 1 MiB/s took %v", d)
		}
		start = time.Now()
		if _, err := remotetest.Get(t.Context(), r, n); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d < 19*time.Second || d > 21*time.Second {
			t.Errorf("10 MiB down at 512 KiB/s took %v", d)
		}
		r = rate.New(memory.New(), rate.Limits{Calls: 2})
		start = time.Now()
		for range 43 {
			r.Get(t.Context(), n)
		}
		if d := time.Since(start); d < 19*time.Second || d > 21*time.Second {
			t.Errorf("43 calls at 2/s took %v", d)
		}
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	r := rate.New(memory.New(), rate.Limits{Upload: 1})
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
	defer cancel()
	err := r.Put(ctx, remotetest.Name(), bytes.NewReader(make([]byte, 1<<20)), 1<<20)
	if !errors.Is(err, context.DeadlineExceeded) || remote.Retryable(err) {
		t.Errorf("a megabyte at a byte a second within an hour: %v", err)
	}
}
