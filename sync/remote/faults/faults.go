// Package faults makes a remote fail by chance, reproducibly: Remote around any
// other one, Proxy on the wire before a server.
//
// A fault is always one that a real network has: a call that never arrived, an
// answer that was lost after the call took effect, a body that broke off, a long
// wait. It never alters bytes; package malicious does.
package faults

import (
	"context"
	"io"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"phivault/sync/remote"
)

// Kind is one thing that goes wrong in a call.
type Kind uint8

const (
	None    Kind = iota
	Down         // the call fails before it reaches the store
	Lost         // the call takes effect, its answer is lost
	Cut          // a body breaks off half way, in a put or a get; a listing likewise
	Delayed      // the call takes Plan.Delay longer
	Refused      // the store refuses for good
)

// Plan says what goes wrong. Rates are between 0 and 1 and are drawn in this
// order, from the seed.
type Plan struct {
	Seed                          uint64
	Down, Lost, Cut, Delayed, Not float64 // Not: Refused
	Delay                         time.Duration
	// Wait spends Delay; nil spends none.
	Wait func(context.Context, time.Duration) error
	// Script, if set, decides instead of the rates: calls count from 0.
	Script func(call int, op string) Kind
}

// Remote is a remote that fails.
type Remote struct {
	inner remote.Remote
	plan  Plan

	mu     sync.Mutex
	rng    *rand.Rand
	calls  int
	counts map[Kind]int
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Watcher  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

// New decorates inner, and owns it.
func New(inner remote.Remote, p Plan) *Remote {
	return &Remote{inner: inner, plan: p, rng: rand.New(rand.NewPCG(p.Seed, 0)), counts: map[Kind]int{}}
}

// Calls gives the number of calls so far.
func (r *Remote) Calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

// Count tells how often a kind happened.
func (r *Remote) Count(k Kind) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[k]
}

func (r *Remote) draw(op string) Kind {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := None
	if r.plan.Script != nil {
		k = r.plan.Script(r.calls, op)
	} else {
		x := r.rng.Float64()
		for i, p := range []float64{r.plan.Down, r.plan.Lost, r.plan.Cut, r.plan.Delayed, r.plan.Not} {
			if x < p {
				k = Kind(i + 1)
				break
			}
			x -= p
		}
	}
	r.calls++
	r.counts[k]++
	return k
}

// before makes what goes wrong ahead of the call.
func (r *Remote) before(ctx context.Context, k Kind, op string, n remote.Name) error {
	if err := ctx.Err(); err != nil {
		return remote.Failed(ctx, op, n, err)
	}
	switch k {
	case Down:
		return remote.Fail(op, n, remote.ErrUnavailable, "made to fail")
	case Refused:
		return remote.Fail(op, n, remote.ErrRefused, "made to fail")
	case Delayed:
		if r.plan.Wait != nil {
			if err := r.plan.Wait(ctx, r.plan.Delay); err != nil {
				return remote.Failed(ctx, op, n, err)
			}
		}
	}
	return nil
}

func lost(k Kind, op string, n remote.Name, err error) error {
	if k == Lost && err == nil {
		return remote.Fail(op, n, remote.ErrUnavailable, "made to lose the answer")
	}
	return err
}

// Strength is inner's.
func (r *Remote) Strength() remote.Strength { return remote.StrengthOf(r.inner) }

// Put fails as drawn.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	k := r.draw("put")
	if err := r.before(ctx, k, "put", n); err != nil {
		return err
	}
	if k == Cut {
		err := r.inner.Put(ctx, n, io.MultiReader(io.LimitReader(src, size/2), broken{}), size)
		if err == nil {
			panic("faults: a remote took half an object for a whole")
		}
		if ctx.Err() != nil || !isBroken(err) {
			return err
		}
		return remote.Fail("put", n, remote.ErrUnavailable, "made to break off")
	}
	return lost(k, "put", n, r.inner.Put(ctx, n, src, size))
}

// Get fails as drawn; Lost is an answer that never came.
func (r *Remote) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	k := r.draw("get")
	if err := r.before(ctx, k, "get", n); err != nil {
		return nil, 0, err
	}
	body, size, err := r.inner.Get(ctx, n)
	if err != nil {
		return nil, 0, err
	}
	switch k {
	case Lost:
		body.Close()
		return nil, 0, lost(k, "get", n, nil)
	case Cut:
		return &cutBody{body, n, size / 2}, size, nil
	}
	return body, size, nil
}

type cutBody struct {
	io.ReadCloser
	name remote.Name
	left int64
}

func (c *cutBody) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, remote.Fail("get", c.name, remote.ErrUnavailable, "made to break off")
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// Delete fails as drawn.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	k := r.draw("delete")
	if err := r.before(ctx, k, "delete", n); err != nil {
		return err
	}
	return lost(k, "delete", n, remote.Delete(ctx, r.inner, n))
}

// List fails as drawn, at its beginning or after one entry.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	return sequence(r, ctx, "list", func() iter.Seq2[remote.Entry, error] { return remote.List(ctx, r.inner, s) })
}

// Watch fails as drawn, at its beginning or after one sign.
func (r *Remote) Watch(ctx context.Context, s remote.Space) iter.Seq2[remote.Name, error] {
	return sequence(r, ctx, "watch", func() iter.Seq2[remote.Name, error] { return remote.Watch(ctx, r.inner, s) })
}

func sequence[T any](r *Remote, ctx context.Context, op string, open func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		k := r.draw(op)
		err := r.before(ctx, k, op, remote.Name{})
		if err == nil {
			err = lost(k, op, remote.Name{}, nil)
		}
		if err != nil {
			yield(zero, err)
			return
		}
		for v, err := range open() {
			if !yield(v, err) || err != nil {
				return
			}
			if k == Cut {
				yield(zero, remote.Fail(op, remote.Name{}, remote.ErrUnavailable, "made to break off"))
				return
			}
		}
	}
}

// Close closes inner.
func (r *Remote) Close() error { return r.inner.Close() }
