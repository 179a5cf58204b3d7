package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"phivault/sync/remote"
)

// run is one sync with one remote.
type run struct {
	j       Journal
	t       Target
	o       Options
	telling *sync.Mutex // one Progress at a time, whatever the remote
	began   time.Time

	mu       sync.Mutex // guards what follows
	res      Result
	wire     Progress
	verdicts list // of the journal; nothing is pushed after one
	faults   list // of the remote
	harmless list
	answered int  // calls that the remote answered, with whatever
	silent   int  // calls in a row that it did not
	stopped  bool // no more calls
	stuck    bool // an object did not go: nothing after it may
}

func newRun(j Journal, t Target, o Options, telling *sync.Mutex) *run {
	return &run{j: j, t: t, o: o, telling: telling, began: time.Now(), res: Result{Remote: t.Name}, wire: Progress{Remote: t.Name}}
}

// list keeps the first errors and the last, and counts the others.
type list struct {
	errs []error
	last error
	n    int
}

func (l *list) add(err error) {
	if l.n++; len(l.errs) < mostErrors {
		l.errs = append(l.errs, err)
	}
	l.last = err
}

func (l *list) all() []error {
	if more := l.n - len(l.errs); more > 0 {
		return append(l.errs[:len(l.errs):len(l.errs)], fmt.Errorf("and %d more, at last: %w", more, l.last))
	}
	return l.errs
}

// judge takes an error of the journal about an object that was asked for, and
// reports whether there was none.
func (r *run) judge(ctx context.Context, err error) bool {
	if err == nil || r.o.Harmless == nil || !r.o.Harmless(err) {
		return r.verdict(ctx, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.harmless.add(err)
	return false
}

// verdict is judge for errors that keep other objects back, whatever they say.
func (r *run) verdict(ctx context.Context, err error) bool {
	switch {
	case err == nil:
		return true
	case cancelled(ctx, err):
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verdicts.add(err)
	if r.verdicts.n >= mostVerdicts {
		r.stopped = true
	}
	return false
}

// fault takes an error of the remote.
func (r *run) fault(ctx context.Context, err error) {
	if cancelled(ctx, err) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults.add(err)
	switch {
	case errors.Is(err, remote.ErrRefused), errors.Is(err, remote.ErrUntrusted):
		r.stopped = true
	case errors.Is(err, remote.ErrUnavailable):
		// Another object may be there all the same: a cloud drive's files arrive in
		// any order. A remote that answers nothing at all is down.
		if r.silent++; r.silent >= r.o.Parallel {
			r.stopped = true
		}
	}
}

func cancelled(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

func (r *run) answer() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered++
	r.silent = 0
}

func (r *run) over(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped || ctx.Err() != nil
}

// mayPush is false after a verdict, and where the remote is as good as down.
func (r *run) mayPush(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	down := r.faults.n > 0 && r.answered == 0
	return ctx.Err() == nil && !r.stopped && !r.stuck && r.verdicts.n == 0 && !down
}

// request counts a call.
func (r *run) request() {
	r.tell(func() {
		r.res.Requests++
		r.wire.Requests++
	})
}

// tell changes what is counted, and says so.
func (r *run) tell(change func()) {
	if r.o.Progress == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		change()
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.mu.Lock()
	change()
	p := r.wire
	r.mu.Unlock()
	r.o.Progress(p)
}

func (r *run) result(ctx context.Context) Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := r.res
	if t, ok := r.j.(Teller); ok {
		res.Pushed.Tally, res.Pulled.Tally = t.Tally(r.t.Name)
		res.Moved = res.Pushed.Objects > 0 || res.Pulled.Segments > 0
	}
	res.Took = time.Since(r.began)
	res.Harmless = r.harmless.all()
	errs := slices.Concat(r.verdicts.all(), r.faults.all())
	if ctx.Err() != nil {
		errs = append(errs, ctx.Err())
	}
	res.Err = errors.Join(errs...)
	return res
}
