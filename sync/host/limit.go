package host

import (
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// byAddress limits by client address, remembering a bounded number of them.
type byAddress struct {
	perSecond float64
	now       func() time.Time

	mu   sync.Mutex
	seen map[string]*rate.Limiter
}

const addresses = 4096

func newByAddress(perSecond float64, now func() time.Time) *byAddress {
	return &byAddress{perSecond: perSecond, now: now, seen: map[string]*rate.Limiter{}}
}

func (b *byAddress) allow(addr string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.seen[addr]
	if l == nil {
		for a := range b.seen { // any one goes: the map's order is random
			if len(b.seen) < addresses {
				break
			}
			delete(b.seen, a)
		}
		l = rate.NewLimiter(rate.Limit(b.perSecond), int(4*b.perSecond)+1)
		b.seen[addr] = l
	}
	return l.AllowN(b.now(), 1)
}

// limitedListener closes connections above its bounds as they come.
type limitedListener struct {
	net.Listener
	most, perAddress int

	mu   sync.Mutex
	all  int
	from map[string]int
}

func newLimitedListener(l net.Listener, most, perAddress int) net.Listener {
	return &limitedListener{Listener: l, most: most, perAddress: perAddress, from: map[string]int{}}
}

func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr := address(c.RemoteAddr().String())
		l.mu.Lock()
		room := l.all < l.most && l.from[addr] < l.perAddress
		if room {
			l.all++
			l.from[addr]++
		}
		l.mu.Unlock()
		if room {
			return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { l.leave(addr) })}, nil
		}
		c.Close()
	}
}

func (l *limitedListener) leave(addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.from[addr]--; l.from[addr] == 0 {
		delete(l.from, addr)
	}
}

type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
