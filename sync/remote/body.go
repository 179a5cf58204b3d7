package remote

import (
	"context"
	"errors"
	"io"
	"sync"
)

// CheckPut refuses what no remote takes: the zero Name and sizes outside 1 to
// MaxObject.
func CheckPut(n Name, size int64) error {
	switch {
	case n.IsZero():
		return Fail("put", n, ErrName, "")
	case size < 1:
		return Fail("put", n, ErrSize, "an object has at least one byte")
	case size > MaxObject:
		return Fail("put", n, ErrTooLarge, "")
	}
	return nil
}

// sourceError is the caller's fault during a Put: its reader failed or gave
// another number of bytes.
type sourceError struct{ kind, err error }

func (e *sourceError) Error() string { return "reading what is to be put: " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// Source gives exactly size bytes of a Put's reader. It looks past the end before
// it hands out the last bytes, so that a store never receives as complete what is
// longer or shorter than announced.
type Source struct {
	r    io.Reader
	left int64

	mu  sync.Mutex
	err error
}

// NewSource reads r, which stays the caller's.
func NewSource(r io.Reader, size int64) *Source { return &Source{r: r, left: size} }

// Err gives the reader's part in a failure, or nil. Failed makes ErrSize or
// ErrUnread of it. Libraries that read a Source lose its error now and then.
func (s *Source) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Read is not for several goroutines.
func (s *Source) Read(p []byte) (int, error) {
	if err := s.Err(); err != nil {
		return 0, err
	}
	n, err := s.read(p)
	if err != nil && err != io.EOF {
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
	}
	return n, err
}

func (s *Source) read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	p = p[:min(int64(len(p)), s.left)]
	n, err := s.r.Read(p)
	s.left -= int64(n)
	switch {
	case s.left == 0 && (err == nil || err == io.EOF):
		if err := s.ended(); err != nil {
			return 0, err
		}
		return n, nil
	case err == io.EOF:
		return n, &sourceError{ErrSize, io.ErrUnexpectedEOF}
	case err != nil:
		return n, &sourceError{ErrUnread, err}
	}
	return n, nil
}

// ended checks that nothing follows.
func (s *Source) ended() error {
	var one [1]byte
	for range 100 {
		n, err := s.r.Read(one[:])
		switch {
		case n > 0:
			return &sourceError{ErrSize, errLong}
		case err == io.EOF:
			return nil
		case err != nil:
			return &sourceError{ErrUnread, err}
		}
	}
	return &sourceError{ErrUnread, io.ErrNoProgress}
}

var errLong = errors.New("more bytes than announced")

// ErrUnread: a Put whose reader failed; the Fault wraps the reader's error too.
var ErrUnread = errors.New("what was to be put could not be read")

// Body hands out a store's answer under the promise of Get: exactly size bytes
// and io.EOF, or a Fault. It owns rc.
func Body(ctx context.Context, n Name, rc io.ReadCloser, size int64) io.ReadCloser {
	return &body{ctx: ctx, name: n, rc: rc, left: size}
}

type body struct {
	ctx  context.Context
	name Name
	rc   io.ReadCloser
	left int64
	err  error
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if err := b.ctx.Err(); err != nil {
		b.err = Failed(b.ctx, "get", b.name, err)
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if b.left == 0 {
		b.err = b.past()
		return 0, b.err
	}
	n, err := b.rc.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case err == io.EOF && b.left > 0:
		b.err = Fail("get", b.name, ErrUnavailable, "shorter than announced")
	case err == io.EOF:
		err = nil // the next Read says so, after looking past the end
	case err != nil:
		b.err = Failed(b.ctx, "get", b.name, err)
	}
	return n, b.err
}

func (b *body) past() error {
	var one [1]byte
	n, err := b.rc.Read(one[:])
	switch {
	case n > 0:
		return Fail("get", b.name, ErrUnavailable, "longer than announced")
	case err == nil || err == io.EOF:
		return io.EOF
	}
	return Failed(b.ctx, "get", b.name, err)
}

func (b *body) Close() error { return b.rc.Close() }
