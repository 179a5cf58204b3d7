// Package retry repeats what failed for a while.
//
// It repeats only what remote.Retryable allows, with exponentially growing,
// jittered pauses, and never a refusal, a foreign certificate, or a Put whose
// reader it cannot rewind. A repeated Put may meet its own first attempt, whose
// answer was lost: the caller sees remote.ErrExists and looks, as always.
//
// It never resumes a body that broke off: the reader gets the error and asks again.
package retry

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"time"

	"phivault/sync/remote"
)

// Policy says how patient to be. Zero fields have defaults.
type Policy struct {
	Attempts int           // in all; default 6
	First    time.Duration // the longest first pause; default 250 ms, doubled each time
	Most     time.Duration // the longest pause; default 20 s
	// Wait pauses, or gives the context's error. Default: a timer.
	Wait func(ctx context.Context, d time.Duration) error
	// Jitter gives a number in [0, 1). Default: a random one.
	Jitter func() float64
}

func (p Policy) filled() Policy {
	if p.Attempts == 0 {
		p.Attempts = 6
	}
	if p.First == 0 {
		p.First = 250 * time.Millisecond
	}
	if p.Most == 0 {
		p.Most = 20 * time.Second
	}
	if p.Wait == nil {
		p.Wait = Wait
	}
	if p.Jitter == nil {
		p.Jitter = rand.Float64
	}
	return p
}

// Pause gives the pause after the nth failure, n from 1: between half and all of
// First doubled n-1 times, at most Most.
func (p Policy) Pause(n int) time.Duration {
	p = p.filled()
	d := p.Most
	if n < 30 && p.First<<(n-1) < p.Most {
		d = p.First << (n - 1)
	}
	return d/2 + time.Duration(p.Jitter()*float64(d/2))
}

// Wait pauses for d or until ctx ends.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Remote repeats the calls of another remote.
type Remote struct {
	inner  remote.Remote
	policy Policy
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Watcher  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

// New decorates inner, and owns it.
func New(inner remote.Remote, p Policy) *Remote { return &Remote{inner, p.filled()} }

// Strength is inner's.
func (r *Remote) Strength() remote.Strength { return remote.StrengthOf(r.inner) }

// Put repeats inner's Put when src can be rewound, or was not read.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	rewind := rewinder(src)
	return r.repeat(ctx, "put", n, func() (bool, error) {
		read := &counted{r: src}
		err := r.inner.Put(ctx, n, read, size)
		if err == nil || !read.touched {
			return true, err
		}
		return rewind() == nil, err
	})
}

// rewinder brings src back to where it is now.
func rewinder(src io.Reader) func() error {
	if s, ok := src.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil {
			return func() error { _, err := s.Seek(at, io.SeekStart); return err }
		}
	}
	return func() error { return errors.ErrUnsupported }
}

// counted notes whether anything was asked of r.
type counted struct {
	r       io.Reader
	touched bool
}

func (c *counted) Read(p []byte) (int, error) {
	c.touched = true
	return c.r.Read(p)
}

// Get repeats the opening.
func (r *Remote) Get(ctx context.Context, n remote.Name) (body io.ReadCloser, size int64, err error) {
	err = r.repeat(ctx, "get", n, func() (bool, error) {
		body, size, err = r.inner.Get(ctx, n)
		return true, err
	})
	if err != nil {
		return nil, 0, err
	}
	return body, size, nil
}

// List begins again while nothing was listed; later errors pass.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	return begin(r, ctx, "list", func() iter.Seq2[remote.Entry, error] { return remote.List(ctx, r.inner, s) })
}

// Watch begins again while it told nothing; later errors pass.
func (r *Remote) Watch(ctx context.Context, s remote.Space) iter.Seq2[remote.Name, error] {
	return begin(r, ctx, "watch", func() iter.Seq2[remote.Name, error] { return remote.Watch(ctx, r.inner, s) })
}

// Delete repeats inner's Delete.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	return r.repeat(ctx, "delete", n, func() (bool, error) { return true, remote.Delete(ctx, r.inner, n) })
}

// Close closes inner.
func (r *Remote) Close() error { return r.inner.Close() }

func begin[T any](r *Remote, ctx context.Context, op string, open func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		err := r.repeat(ctx, op, remote.Name{}, func() (bool, error) {
			begun := false
			for v, err := range open() {
				if err != nil {
					if !begun {
						return true, err
					}
					yield(zero, err)
					return true, nil
				}
				begun = true
				if !yield(v, nil) {
					return true, nil
				}
			}
			return true, nil
		})
		if err != nil {
			yield(zero, err)
		}
	}
}

// repeat calls try until it succeeds, fails for good, says that it cannot be
// called again, or patience ends. The last failure is the result.
func (r *Remote) repeat(ctx context.Context, op string, n remote.Name, try func() (again bool, err error)) error {
	for i := 1; ; i++ {
		again, err := try()
		if err == nil || !again || i == r.policy.Attempts || !remote.Retryable(err) {
			return err
		}
		if werr := r.policy.Wait(ctx, r.policy.Pause(i)); werr != nil {
			return remote.Failed(ctx, op, n, werr)
		}
	}
}
