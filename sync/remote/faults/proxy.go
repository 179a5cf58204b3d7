package faults

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

var errBroken = errors.New("made to break off")

func isBroken(err error) bool { return errors.Is(err, errBroken) }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

// Weather is what a Proxy does to connections. The zero value passes all.
type Weather struct {
	Delay time.Duration // before each portion of bytes is passed on
	// Cut, if above 0, ends each connection when so many bytes have passed in both
	// directions together; with Reset by an RST, otherwise by a FIN.
	Cut   int64
	Reset bool
	// Ragged draws each connection's own cut between 1 and twice Cut.
	Ragged bool
	// Blackhole swallows everything and says nothing.
	Blackhole bool
	// Closed refuses new connections.
	Closed bool
}

// Proxy is a TCP proxy on loopback with weather, before one server.
type Proxy struct {
	listener net.Listener
	target   string
	wg       sync.WaitGroup

	mu      sync.Mutex
	weather Weather
	conns   map[net.Conn]bool
	done    chan struct{}
}

// NewProxy listens on a free port of 127.0.0.1 for connections to target.
func NewProxy(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, conns: map[net.Conn]bool{}, done: make(chan struct{})}
	p.wg.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Set changes the weather, for connections that stand as well.
func (p *Proxy) Set(w Weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
}

func (p *Proxy) now() Weather {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.weather
}

// Close ends every connection and waits for all that passed them on.
func (p *Proxy) Close() error {
	p.mu.Lock()
	select {
	case <-p.done:
		p.mu.Unlock()
		return nil
	default:
	}
	close(p.done)
	err := p.listener.Close()
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
	return err
}

func (p *Proxy) accept() {
	rng := rand.New(rand.NewPCG(1, 2))
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.now().Closed {
			reset(c)
			continue
		}
		s, err := net.Dial("tcp", p.target)
		if err != nil {
			c.Close()
			continue
		}
		if !p.hold(c, s) {
			return
		}
		l := &link{proxy: p, a: c, b: s, share: rng.Float64()}
		p.wg.Go(func() { l.pass(c, s) })
		p.wg.Go(func() { l.pass(s, c) })
	}
}

// hold notes connections to be closed with the proxy.
func (p *Proxy) hold(cs ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		for _, c := range cs {
			c.Close()
		}
		return false
	default:
	}
	for _, c := range cs {
		p.conns[c] = true
	}
	return true
}

type link struct {
	proxy *Proxy
	a, b  net.Conn
	share float64 // of twice the cut, if that is ragged

	mu     sync.Mutex
	passed int64
	ended  bool
}

func (l *link) pass(from, to net.Conn) {
	defer l.end(false)
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			w := l.proxy.now()
			if w.Delay > 0 {
				t := time.NewTimer(w.Delay)
				select {
				case <-t.C:
				case <-l.proxy.done:
					t.Stop()
					return
				}
			}
			if !w.Blackhole {
				if w.Ragged && w.Cut > 0 {
					w.Cut = 1 + int64(l.share*2*float64(w.Cut))
				}
				allowed, cut := l.allowed(int64(n), w.Cut)
				if _, err := to.Write(buf[:allowed]); err != nil {
					return
				}
				if cut {
					l.end(w.Reset)
					return
				}
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *link) allowed(n, cut int64) (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cut > 0 && l.passed+n >= cut {
		n = max(cut-l.passed, 0)
		l.passed = cut
		return n, true
	}
	l.passed += n
	return n, false
}

func (l *link) end(rst bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.ended = true
	for _, c := range []net.Conn{l.a, l.b} {
		if rst {
			reset(c)
		} else {
			c.Close()
		}
		l.proxy.mu.Lock()
		delete(l.proxy.conns, c)
		l.proxy.mu.Unlock()
	}
}

func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	c.Close()
}
