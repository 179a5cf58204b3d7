package host_test

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"phivault/sync/remote"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/remotetest"
)

// A host that takes connections and says nothing is waited for once by all that
// ask at the same time, and not once by each.
func TestASilentHostIsWaitedForOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var taken atomic.Int32
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			taken.Add(1)
			defer c.Close()
		}
	})
	c, err := hosted.Open(hosted.Config{Address: l.Addr().String(), Vault: remotetest.Space(),
		HTTP: remote.HTTP{Pin: remote.Pin{1}, Limits: remote.Limits{Dial: time.Second}}}, newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	const askers = 8
	var wg sync.WaitGroup
	for range askers {
		wg.Go(func() {
			if _, _, err := c.Get(t.Context(), remotetest.Name()); !errors.Is(err, remote.ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := taken.Load(); n > askers/2 {
		t.Errorf("%d connections for %d questions", n, askers)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	l.Close()
	conns.Wait()
}
