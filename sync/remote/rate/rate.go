// Package rate keeps a remote's use within a number of bytes and calls a second,
// for lines that others use too and for stores that charge or throttle.
//
// It changes nothing but the time things take. It never holds more than one
// buffer of a body.
package rate

import (
	"context"
	"io"
	"iter"

	"golang.org/x/time/rate"

	"phivault/sync/remote"
)

// Limits are upper bounds; zero stands for none.
type Limits struct {
	Calls    float64 // a second
	Upload   int64   // bytes a second
	Download int64   // bytes a second
}

const portion = 32 << 10 // bytes that are asked for at once

// Remote slows another remote down.
type Remote struct {
	inner           remote.Remote
	calls, up, down *rate.Limiter
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Watcher  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

// New decorates inner, and owns it.
func New(inner remote.Remote, l Limits) *Remote {
	return &Remote{inner: inner, calls: limiter(l.Calls, int(l.Calls)+1), up: limiter(float64(l.Upload), portion),
		down: limiter(float64(l.Download), portion)}
}

func limiter(perSecond float64, burst int) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, burst)
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

// Strength is inner's.
func (r *Remote) Strength() remote.Strength { return remote.StrengthOf(r.inner) }

// Put waits its turn and reads src no faster than allowed.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	if err := r.call(ctx, "put", n); err != nil {
		return err
	}
	return r.inner.Put(ctx, n, &slow{ctx: ctx, r: src, limit: r.up}, size)
}

// Get waits its turn and gives the body no faster than allowed.
func (r *Remote) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if err := r.call(ctx, "get", n); err != nil {
		return nil, 0, err
	}
	body, size, err := r.inner.Get(ctx, n)
	if err != nil {
		return nil, 0, err
	}
	return &slowBody{slow{ctx: ctx, r: body, limit: r.down}, body, n}, size, nil
}

// List counts as one call.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	return func(yield func(remote.Entry, error) bool) {
		if err := r.call(ctx, "list", remote.Name{}); err != nil {
			yield(remote.Entry{}, err)
			return
		}
		remote.List(ctx, r.inner, s)(yield)
	}
}

// Watch counts as one call.
func (r *Remote) Watch(ctx context.Context, s remote.Space) iter.Seq2[remote.Name, error] {
	return func(yield func(remote.Name, error) bool) {
		if err := r.call(ctx, "watch", remote.Name{}); err != nil {
			yield(remote.Name{}, err)
			return
		}
		remote.Watch(ctx, r.inner, s)(yield)
	}
}

// Delete counts as one call.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	if err := r.call(ctx, "delete", n); err != nil {
		return err
	}
	return remote.Delete(ctx, r.inner, n)
}

// Close closes inner.
func (r *Remote) Close() error { return r.inner.Close() }

func (r *Remote) call(ctx context.Context, op string, n remote.Name) error {
	if err := r.calls.Wait(ctx); err != nil {
		return remote.Failed(ctx, op, n, late(ctx, err))
	}
	return nil
}

// late turns the limiter's "would exceed context deadline" into that deadline.
func late(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := ctx.Deadline(); ok {
		return context.DeadlineExceeded
	}
	return err
}

type slow struct {
	ctx   context.Context
	r     io.Reader
	limit *rate.Limiter
}

func (s *slow) Read(p []byte) (int, error) {
	n, err := s.r.Read(p[:min(len(p), portion)])
	if n > 0 && s.limit.Limit() != rate.Inf {
		if werr := s.limit.WaitN(s.ctx, n); werr != nil {
			return 0, late(s.ctx, werr)
		}
	}
	return n, err
}

type slowBody struct {
	slow
	io.Closer
	name remote.Name
}

func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.slow.Read(p)
	if err != nil && err != io.EOF {
		err = remote.Failed(b.ctx, "get", b.name, err)
	}
	return n, err
}
