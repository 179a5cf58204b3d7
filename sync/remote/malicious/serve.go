package malicious

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"maps"

	"phivault/sync/remote"
)

// Strength is inner's.
func (r *Remote) Strength() remote.Strength { return remote.StrengthOf(r.inner) }

// Put keeps the object, unless the script says otherwise.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	r.note("put", n, size)
	if err := remote.CheckPut(n, size); err != nil {
		return err
	}
	r.mu.Lock()
	frozen, replayed := r.frozen, r.past != nil
	_, inPast := r.past[n]
	again := r.swallow[n]
	r.mu.Unlock()
	if !frozen && !replayed {
		return r.inner.Put(ctx, n, src, size)
	}
	if inPast || again {
		return remote.Fail("put", n, remote.ErrExists, "")
	}
	b, err := io.ReadAll(remote.NewSource(src, size))
	if err != nil {
		return remote.Failed(ctx, "put", n, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if frozen {
		r.swallow[n] = true
	} else {
		r.past[n] = b
	}
	return nil
}

// Get shows what the script says.
func (r *Remote) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	r.note("get", n, 0)
	r.mu.Lock()
	change, says, hidden := r.change[n], r.says[n], r.hidden[n] || r.swallow[n]
	old, inPast := r.past[n]
	replayed := r.past != nil
	r.mu.Unlock()
	if hidden || replayed && !inPast && change == nil {
		return nil, 0, remote.Fail("get", n, remote.ErrNotFound, "")
	}
	if change == nil && says == 0 && !replayed {
		return r.inner.Get(ctx, n)
	}
	b := old
	if !replayed {
		var err error
		if b, err = r.read(ctx, n); err != nil && !(change != nil && errors.Is(err, remote.ErrNotFound)) {
			return nil, 0, err
		}
	}
	if change != nil {
		if b = change(b); b == nil {
			return nil, 0, remote.Fail("get", n, remote.ErrNotFound, "")
		}
	}
	size := int64(len(b))
	if says != 0 {
		size = says
	}
	// No remote.Body here: this host does not keep its word.
	return io.NopCloser(bytes.NewReader(b)), size, nil
}

// List lists what the script says.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	r.note("list", remote.Name{}, 0)
	r.mu.Lock()
	listing, past := r.listing, maps.Clone(r.past)
	r.mu.Unlock()
	return func(yield func(remote.Entry, error) bool) {
		if listing == nil && past == nil {
			for e, err := range remote.List(ctx, r.inner, s) {
				r.mu.Lock()
				hidden := r.hidden[e.Name]
				r.mu.Unlock()
				if !hidden && !yield(e, err) {
					return
				}
			}
			return
		}
		if listing == nil {
			for n, b := range past {
				if s.Holds(n) && !yield(remote.Entry{Name: n, Size: int64(len(b))}, nil) {
					return
				}
			}
			return
		}
		for e := range listing {
			if ctx.Err() != nil {
				yield(remote.Entry{}, remote.Failed(ctx, "list", remote.Name{}, ctx.Err()))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Watch is inner's.
func (r *Remote) Watch(ctx context.Context, s remote.Space) iter.Seq2[remote.Name, error] {
	r.note("watch", remote.Name{}, 0)
	return remote.Watch(ctx, r.inner, s)
}

// Delete deletes.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	r.note("delete", n, 0)
	r.mu.Lock()
	delete(r.past, n)
	r.mu.Unlock()
	return remote.Delete(ctx, r.inner, n)
}

// Close closes inner.
func (r *Remote) Close() error { return r.inner.Close() }
