package engine_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"phivault/sync/engine"
	"phivault/sync/engine/enginetest"
	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/malicious"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/retry"
)

// mute hides a remote's companions.
type mute struct{ remote.Remote }

// watcher is a Watch in a bubble, and what it did.
type watcher struct {
	mu     sync.Mutex
	open   bool
	rounds []time.Duration // since the beginning
	errs   []error
	began  time.Time
	cancel context.CancelFunc
	ended  chan error
	later  bool
}

func startWatch(t *testing.T, j *enginetest.Journal, o engine.WatchOptions, targets ...engine.Target) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{began: time.Now(), cancel: cancel, ended: make(chan error, 1)}
	open := func(context.Context) (engine.Journal, func() error, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.rounds = append(w.rounds, time.Since(w.began))
		if w.later {
			return nil, nil, engine.ErrLater
		}
		if w.open {
			t.Error("the journal is opened twice")
		}
		w.open = true
		return j, func() error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.open = false
			return nil
		}, nil
	}
	o.Jitter = func() float64 { return 1 }
	inner := o.Done
	o.Done = func(r engine.Report, err error) error {
		w.mu.Lock()
		w.errs = append(w.errs, err)
		w.mu.Unlock()
		if inner != nil {
			return inner(r, err)
		}
		return nil
	}
	go func() { w.ended <- engine.Watch(ctx, open, targets, o) }()
	return w
}

// pass lets time go by, and checks that nobody holds the journal then.
func (w *watcher) pass(t *testing.T, d time.Duration) {
	t.Helper()
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open {
		t.Error("the journal is held between rounds")
	}
}

func (w *watcher) took() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.rounds)
}

func (w *watcher) end(t *testing.T) {
	t.Helper()
	w.cancel()
	if err := <-w.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func seconds(s ...int) (d []time.Duration) {
	for _, n := range s {
		d = append(d, time.Duration(n)*time.Second)
	}
	return d
}

func TestAQuietRemoteIsPolledLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		a, b := v.Journal(0), v.Journal(1)
		store := memory.New()
		w := startWatch(t, a, engine.WatchOptions{First: 10 * time.Second, Most: time.Minute}, at("r", mute{store}))
		w.pass(t, 175*time.Second)
		if got, want := w.took(), seconds(0, 20, 60, 120); !slices.Equal(got, want) {
			t.Errorf("rounds at %v, want %v", got, want)
		}
		b.Write("news")
		mustSync(t, b, store)
		w.pass(t, 16*time.Second) // 191: the round at 180 finds it, the next is 10 s later
		if got := w.took()[4:]; !slices.Equal(got, seconds(180, 190)) {
			t.Errorf("rounds at %v", got)
		}
		wantSame(t, 1, a)
		w.end(t)
	})
}

func TestARemoteThatTellsIsAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		a, b := v.Journal(0), v.Journal(1)
		store := memory.New()
		w := startWatch(t, a, engine.WatchOptions{Space: v.Space(), Most: time.Hour}, at("r", store))
		w.pass(t, 100*time.Second)
		if got := w.took(); !slices.Equal(got, seconds(0)) {
			t.Errorf("rounds at %v, want one when it began to listen", got)
		}
		b.Write("news")
		mustSync(t, b, store)
		w.pass(t, time.Second)
		if got := w.took(); !slices.Equal(got, seconds(0, 100)) {
			t.Errorf("rounds at %v, want one at once", got)
		}
		wantSame(t, 1, a)
		w.end(t)
	})
}

func TestOwnPutsStartNoRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		v.PerSegment = 1
		a := v.Journal(0)
		store := memory.New()
		wake := make(chan struct{}, 1)
		w := startWatch(t, a, engine.WatchOptions{Space: v.Space(), Most: time.Hour, Wake: wake}, at("r", store))
		w.pass(t, 10*time.Second)
		write(a, 10)
		wake <- struct{}{}
		w.pass(t, 30*time.Second)
		if got := w.took(); !slices.Equal(got, seconds(0, 10)) || count(t, store) != 10 {
			t.Errorf("rounds at %v, %d objects", got, count(t, store))
		}
		close(wake) // no more saves: nothing spins
		w.pass(t, time.Second)
		w.end(t)
	})
}

// chatty tells of names for ever, as fast as it is heard.
type chatty struct {
	remote.Remote
	space remote.Space
}

var _ remote.Watcher = chatty{}

func (c chatty) Watch(ctx context.Context, _ remote.Space) iter.Seq2[remote.Name, error] {
	return func(yield func(remote.Name, error) bool) {
		for i := byte(0); ctx.Err() == nil; i++ {
			if !yield(c.space.Name([32]byte{i}), nil) {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func TestHintsThatLeadToNothingAreHeardLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		w := startWatch(t, v.Journal(0), engine.WatchOptions{Most: 64 * time.Second}, at("r", chatty{memory.New(), v.Space()}))
		w.pass(t, 200*time.Second)
		got := w.took()
		for i := range got {
			got[i] = got[i].Round(time.Second)
		}
		if want := seconds(0, 4, 12, 28, 60, 124, 188); !slices.Equal(got, want) {
			t.Errorf("rounds at %v, want %v", got, want)
		}
		w.end(t)
	})
}

func TestARemoteThatIsDownIsTriedLessAndLessAndKeepsNoneBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		a := v.Journal(0)
		a.Write("x")
		down := &gone{}
		well := malicious.New(memory.New())
		o := engine.WatchOptions{First: 10 * time.Second, Most: 80 * time.Second}
		w := startWatch(t, a, o, at("down", down), at("well", mute{well}))
		w.pass(t, 155*time.Second)
		if down.gets != 5 { // at 0, 10, 30, 70 and 150 s
			t.Errorf("%d calls to the remote that is down", down.gets)
		}
		if got, want := w.took(), seconds(0, 10, 30, 70, 150); !slices.Equal(got, want) {
			t.Errorf("rounds at %v, want %v", got, want)
		}
		if count(t, well) != 1 {
			t.Error("the other remote has not got what was saved")
		}
		w.end(t)
	})
}

func TestNewsElsewhereDoNotBringBackWhatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		a, b := v.Journal(0), v.Journal(1)
		down, well := &gone{}, memory.New()
		o := engine.WatchOptions{Space: v.Space(), First: 10 * time.Second, Most: time.Hour}
		w := startWatch(t, a, o, at("down", down), at("well", well))
		w.pass(t, 35*time.Second)
		b.Write("news")
		if _, err := engine.Sync(t.Context(), b, []engine.Target{at("well", well)}, engine.Options{}); err != nil {
			t.Fatal(err)
		}
		w.pass(t, time.Second)
		if down.gets != 3 || len(a.Entries()) != 1 { // at 0, 10 and 30 s
			t.Errorf("%d calls to the remote that is down, %d entries", down.gets, len(a.Entries()))
		}
		w.end(t)
	})
}

func TestAStreamThatBreaksIsOpenedAgainAndPolledMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		a, b := v.Journal(0), v.Journal(1)
		store := memory.New()
		streams := 0
		var opened []time.Duration
		began := time.Now()
		flaky := faults.New(store, faults.Plan{Script: func(_ int, op string) faults.Kind {
			if op == "watch" {
				opened = append(opened, time.Since(began))
				if streams++; streams <= 3 {
					return faults.Cut
				}
			}
			return faults.None
		}})
		w := startWatch(t, a, engine.WatchOptions{Space: v.Space(), First: 10 * time.Second, Most: time.Hour}, at("r", flaky))
		w.pass(t, 5*time.Minute)
		if want := seconds(0, 10, 20, 30); !slices.Equal(opened, want) {
			t.Errorf("streams were opened at %v, want %v", opened, want)
		}
		if got, want := w.took(), seconds(0, 10, 20, 36); !slices.Equal(got, want) {
			t.Errorf("rounds at %v, want %v: one for each beginning, as long as that is news", got, want)
		}
		b.Write("news")
		mustSync(t, b, store)
		w.pass(t, time.Second)
		wantSame(t, 1, a)
		w.end(t)
	})
}

func TestARemoteThatTellsNoMoreIsPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		a, b := v.Journal(0), v.Journal(1)
		store := memory.New()
		first := true
		mum := faults.New(store, faults.Plan{Script: func(_ int, op string) faults.Kind {
			switch {
			case op != "watch":
				return faults.None
			case first:
				first = false
				return faults.Cut
			}
			return faults.Down
		}})
		w := startWatch(t, a, engine.WatchOptions{Space: v.Space(), First: 10 * time.Second, Most: time.Hour}, at("r", mum))
		w.pass(t, time.Minute)
		b.Write("news")
		mustSync(t, b, store)
		w.pass(t, 3*time.Minute) // polled at 0, 20, 60 and 140 s
		wantSame(t, 1, a)
		w.end(t)
	})
}

func TestWhatOneRemoteGivesGoesToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		a, b := v.Journal(0), v.Journal(1)
		one, two := memory.New(), memory.New()
		o := engine.WatchOptions{Space: v.Space(), First: time.Hour, Most: time.Hour}
		w := startWatch(t, a, o, at("one", one), at("two", mute{two}))
		w.pass(t, time.Minute)
		b.Write("news")
		if _, err := engine.Sync(t.Context(), b, []engine.Target{at("one", one)}, engine.Options{}); err != nil {
			t.Fatal(err)
		}
		w.pass(t, time.Second)
		if count(t, two) != 1 {
			t.Error("the other remote waits for its own round")
		}
		w.end(t)
	})
}

func TestABusyVaultPutsARoundOffAndOtherErrorsEndIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		w := startWatch(t, v.Journal(0), engine.WatchOptions{First: 10 * time.Second, Most: time.Minute}, at("r", mute{memory.New()}))
		w.mu.Lock()
		w.later = true
		w.mu.Unlock()
		w.pass(t, 35*time.Second)
		if got, want := w.took(), seconds(0, 10, 30); !slices.Equal(got, want) {
			t.Errorf("rounds at %v, want %v", got, want)
		}
		w.end(t)

		boom := errors.New("boom")
		targets := []engine.Target{at("r", memory.New())}
		err := engine.Watch(t.Context(), func(context.Context) (engine.Journal, func() error, error) { return nil, nil, boom }, targets, engine.WatchOptions{})
		if !errors.Is(err, boom) {
			t.Errorf("an opener's error: %v", err)
		}
		shut := 0
		open := func(context.Context) (engine.Journal, func() error, error) {
			return v.Journal(0), func() error { shut++; return nil }, nil
		}
		err = engine.Watch(t.Context(), open, targets, engine.WatchOptions{Done: func(engine.Report, error) error { return boom }})
		if !errors.Is(err, boom) || shut != 1 {
			t.Errorf("Done's error: %v, closed %d times", err, shut)
		}
		if engine.Watch(t.Context(), open, nil, engine.WatchOptions{}) == nil {
			t.Error("nothing is watched for ever")
		}
	})
}

func TestNewsDuringARoundLeadToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := enginetest.NewVault(2)
		a, b := v.Journal(0), v.Journal(1)
		store := memory.New()
		once := true
		a.Hook = func(call string) error {
			if call == "outgoing" && once { // what was there has been asked for
				once = false
				b.Write("news")
				mustSync(t, b, store)
				time.Sleep(time.Millisecond) // the remote tells of it
			}
			return nil
		}
		w := startWatch(t, a, engine.WatchOptions{Space: v.Space(), Most: time.Hour}, at("r", store))
		w.pass(t, 10*time.Second)
		if got := w.took(); !slices.Equal(got, seconds(0, 4)) {
			t.Errorf("rounds at %v", got)
		}
		wantSame(t, 1, a)
		w.end(t)
	})
}

// A decorator has every companion; whether there is one behind it shows late.
func TestADecoratedRemoteThatTellsNothingIsPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := retry.New(mute{memory.New()}, retry.Policy{})
		v := enginetest.NewVault(2)
		w := startWatch(t, v.Journal(0), engine.WatchOptions{First: 10 * time.Second, Most: time.Minute}, at("r", r))
		w.pass(t, 65*time.Second)
		if got := w.took(); !slices.Equal(got, seconds(0, 20, 60)) {
			t.Errorf("rounds at %v", got)
		}
		w.end(t)
	})
}

func TestAClosedJournalThatFailsEndsTheWatch(t *testing.T) {
	boom := errors.New("boom")
	v := enginetest.NewVault(2)
	open := func(context.Context) (engine.Journal, func() error, error) {
		return v.Journal(0), func() error { return boom }, nil
	}
	if err := engine.Watch(t.Context(), open, []engine.Target{at("r", memory.New())}, engine.WatchOptions{}); !errors.Is(err, boom) {
		t.Error(err)
	}
}
