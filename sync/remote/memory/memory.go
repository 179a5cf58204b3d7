// Package memory keeps objects in this process: for tests, demos and as the
// plainest statement of what a remote does.
//
// It promises one winner among racing writers. It never writes to disk, and what
// it holds ends with it.
package memory

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"phivault/sync/remote"
)

// Remote is a store in memory. The zero value is empty and ready.
type Remote struct {
	mu       sync.Mutex
	objects  map[remote.Name][]byte
	watchers map[chan remote.Name]remote.Space
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Watcher  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

// New gives an empty store.
func New() *Remote { return &Remote{} }

// Strength is Exclusive.
func (r *Remote) Strength() remote.Strength { return remote.Exclusive }

// Put keeps a copy of what src gives.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	if err := remote.CheckPut(n, size); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return remote.Failed(ctx, "put", n, err)
	}
	if r.has(n) {
		return remote.Fail("put", n, remote.ErrExists, "")
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(&cancellable{ctx, remote.NewSource(src, size)}); err != nil {
		return remote.Failed(ctx, "put", n, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, taken := r.objects[n]; taken {
		return remote.Fail("put", n, remote.ErrExists, "")
	}
	if r.objects == nil {
		r.objects = map[remote.Name][]byte{}
	}
	r.objects[n] = b.Bytes()
	for c, s := range r.watchers {
		if s.Holds(n) {
			tell(c, n)
		}
	}
	return nil
}

func (r *Remote) has(n remote.Name) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.objects[n] != nil
}

// Get opens an object. Its bytes are shared and never change.
func (r *Remote) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, remote.Failed(ctx, "get", n, err)
	}
	if n.IsZero() {
		return nil, 0, remote.Fail("get", n, remote.ErrName, "")
	}
	r.mu.Lock()
	b := r.objects[n]
	r.mu.Unlock()
	if b == nil {
		return nil, 0, remote.Fail("get", n, remote.ErrNotFound, "")
	}
	size := int64(len(b))
	return remote.Body(ctx, n, io.NopCloser(bytes.NewReader(b)), size), size, nil
}

// List lists what is there now, in the order of names.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	return func(yield func(remote.Entry, error) bool) {
		r.mu.Lock()
		names := slices.SortedFunc(maps.Keys(r.objects), func(a, b remote.Name) int {
			return strings.Compare(a.String(), b.String())
		})
		sizes := make([]int64, len(names))
		for i, n := range names {
			sizes[i] = int64(len(r.objects[n]))
		}
		r.mu.Unlock()
		for i, n := range names {
			if err := ctx.Err(); err != nil {
				yield(remote.Entry{}, remote.Failed(ctx, "list", remote.Name{}, err))
				return
			}
			if s.Holds(n) && !yield(remote.Entry{Name: n, Size: sizes[i]}, nil) {
				return
			}
		}
	}
}

// Delete removes an object.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	if err := ctx.Err(); err != nil {
		return remote.Failed(ctx, "delete", n, err)
	}
	if n.IsZero() {
		return remote.Fail("delete", n, remote.ErrName, "")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.objects, n)
	return nil
}

// Watch tells of objects put from the first step on.
func (r *Remote) Watch(ctx context.Context, s remote.Space) iter.Seq2[remote.Name, error] {
	return func(yield func(remote.Name, error) bool) {
		c := make(chan remote.Name, 16)
		r.mu.Lock()
		if r.watchers == nil {
			r.watchers = map[chan remote.Name]remote.Space{}
		}
		r.watchers[c] = s
		r.mu.Unlock()
		defer func() {
			r.mu.Lock()
			delete(r.watchers, c)
			r.mu.Unlock()
		}()
		if !yield(remote.Name{}, nil) {
			return
		}
		for {
			select {
			case n := <-c:
				if !yield(n, nil) {
					return
				}
			case <-ctx.Done():
				yield(remote.Name{}, remote.Failed(ctx, "watch", remote.Name{}, ctx.Err()))
				return
			}
		}
	}
}

// tell never waits: a watcher that is behind is told to look again.
func tell(c chan remote.Name, n remote.Name) {
	select {
	case c <- n:
		return
	default:
	}
	select {
	case <-c:
	default:
	}
	select {
	case c <- (remote.Name{}):
	default:
	}
}

// Close does nothing.
func (r *Remote) Close() error { return nil }

type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
