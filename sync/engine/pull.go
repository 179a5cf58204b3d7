package engine

import (
	"context"
	"errors"

	"phivault/sync/remote"
)

// pull asks until the journal wants nothing more.
func (r *run) pull(ctx context.Context) {
	for round := 0; ; round++ {
		asked := r.round(ctx)
		if round > 0 && asked > 0 {
			r.tell(func() { r.res.Moved = true })
		}
		if r.over(ctx) {
			r.close(ctx)
			return
		}
		if asked == 0 {
			return
		}
	}
}

// close brings the journal's sync to its end without asking: otherwise the next
// one would take it up, and what nobody answered would not be asked for again.
func (r *run) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for range 1000 { // each name comes once; this is for a journal that is broken
		more := false
		for _, err := range r.j.Wanted(ctx, r.t.Name) {
			if err != nil {
				r.verdict(ctx, err)
				return
			}
			more = true
		}
		if !more {
			return
		}
	}
}

// question is a name on its way to its answer.
type question struct {
	name   remote.Name
	answer chan *object // nil: dealt with
}

// round asks for what the journal wants now and gives the number of names. Many
// questions are under way at once; the journal gets the answers one by one in the
// order in which it asked, except for objects that are too large to be kept.
func (r *run) round(ctx context.Context) (asked int) {
	s := newSlots(r.o.Parallel)
	queue := make(chan question, r.o.Parallel) // no longer than there are slots
	s.wg.Go(func() {
		for q := range queue {
			if o := <-q.answer; o != nil {
				r.deliver(ctx, o, r.judge)
			}
			s.give()
		}
	})
	for n, err := range r.j.Wanted(ctx, r.t.Name) {
		if err != nil {
			r.verdict(ctx, err)
			r.stop()
			break
		}
		asked++
		if r.over(ctx) || !s.take(ctx) {
			break
		}
		q := question{n, make(chan *object, 1)}
		queue <- q
		s.wg.Go(func() { q.answer <- r.ask(ctx, n) })
	}
	close(queue)
	s.wg.Wait()
	return asked
}

func (r *run) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
}

// ask gets an object, or nil when there is nothing left to do about it.
func (r *run) ask(ctx context.Context, n remote.Name) *object {
	o, err := r.get(ctx, n)
	switch {
	case errors.Is(err, remote.ErrNotFound):
		r.answer()
		return &object{name: n, absent: true}
	case err != nil:
		r.fault(ctx, err)
		return nil
	}
	r.answer()
	if o.body != nil {
		r.deliver(ctx, o, r.judge)
		return nil
	}
	return o
}

// deliver hands an answer to the journal, and reports whether it took it.
func (r *run) deliver(ctx context.Context, o *object, judge func(context.Context, error) bool) bool {
	if o.absent {
		return judge(ctx, r.j.Missing(ctx, r.t.Name, o.name))
	}
	err := r.j.Deliver(ctx, r.t.Name, o.envelope())
	o.close()
	if broken := o.broken; err != nil && broken != nil {
		r.fault(ctx, broken) // the journal's error says no more than this
		return false
	}
	if !judge(ctx, err) {
		return false
	}
	r.tell(func() {
		r.res.Pulled.Objects++
		r.res.Pulled.Bytes += o.size
		r.wire.Pulled.Objects++
	})
	return true
}
