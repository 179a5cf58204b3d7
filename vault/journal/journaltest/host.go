package journaltest

import (
	"context"
	"crypto/ed25519"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"phivault/sync/host"
	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/hosted"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Host is the project's own host on loopback, over TLS 1.3, with its objects in a
// folder or in another remote.
type Host struct {
	Dir     string
	Address string
	Store   remote.Remote // the host's; closed with it
	Limits  host.Limits
	tls     host.TLS
	key     ed25519.PrivateKey // of all clients
	known   map[remote.Space]bool
	stop    func()
}

// Serve starts a host that runs until Stop or the test's end. store nil is a
// folder below dir.
func Serve(t testing.TB, dir string, store remote.Remote) *Host {
	t.Helper()
	h := &Host{Dir: dir, Store: store, known: map[remote.Space]bool{},
		Limits: host.Limits{Requests: 1e9, Burst: 1e9}}
	var err error
	if h.Store == nil {
		h.Store, err = folder.Create(filepath.Join(dir, "objects"))
		check(t, err)
	}
	h.tls, err = host.SelfSigned(filepath.Join(dir, "tls"), []string{"127.0.0.1"}, time.Now)
	check(t, err)
	h.key, err = hosted.NewKey()
	check(t, err)
	h.Start(t, "127.0.0.1:0")
	t.Cleanup(func() {
		h.Stop()
		check(t, h.Store.Close())
	})
	return h
}

// Start serves again, from the state that is there.
func (h *Host) Start(t testing.TB, address string) {
	t.Helper()
	s, err := host.New(host.Config{State: h.Dir, Store: h.Store, Limits: h.Limits})
	check(t, err)
	l, err := net.Listen("tcp", address)
	check(t, err)
	h.Address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, h.tls, 5*time.Second) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		err := <-done
		check(t, s.Close())
		check(t, err)
	})
}

// Stop ends the host; its state stays.
func (h *Host) Stop() { h.stop() }

// Client opens the host for a vault, through address where that is not "": a
// proxy's. l are the client's limits, zero for the usual ones.
func (h *Host) Client(t testing.TB, vaultID vault.Hash, address string, l remote.Limits) *hosted.Remote {
	t.Helper()
	if address == "" {
		address = h.Address
	}
	space := segment.Space(vaultID)
	open := func(address string) *hosted.Remote {
		c, err := hosted.Open(hosted.Config{Address: address, Vault: space, HTTP: remote.HTTP{Pin: h.tls.Pin, Limits: l}}, h.key)
		check(t, err)
		return c
	}
	if !h.known[space] {
		c := open(h.Address)
		check(t, c.Register(t.Context(), h.token(t)))
		check(t, c.Close())
		h.known[space] = true
	}
	c := open(address)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (h *Host) token(t testing.TB) string {
	t.Helper()
	a, err := host.OpenAdmin(h.Dir, time.Now)
	check(t, err)
	defer a.Close()
	s, err := a.Mint(host.Token{Quota: 1 << 40, Object: 1 << 30, Expires: time.Now().Add(time.Hour)})
	check(t, err)
	return s
}
