package engine

import (
	"bytes"
	"context"
	"io"

	"phivault/sync/remote"
)

// object is what a remote gave under a name: read whole, or open. It is one
// goroutine's at a time.
type object struct {
	name   remote.Name
	absent bool
	size   int64
	bytes  []byte        // of a small one
	body   io.ReadCloser // of a large one, until the journal opens it
	broken error         // how the reading of a large one ended early
	again  func() (*object, error)
}

// get asks for an object. A small one whose body breaks off is asked for again:
// the remote answers, so there is nothing to wait for.
func (r *run) get(ctx context.Context, n remote.Name) (*object, error) {
	var err error
	for range attempts {
		var body io.ReadCloser
		var size int64
		r.request()
		if body, size, err = r.t.Remote.Get(ctx, n); err != nil {
			return nil, err
		}
		if size < 1 {
			_ = body.Close()
			return nil, remote.Fail("get", n, remote.ErrUnavailable, "an object without bytes")
		}
		// The promise of an exact size is checked here, for remotes that break it.
		rc := remote.Body(ctx, n, &counting{ReadCloser: body, r: r}, size)
		o := &object{name: n, size: size}
		if size > whole {
			o.body, o.again = rc, func() (*object, error) { return r.get(ctx, n) }
			return o, nil
		}
		o.bytes = make([]byte, size)
		if err = fill(o.bytes, rc); err == nil {
			return o, nil
		}
		if r.over(ctx) {
			break
		}
	}
	return nil, err
}

// fill reads all of rc, to its verified end, and closes it.
func fill(b []byte, rc io.ReadCloser) error {
	defer rc.Close()
	if _, err := io.ReadFull(rc, b); err != nil {
		return err
	}
	var one [1]byte
	if _, err := rc.Read(one[:]); err != io.EOF {
		return err
	}
	return nil
}

func (o *object) envelope() Envelope {
	return Envelope{Name: o.name, Size: o.size, Open: o.open}
}

func (o *object) open() (io.ReadCloser, error) {
	if o.body == nil && o.again != nil {
		next, err := o.again()
		if err == nil && next.size != o.size {
			next.close()
			err = remote.Fail("get", o.name, remote.ErrUnavailable, "another size than before")
		}
		if err != nil {
			o.broken = err
			return nil, err
		}
		o.body = next.body
	}
	if o.body == nil {
		return io.NopCloser(bytes.NewReader(o.bytes)), nil
	}
	body := o.body
	o.body = nil
	return &opened{body, o}, nil
}

func (o *object) close() {
	if o.body != nil {
		_ = o.body.Close()
		o.body = nil
	}
}

// opened notes how a body broke off.
type opened struct {
	io.ReadCloser
	o *object
}

func (b *opened) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.o.broken = err
	}
	return n, err
}

// Close gives no error: what was read was read.
func (b *opened) Close() error {
	_ = b.ReadCloser.Close()
	return nil
}

// counting tells progress of a body.
type counting struct {
	io.ReadCloser
	r *run
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	if c.n >= step || err != nil {
		c.flush()
	}
	return n, err
}

func (c *counting) Close() error {
	c.flush()
	return c.ReadCloser.Close()
}

func (c *counting) flush() {
	if c.n > 0 {
		c.r.tell(func() { c.r.wire.Pulled.Bytes += c.n })
		c.n = 0
	}
}
