package remote

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Guard is an http.RoundTripper that holds a server to the limits. It sends only
// to the hosts it was given, and only by https, follows nothing, refuses every
// redirect and every encoded body, cuts bodies at their limit, and ends a
// transfer that stalls or drips in either direction.
type Guard struct {
	Next   http.RoundTripper
	Limits Limits
	// Hosts are the values of URL.Host that requests may have.
	Hosts []string
	// Most is the largest body of a 2xx answer; nil stands for MaxObject.
	Most func(*http.Request) int64
	// Encoding is a Content-Encoding to let pass, undecoded.
	Encoding string
	// Streams, if set, names answers that rest as long as they like, such as a
	// watch; their own context must end them.
	Streams func(*http.Request) bool
}

var _ http.RoundTripper = (*Guard)(nil)

type guardError struct {
	kind error
	why  string
}

func (e *guardError) Error() string { return e.kind.Error() + ": " + e.why }
func (e *guardError) Unwrap() error { return e.kind }

func refuse(kind error, why string) error { return &guardError{kind, why} }

// RoundTrip sends one request. The answer's body must be closed.
func (g *Guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" || !g.knows(req.URL.Host) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, refuse(ErrRefused, "a request to another server was asked for")
	}
	l := g.Limits.filled()
	ctx, cancel := context.WithCancelCause(req.Context())
	watch := &watchdog{limits: l, cancel: func() { cancel(errStalled) }}
	out := req.WithContext(ctx)
	var up *upload
	if req.Body != nil && req.Body != http.NoBody {
		up = &upload{body: req.Body, dog: watch}
		out.Body = up
		out.GetBody = nil // a second reading would go around the limits
	}
	res, err := g.Next.RoundTrip(out)
	if up != nil {
		up.detach()
	}
	if err != nil {
		if context.Cause(ctx) == errStalled {
			err = errStalled
		}
		cancel(nil)
		return nil, err
	}
	if err := g.check(req, res); err != nil {
		cancel(nil)
		res.Body.Close()
		return nil, err
	}
	d := &download{body: res.Body, ctx: ctx, cancel: cancel, left: l.Refusal, refusal: true}
	if res.StatusCode < 300 {
		d.left, d.refusal = MaxObject, false
		if g.Most != nil {
			d.left = g.Most(req)
		}
	}
	if res.ContentLength > d.left && !d.refusal && req.Method != http.MethodHead {
		d.Close()
		return nil, refuse(ErrTooLarge, "a body of "+strconv.FormatInt(res.ContentLength, 10)+" bytes was announced")
	}
	if g.Streams == nil || !g.Streams(req) {
		d.dog = &watchdog{limits: l, cancel: watch.cancel}
	}
	res.Body = d
	return res, nil
}

func (g *Guard) knows(host string) bool {
	for _, h := range g.Hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

// check refuses answers that no honest store of ours gives.
func (g *Guard) check(req *http.Request, res *http.Response) error {
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return refuse(ErrRefused, "it answered with a redirect, which is never followed")
	}
	if e := res.Header.Get("Content-Encoding"); res.Uncompressed || e != "" && !strings.EqualFold(e, "identity") && e != g.Encoding {
		return refuse(ErrRefused, "it answered with an encoded body")
	}
	if res.TLS == nil {
		return refuse(ErrUntrusted, "no TLS 1.3 with it")
	}
	return nil
}

// Close closes what is below, if it can be closed.
func (g *Guard) Close() error {
	if c, ok := g.Next.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// download cuts, times and ends an answer's body.
type download struct {
	body   io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	left   int64
	dog    *watchdog
	// refusal: what an answer that is not 2xx says beyond the limit is of no
	// interest, but its status is.
	refusal bool
}

func (d *download) Read(p []byte) (int, error) {
	if int64(len(p)) > d.left+1 {
		p = p[:d.left+1]
	}
	if d.dog != nil {
		d.dog.wait()
	}
	n, err := d.body.Read(p)
	if d.dog != nil {
		d.dog.moved(n)
	}
	if err != nil && err != io.EOF && context.Cause(d.ctx) == errStalled {
		err = errStalled
	}
	d.left -= int64(n)
	if d.left < 0 && d.refusal {
		n, d.left = n+int(d.left), 0
		return n, io.EOF
	}
	if d.left < 0 {
		d.cancel(nil)
		return n + int(d.left), refuse(ErrTooLarge, "the body goes on beyond its limit")
	}
	return n, err
}

func (d *download) Close() error {
	// Cancel before closing: what is left of a body is not worth a byte.
	d.cancel(nil)
	return d.body.Close()
}

// upload times the server's readiness to take the body: from one Read to the
// next it is the server that is slow, during a Read the caller is.
type upload struct {
	body io.ReadCloser
	dog  *watchdog

	mu   sync.Mutex
	sent int
	gone bool
}

func (u *upload) Read(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return 0, io.ErrClosedPipe
	}
	u.dog.moved(u.sent)
	n, err := u.body.Read(p)
	if u.sent = n; err == nil {
		u.dog.wait()
	}
	return n, err
}

// detach takes the caller's reader away: a transport may go on reading after its
// RoundTrip has returned, when the caller is reading again elsewhere.
func (u *upload) detach() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gone = true
	u.dog.rest()
}

func (u *upload) Close() error {
	u.detach()
	return u.body.Close()
}

// StatusKind gives the error that an HTTP status stands for; nil for 2xx.
func StatusKind(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusNotFound, status == http.StatusGone:
		return ErrNotFound
	case status == http.StatusPreconditionFailed:
		return ErrExists
	case status == http.StatusRequestEntityTooLarge:
		return ErrTooLarge
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status == http.StatusTooEarly:
		return ErrUnavailable
	case status == http.StatusInsufficientStorage, status == http.StatusNotImplemented:
		return ErrRefused
	case status >= 500:
		return ErrUnavailable
	}
	return ErrRefused
}
