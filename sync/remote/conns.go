package remote

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Transport is an http.Transport that can be closed: it ends its connections
// whether or not the library considers them idle.
type Transport struct {
	*http.Transport

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

func newTransport(t *http.Transport) *Transport {
	out := &Transport{Transport: t, conns: map[net.Conn]bool{}}
	dial := t.DialContext
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return out.track(c)
	}
	return out
}

func (t *Transport) track(c net.Conn) (net.Conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	tracked := &trackedConn{Conn: c, t: t}
	t.conns[tracked] = true
	return tracked, nil
}

// Close ends every connection; later requests fail. It may be called twice.
func (t *Transport) Close() error {
	t.mu.Lock()
	t.closed = true
	var open []net.Conn
	for c := range t.conns {
		open = append(open, c)
	}
	t.mu.Unlock()
	t.CloseIdleConnections()
	for _, c := range open {
		c.Close()
	}
	return nil
}

type trackedConn struct {
	net.Conn
	t *Transport
}

func (c *trackedConn) Close() error {
	c.t.mu.Lock()
	delete(c.t.conns, c)
	c.t.mu.Unlock()
	return c.Conn.Close()
}
