package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"phivault/sync/remote"
)

// Open opens a vault's journal for one round and gives what closes it. ErrLater
// puts the round off; any other error ends Watch.
type Open func(ctx context.Context) (Journal, func() error, error)

// ErrLater is for Open: the vault is in use by another process, say.
var ErrLater = errors.New("not now")

// WatchOptions say how watchful to be. Zero fields have defaults.
type WatchOptions struct {
	Options
	// Space is where remotes that tell of new objects are to look.
	Space remote.Space
	// First is the longest pause after a round that moved something, doubled after
	// each that did not or that failed; default 15 s. Most is the longest of all,
	// and the one for remotes that tell of new objects by themselves; default 5 min.
	// A pause takes between half of that and all.
	First, Most time.Duration
	// Gap is the least time between the beginnings of two rounds with one remote,
	// whatever it tells; default 2 s.
	Gap time.Duration
	// Jitter gives a number in [0, 1). Default: a random one.
	Jitter func() float64
	// Wake asks for a round at once: something was saved here.
	Wake <-chan struct{}
	// Done, if set, takes what Sync returned. Its error ends Watch.
	Done func(Report, error) error
}

func (o WatchOptions) filled() WatchOptions {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.First, 15*time.Second)
	def(&o.Most, 5*time.Minute)
	def(&o.Gap, 2*time.Second)
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return o
}

// pause gives First doubled n times, at most Most, jittered.
func (o WatchOptions) pause(n int) time.Duration {
	d := o.Most
	if n < 30 && o.First<<n < o.Most {
		d = o.First << n
	}
	return o.jittered(d)
}

func (o WatchOptions) jittered(d time.Duration) time.Duration {
	return d/2 + time.Duration(o.Jitter()*float64(d/2))
}

// Watch syncs at once and then whenever a remote tells of something new, Wake
// does, or a pause is over. Between rounds it holds no journal. It returns the
// context's error, that of Done, or that of Open; a remote that is down or cheats
// is asked less and less often and ends nothing.
func Watch(ctx context.Context, open Open, targets []Target, o WatchOptions) error {
	if len(targets) == 0 {
		return errors.New("engine: nothing to watch")
	}
	o = o.filled()
	w := &watch{o: o, open: open, targets: targets, signal: make(chan struct{}, 1), places: make([]place, len(targets))}
	w.o.put = w.own.add
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	now := time.Now()
	for i, t := range targets {
		w.places[i].due = now
		if _, ok := t.Remote.(remote.Watcher); ok {
			// Its first sign comes when it is listening: a round after that misses
			// nothing.
			w.places[i].due = now.Add(o.Gap)
			wg.Go(func() { w.listen(ctx, i) })
		}
	}
	return w.loop(ctx)
}

func (w *watch) loop(ctx context.Context) error {
	wake := w.o.Wake
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(time.Until(w.next()))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.signal: // something is due earlier
			continue
		case _, open := <-wake:
			if !open {
				wake = nil
			} else {
				w.hurry(w.places)
			}
			continue
		case <-timer.C:
		}
		if err := w.round(ctx); err != nil {
			return err
		}
	}
}

// round syncs with the remotes that are due and, if that moved anything, with the
// others that are well.
func (w *watch) round(ctx context.Context) error {
	due := w.begin(func(p *place) bool { return !p.due.After(time.Now()) })
	if len(due) == 0 {
		return nil
	}
	j, shut, err := w.open(ctx)
	if err != nil {
		if !errors.Is(err, ErrLater) {
			return err
		}
		for _, i := range due {
			w.end(i, Result{Err: err})
		}
		return nil
	}
	rep, err := w.sync(ctx, j, due)
	if rep.Moved() {
		more := w.begin(func(p *place) bool { return !p.running && p.failed == 0 })
		also, errAlso := w.sync(ctx, j, more)
		rep.Remotes, err = append(rep.Remotes, also.Remotes...), errors.Join(err, errAlso)
		due = append(due, more...)
	}
	errShut := shut()
	for n, i := range due {
		w.end(i, rep.Remotes[n])
	}
	switch {
	case errShut != nil:
		return errShut
	case ctx.Err() != nil:
		return ctx.Err()
	case w.o.Done != nil:
		return w.o.Done(rep, err)
	}
	return nil
}

func (w *watch) sync(ctx context.Context, j Journal, which []int) (Report, error) {
	var targets []Target
	for _, i := range which {
		targets = append(targets, w.targets[i])
	}
	return Sync(ctx, j, targets, w.o.Options)
}
