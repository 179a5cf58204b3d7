package hosted

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base32"
	"encoding/base64"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"

	"phivault/sync/remote"
)

// maxConns bounds connections; over HTTP/2 one does.
const maxConns = 8

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func encode(key ed25519.PublicKey) string { return encoding.EncodeToString(key) }

// pool signs each request for the connection that it then uses: net/http's own
// pool tells too late which one that is.
type pool struct {
	transport *remote.Transport
	address   string
	vault     remote.Space
	key       ed25519.PrivateKey

	dialing chan struct{} // holds one token: who is first dials, and the others share

	mu       sync.Mutex
	conns    []*conn
	turn     int
	failures int // of dialing
	failure  error
}

type conn struct {
	*http.ClientConn
	exporter []byte
}

var _ http.RoundTripper = (*pool)(nil)

// RoundTrip signs and sends. A connection that has died while it rested is
// noticed by its next request; that one is sent again if nothing of its body has
// been read.
func (p *pool) RoundTrip(req *http.Request) (*http.Response, error) {
	for {
		c, fresh, err := p.reserve(req.Context())
		if err != nil {
			if req.Body != nil {
				req.Body.Close()
			}
			return nil, err
		}
		out := req.Clone(req.Context())
		var read *noted
		if req.Body != nil && req.Body != http.NoBody {
			read = &noted{r: req.Body}
			out.Body = read
		}
		out.Header.Set("Authorization", p.sign(c, out))
		res, err := c.RoundTrip(out)
		if err == nil || fresh || c.Err() == nil || req.Context().Err() != nil || read != nil && !read.release() {
			return res, err
		}
	}
}

// sign makes the Authorization of a request on one connection.
func (p *pool) sign(c *conn, req *http.Request) string {
	var b bytes.Buffer
	b.WriteString("phivault host request v1\x00")
	b.Write(c.exporter)
	b.WriteString(req.Method + "\x00" + req.URL.RequestURI() + "\x00" + strconv.FormatInt(max(req.ContentLength, 0), 10))
	sig := ed25519.Sign(p.key, b.Bytes())
	return "PhivaultHost vault=" + p.vault.String() + ",key=" + encode(p.key.Public().(ed25519.PublicKey)) +
		",sig=" + base64.RawURLEncoding.EncodeToString(sig)
}

// reserve gives a connection with room for one more request; RoundTrip uses the
// room up.
func (p *pool) reserve(ctx context.Context) (c *conn, fresh bool, err error) {
	if c := p.pick(); c != nil {
		return c, false, nil
	}
	p.mu.Lock()
	before := p.failures
	p.mu.Unlock()
	select {
	case p.dialing <- struct{}{}:
		defer func() { <-p.dialing }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	if c := p.pick(); c != nil {
		return c, false, nil
	}
	// Whoever waited for somebody else's attempt shares how it ended: a host that
	// swallows everything would otherwise be waited for once for each of them.
	p.mu.Lock()
	failures, failure := p.failures, p.failure
	p.mu.Unlock()
	if failures != before {
		return nil, false, failure
	}
	if c, err = p.dial(ctx); err != nil {
		if ctx.Err() == nil {
			p.mu.Lock()
			p.failures, p.failure = p.failures+1, err
			p.mu.Unlock()
		}
		return nil, false, err
	}
	if err := c.Reserve(); err != nil {
		c.Close()
		return nil, false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c)
	return c, true, nil
}

// pick finds room in the connections there are, or gives nil for another one.
func (p *pool) pick() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	living := p.conns[:0]
	for _, c := range p.conns {
		switch {
		case c.Err() == nil, c.InFlight() > 0: // what was begun on a connection that is closing may end
			living = append(living, c)
		default:
			c.Close()
		}
	}
	clear(p.conns[len(living):])
	p.conns = living
	for _, c := range p.conns {
		if c.Err() == nil && c.Reserve() == nil {
			return c
		}
	}
	if len(p.conns) < maxConns {
		return nil
	}
	p.turn++
	c := p.conns[p.turn%len(p.conns)]
	if c.Err() != nil {
		return nil
	}
	return c // its RoundTrip waits for room
}

func (p *pool) dial(ctx context.Context) (*conn, error) {
	var state tls.ConnectionState
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeDone: func(s tls.ConnectionState, err error) { state = s },
	})
	cc, err := p.transport.NewClientConn(ctx, "https", p.address)
	if err != nil {
		return nil, err
	}
	exporter, err := remote.Exporter(state)
	if err != nil {
		cc.Close()
		return nil, err
	}
	return &conn{cc, exporter}, nil
}

// Close ends every connection.
func (p *pool) Close() error {
	p.mu.Lock()
	conns := p.conns
	p.conns = nil
	p.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
	return p.transport.Close()
}
