package engine

import (
	"context"
	"errors"
	"sync"
)

// Sync asks every remote for what the journal wants, then puts there what it
// lacks. Remotes are served side by side, and one that is down, refuses or cheats
// keeps nothing back at the others. Pulling comes first because it asks again for
// what was verified before: after an error of the journal that is not harmless,
// nothing is put to that remote.
//
// The journal gets the answers of one remote one at a time and in the order of
// its questions, except for objects over 4 MiB, which it may get beside others.
//
// The error joins those of all results. A sync that was cancelled or failed at
// any point leaves a journal from which the next one goes on. Two syncs of one
// journal with one remote must not run at the same time.
func Sync(ctx context.Context, j Journal, targets []Target, o Options) (Report, error) {
	if o.Parallel <= 0 {
		o.Parallel = 8
	}
	var telling sync.Mutex
	runs := make([]*run, len(targets))
	for i, t := range targets {
		runs[i] = newRun(j, t, o, &telling)
	}
	each(runs, func(r *run) {
		r.pull(ctx)
		r.push(ctx)
	})
	if len(runs) > 1 {
		// What one remote gave after another had been served.
		each(runs, func(r *run) { r.push(ctx) })
	}
	rep := Report{Remotes: make([]Result, len(runs))}
	errs := make([]error, len(runs))
	for i, r := range runs {
		rep.Remotes[i] = r.result(ctx)
		errs[i] = rep.Remotes[i].Err
	}
	return rep, errors.Join(errs...)
}

func each(runs []*run, f func(*run)) {
	var wg sync.WaitGroup
	for _, r := range runs {
		wg.Go(func() { f(r) })
	}
	wg.Wait()
}

// slots bounds work that is done at the same time.
type slots struct {
	free chan struct{}
	wg   sync.WaitGroup
}

func newSlots(n int) *slots { return &slots{free: make(chan struct{}, n)} }

// take waits for a slot; false when ctx ends first.
func (s *slots) take(ctx context.Context) bool {
	select {
	case s.free <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *slots) give() { <-s.free }
