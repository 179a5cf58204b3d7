package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"phivault/sync/remote"
)

// push puts what the remote lacks. The journal seals the next object while the
// one before it is on its way.
func (r *run) push(ctx context.Context) {
	if !r.mayPush(ctx) {
		return
	}
	s := newSlots(r.o.Parallel)
	defer s.wg.Wait()
	for e, err := range r.j.Outgoing(ctx, r.t.Name) {
		if err != nil {
			r.verdict(ctx, err)
			return
		}
		if !e.Unordered {
			s.wg.Wait()
		}
		if !r.mayPush(ctx) || !s.take(ctx) {
			return
		}
		s.wg.Go(func() {
			defer s.give()
			if !r.put(ctx, e) {
				r.mu.Lock()
				r.stuck = true
				r.mu.Unlock()
			}
		})
	}
}

// put puts one object, and reports whether it is there now and the journal knows.
func (r *run) put(ctx context.Context, e Envelope) bool {
	src := &source{e: e, r: r}
	if r.o.put != nil {
		r.o.put(e.Name)
	}
	r.request()
	err := r.t.Remote.Put(ctx, e.Name, src, e.Size)
	src.close()
	switch {
	case errors.Is(err, remote.ErrExists):
		r.answer()
		return r.meet(ctx, e.Name)
	case err != nil:
		r.fault(ctx, err)
		return false
	}
	r.answer()
	r.tell(func() {
		r.res.Moved = true
		r.res.Pushed.Objects++
		r.res.Pushed.Bytes += e.Size
		r.wire.Pushed.Objects++
	})
	// It is there, whether or not the caller has lost interest meanwhile.
	return r.verdict(ctx, r.j.Sent(context.WithoutCancel(ctx), r.t.Name, e.Name))
}

// meet looks at what a name is taken by: most often the same object, whose put
// lost its answer.
func (r *run) meet(ctx context.Context, n remote.Name) bool {
	o, err := r.get(ctx, n)
	switch {
	case errors.Is(err, remote.ErrNotFound):
		r.answer()
		r.fault(ctx, fmt.Errorf("%w: %w", ErrContradiction, err)) // one error: it is no object that is missing
		return false
	case err != nil:
		r.fault(ctx, err)
		return false
	}
	r.answer()
	return r.deliver(ctx, o, r.verdict)
}

var errSeek = errors.New("engine: an envelope can be read from its beginning only")

// source reads an envelope and can begin again, so that a remote may repeat a
// put without the object being kept in memory.
type source struct {
	e  Envelope
	r  *run
	rc io.ReadCloser
	at int64
	n  int64 // not told yet
}

func (s *source) Read(p []byte) (int, error) {
	if s.rc == nil {
		rc, err := s.e.Open()
		if err != nil {
			return 0, err
		}
		s.rc = rc
	}
	n, err := s.rc.Read(p)
	s.at += int64(n)
	if s.n += int64(n); s.n >= step || err != nil {
		s.flush()
	}
	return n, err
}

// Seek goes to the beginning, or nowhere.
func (s *source) Seek(offset int64, whence int) (int64, error) {
	switch {
	case whence == io.SeekCurrent && offset == 0, whence == io.SeekStart && offset == s.at:
		return s.at, nil
	case whence == io.SeekStart && offset == 0:
		s.close()
		s.at = 0
		return 0, nil
	}
	return 0, errSeek
}

func (s *source) flush() {
	if s.n > 0 {
		s.r.tell(func() { s.r.wire.Pushed.Bytes += s.n })
		s.n = 0
	}
}

func (s *source) close() {
	s.flush()
	if s.rc != nil {
		_ = s.rc.Close()
		s.rc = nil
	}
}
