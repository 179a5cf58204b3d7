package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"phivault/sync/remote"
)

// watch is a Watch in progress.
type watch struct {
	o       WatchOptions
	open    Open
	targets []Target
	own     names
	signal  chan struct{} // places changed

	mu     sync.Mutex
	places []place
}

// place is when to ask a remote next.
type place struct {
	due, began time.Time
	running    bool
	told       bool // that something is new, since the round began
	hinted     bool // the round is due for what it told
	listening  bool
	quiet      int // rounds in a row that moved nothing
	failed     int // rounds in a row that failed
	idle       int // hints in a row that led to nothing
}

func (w *watch) next() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := w.places[0].due
	for _, p := range w.places[1:] {
		if p.due.Before(next) {
			next = p.due
		}
	}
	return next
}

// begin marks places as being in a round.
func (w *watch) begin(which func(*place) bool) (due []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.places {
		if p := &w.places[i]; which(p) {
			p.running, p.told, p.began = true, false, time.Now()
			due = append(due, i)
		}
	}
	return due
}

func (w *watch) end(i int, res Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &w.places[i]
	fruitless := res.Err != nil || !res.Moved
	switch {
	case res.Err != nil:
		p.failed++
		p.due = time.Now().Add(w.o.pause(p.failed - 1))
	case p.listening:
		p.failed, p.quiet = 0, 0
		p.due = time.Now().Add(w.o.jittered(w.o.Most))
	default:
		p.failed = 0
		if p.quiet++; res.Moved {
			p.quiet = 0
		}
		p.due = time.Now().Add(w.o.pause(p.quiet))
	}
	switch {
	case !fruitless:
		p.idle = 0
	case p.hinted:
		p.idle++
	}
	p.running, p.hinted = false, false
	if p.told {
		w.advance(p)
	}
}

// advance brings a place forward for a hint: not before Gap is over, and later
// and later for a remote whose hints lead to nothing.
func (w *watch) advance(p *place) {
	wait := w.o.Gap
	for range p.idle {
		if wait *= 2; wait >= w.o.Most {
			wait = w.o.Most
			break
		}
	}
	if at := later(p.began.Add(wait), time.Now()); at.Before(p.due) {
		p.due, p.hinted = at, true
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// hint takes a sign of a remote.
func (w *watch) hint(i int) {
	w.mu.Lock()
	p := &w.places[i]
	p.listening = true
	if p.running {
		p.told = true
	} else {
		w.advance(p)
	}
	w.mu.Unlock()
	w.look()
}

// hurry makes places due as soon as Gap allows.
func (w *watch) hurry(places []place) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range places {
		p := &places[i]
		if at := later(p.began.Add(w.o.Gap), time.Now()); at.Before(p.due) {
			p.due = at
		}
	}
}

// look makes the loop look at the places again.
func (w *watch) look() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// listen takes a remote's signs until ctx ends or it turns out to give none.
func (w *watch) listen(ctx context.Context, i int) {
	for n := 0; ctx.Err() == nil; n++ {
		for name, err := range remote.Watch(ctx, w.targets[i].Remote, w.o.Space) {
			if errors.Is(err, remote.ErrUnsupported) {
				w.hurry(w.places[i : i+1])
				w.look()
				return
			}
			if err != nil || ctx.Err() != nil {
				break
			}
			n = 0
			if !w.own.has(name) {
				w.hint(i)
			}
		}
		w.mu.Lock()
		p := &w.places[i]
		if p.listening {
			// Nobody tells any more: poll.
			p.listening, p.quiet = false, 0
			if at := time.Now().Add(w.o.pause(0)); at.Before(p.due) && p.failed == 0 {
				p.due = at
			}
		}
		w.mu.Unlock()
		w.look()
		t := time.NewTimer(w.o.pause(n))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// names remembers what was put last, so that a remote that tells of it starts no
// round.
type names struct {
	mu   sync.Mutex
	set  map[remote.Name]bool
	ring []remote.Name
	at   int
}

const mostNames = 4096

func (s *names) add(n remote.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set = map[remote.Name]bool{}
	}
	if len(s.ring) < mostNames {
		s.ring = append(s.ring, n)
	} else {
		delete(s.set, s.ring[s.at])
		s.ring[s.at] = n
		s.at = (s.at + 1) % mostNames
	}
	s.set[n] = true
}

func (s *names) has(n remote.Name) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set[n]
}
