package retry_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/remotetest"
	"phivault/sync/remote/retry"
)

func TestContract(t *testing.T) {
	remotetest.Run(t, remotetest.Options{
		Open:    func(*testing.T) remote.Remote { return retry.New(memory.New(), retry.Policy{}) },
		Buffers: true, Watches: true, Lists: true, Deletes: true,
	})
}

// patient notes the pauses it was asked for and takes none.
type patient struct{ pauses []time.Duration }

func (p *patient) policy() retry.Policy {
	return retry.Policy{Attempts: 4, First: 100, Most: 250, Jitter: func() float64 { return 0.5 },
		Wait: func(ctx context.Context, d time.Duration) error { p.pauses = append(p.pauses, d); return ctx.Err() }}
}

// failing fails the first calls in the given ways.
func failing(kinds ...faults.Kind) *faults.Remote {
	return faults.New(memory.New(), faults.Plan{Script: func(call int, _ string) faults.Kind {
		if call < len(kinds) {
			return kinds[call]
		}
		return faults.None
	}})
}

func TestItRepeatsWithGrowingPausesAndGivesUp(t *testing.T) {
	var p patient
	inner := failing(faults.Down, faults.Down, faults.Down, faults.Down, faults.Down)
	err := retry.New(inner, p.policy()).Put(t.Context(), remotetest.Name(), strings.NewReader("x"), 1)
	if !errors.Is(err, remote.ErrUnavailable) || inner.Calls() != 4 {
		t.Errorf("%d calls, %v", inner.Calls(), err)
	}
	want := []time.Duration{75, 150, 187}
	if len(p.pauses) != 3 || p.pauses[0] != want[0] || p.pauses[1] != want[1] || p.pauses[2] != want[2] {
		t.Errorf("pauses %v, want %v", p.pauses, want)
	}
	if d := (retry.Policy{}).Pause(1 << 20); d > 20*time.Second || d < 10*time.Second {
		t.Errorf("the longest pause is %v", d)
	}
}

func TestItRewindsAndMeetsItsOwnFirstAttempt(t *testing.T) {
	var p patient
	inner := failing(faults.Cut, faults.Down, faults.None)
	r := retry.New(inner, p.policy())
	n := remotetest.Name()
	src := strings.NewReader("skipped, then the object")
	io.CopyN(io.Discard, src, 14)
	if err := r.Put(t.Context(), n, src, 10); err != nil {
		t.Fatal(err)
	}
	if b, err := remotetest.Get(t.Context(), r, n); string(b) != "the object" {
		t.Errorf("%q, %v", b, err)
	}
	r = retry.New(failing(faults.Lost), p.policy())
	if err := r.Put(t.Context(), n, strings.NewReader("x"), 1); !errors.Is(err, remote.ErrExists) {
		t.Errorf("after a lost answer: %v", err)
	}
}

func TestItNeverRepeatsWhatIsFinal(t *testing.T) {
	var p patient
	inner := failing(faults.Refused)
	if err := retry.New(inner, p.policy()).Put(t.Context(), remotetest.Name(), strings.NewReader("x"), 1); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("%v", err)
	}
	if _, _, err := retry.New(inner, p.policy()).Get(t.Context(), remotetest.Name()); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("%v", err)
	}
	// A reader that was read and cannot go back.
	once := failing(faults.Cut)
	err := retry.New(once, p.policy()).Put(t.Context(), remotetest.Name(), io.MultiReader(strings.NewReader("object")), 6)
	if !remote.Retryable(err) || once.Calls() != 1 {
		t.Errorf("%d calls, %v", once.Calls(), err)
	}
	if len(p.pauses) != 0 || inner.Calls() != 2 {
		t.Errorf("%d pauses, %d calls", len(p.pauses), inner.Calls())
	}
}

func TestACancelledContextEndsThePause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	policy := retry.Policy{First: time.Hour, Most: time.Hour, Wait: func(ctx context.Context, d time.Duration) error {
		cancel()
		return retry.Wait(ctx, d)
	}}
	_, _, err := retry.New(failing(faults.Down), policy).Get(ctx, remotetest.Name())
	if !errors.Is(err, context.Canceled) || remote.Retryable(err) {
		t.Errorf("%v", err)
	}
}

func TestListingsBeginAgainOnlyBeforeTheirFirstEntry(t *testing.T) {
	var p patient
	store := memory.New()
	for range 3 {
		remotetest.Put(t, store, remotetest.Name(), []byte("x"))
	}
	for kind, want := range map[faults.Kind]int{faults.Down: 3, faults.Cut: 1} {
		inner := faults.New(store, faults.Plan{Script: func(call int, _ string) faults.Kind {
			if call == 0 {
				return kind
			}
			return faults.None
		}})
		listed, failed := 0, false
		for _, err := range retry.New(inner, p.policy()).List(t.Context(), remotetest.Space()) {
			if err != nil {
				failed = true
				continue
			}
			listed++
		}
		if listed != want || failed != (kind == faults.Cut) {
			t.Errorf("kind %d: %d listed, failed %v", kind, listed, failed)
		}
	}
}
