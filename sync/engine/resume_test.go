package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"phivault/sync/engine"
	"phivault/sync/engine/enginetest"
	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/retry"
)

// pair is two devices with something for each other, large objects included.
func pair(v *enginetest.Vault) (a, b *enginetest.Journal) {
	v.PerSegment = 1
	a, b = v.Journal(0), v.Journal(1)
	write(a, 3)
	a.Attach(5 << 20)
	a.Write("after")
	write(b, 3)
	b.Attach(100)
	return a, b
}

const pairEntries = 9

// settle syncs both devices once, without trouble, and checks that all is
// everywhere.
func settle(t *testing.T, store remote.Remote, a, b *enginetest.Journal) {
	t.Helper()
	for _, j := range []*enginetest.Journal{a, b} {
		mustSync(t, j, store)
	}
	wantSame(t, pairEntries, a, b)
}

func TestCancelledAnywhereTheNextSyncCompletes(t *testing.T) {
	for _, reopen := range []bool{false, true} {
		for k := 0; ; k++ {
			v := enginetest.NewVault(2)
			a, b := pair(v)
			store := memory.New()
			mustSync(t, b, store)
			ctx, cancel := context.WithCancel(t.Context())
			n, hit := 0, false
			tick := func(string) error {
				if n++; n > k {
					cancel()
					hit = true
				}
				return nil
			}
			a.Hook = tick
			host := faults.New(store, faults.Plan{Script: func(_ int, op string) faults.Kind { tick(op); return faults.None }})
			_, err := engine.Sync(ctx, a, []engine.Target{at("r", host)}, engine.Options{Parallel: 1})
			cancel()
			if hit && !errors.Is(err, context.Canceled) && err != nil {
				t.Fatalf("cancelled at %d: %v", k, err)
			}
			a.Hook = nil
			if reopen {
				a = a.Reopen()
			}
			settle(t, store, a, b)
			if t.Failed() {
				t.Fatalf("after a cancel at %d, reopened %v", k, reopen)
			}
			if !hit {
				if k < 30 {
					t.Fatalf("only %d points", k)
				}
				break
			}
		}
	}
}

func TestAFaultAtAnyCallTheNextSyncCompletes(t *testing.T) {
	for _, kind := range []faults.Kind{faults.Down, faults.Lost, faults.Cut, faults.Refused} {
		for k := 0; ; k++ {
			v := enginetest.NewVault(2)
			a, b := pair(v)
			store := memory.New()
			mustSync(t, b, store)
			host := faults.New(store, faults.Plan{Script: func(call int, _ string) faults.Kind {
				if call == k {
					return kind
				}
				return faults.None
			}})
			_, err := engine.Sync(t.Context(), a, []engine.Target{at("r", host)}, engine.Options{Parallel: 1})
			if err != nil && !errors.Is(err, remote.ErrUnavailable) && !errors.Is(err, remote.ErrRefused) {
				t.Fatalf("kind %d at call %d: %v", kind, k, err)
			}
			settle(t, store, a, b)
			if t.Failed() {
				t.Fatalf("after kind %d at call %d", kind, k)
			}
			if host.Calls() <= k {
				if k < 8 {
					t.Fatalf("only %d calls", k)
				}
				break
			}
		}
	}
}

func TestAnErrorOfTheJournalAnywhereTheNextSyncCompletes(t *testing.T) {
	for k := 0; ; k++ {
		v := enginetest.NewVault(2)
		a, b := pair(v)
		store := memory.New()
		mustSync(t, b, store)
		n := 0
		a.Hook = func(call string) error {
			if n++; n == k+1 {
				return fmt.Errorf("%w: %s", enginetest.ErrLocal, call)
			}
			return nil
		}
		_, err := engine.Sync(t.Context(), a, []engine.Target{at("r", store)}, engine.Options{Parallel: 1})
		a.Hook = nil
		if n <= k {
			if err != nil || k < 15 {
				t.Fatalf("%d calls, %v", k, err)
			}
			return
		}
		if !errors.Is(err, enginetest.ErrLocal) {
			t.Fatalf("call %d failed and Sync says %v", k, err)
		}
		settle(t, store, a, b)
		if t.Failed() {
			t.Fatalf("after call %d", k)
		}
	}
}

// Random faults on two remotes, crashes in between: everything arrives.
func TestHistoriesWithFaultsConverge(t *testing.T) {
	histories := 40
	if os.Getenv("PHIVAULT_SLOW") != "" {
		histories = 2000
	}
	for seed := range uint64(histories) {
		rng := rand.New(rand.NewPCG(seed, 1))
		v := enginetest.NewVault(4)
		v.PerSegment, v.Packs = 1+rng.IntN(3), rng.IntN(2) == 0
		stores := []remote.Remote{memory.New(), memory.New()}
		js := []*enginetest.Journal{v.Journal(0), v.Journal(1), v.Journal(2)}
		total := 0
		for step := range 12 {
			d := rng.IntN(3)
			for range rng.IntN(30) {
				js[d].Write(fmt.Sprint(seed, step))
				total++
			}
			if rng.IntN(5) == 0 {
				js[d].Attach(1 + rng.IntN(9000))
				total++
			}
			plan := faults.Plan{Seed: rng.Uint64(), Down: .1, Lost: .1, Cut: .1}
			noWait := retry.Policy{Attempts: 2, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
			var targets []engine.Target
			for i, s := range stores {
				if rng.IntN(4) > 0 {
					targets = append(targets, at(fmt.Sprint(i), retry.New(faults.New(s, plan), noWait)))
				}
			}
			_, err := engine.Sync(t.Context(), js[d], targets, engine.Options{Parallel: 1 + rng.IntN(8)})
			if err != nil && !errors.Is(err, remote.ErrUnavailable) {
				t.Fatalf("history %d: %v", seed, err)
			}
			if rng.IntN(4) == 0 {
				js[d] = js[d].Reopen()
			}
		}
		for range 2 {
			for _, j := range js {
				targets := []engine.Target{at("0", stores[0]), at("1", stores[1])}
				if _, err := engine.Sync(t.Context(), j, targets, engine.Options{}); err != nil {
					t.Fatalf("history %d: %v", seed, err)
				}
			}
		}
		wantSame(t, total, js...)
		// Each store alone is enough for a device that knows nothing.
		for i, s := range stores {
			fresh := v.Journal(3)
			if _, err := engine.Sync(t.Context(), fresh, []engine.Target{at(fmt.Sprint(i), s)}, engine.Options{}); err != nil {
				t.Fatalf("history %d, a new device at store %d: %v", seed, i, err)
			}
			wantSame(t, total, fresh)
		}
		if t.Failed() {
			t.Fatalf("in history %d", seed)
		}
	}
}
