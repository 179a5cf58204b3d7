package host_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"phivault/sync/host"
	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/remotetest"
)

// running is a host on loopback.
type running struct {
	t       testing.TB
	state   string
	store   remote.Remote
	admin   *host.Admin
	address string
	tls     host.TLS
	logs    *logs
	stop    func()
}

type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start serves from a fresh folder; change may alter the configuration.
func start(t testing.TB, change func(*host.Config)) *running {
	t.Helper()
	r := &running{t: t, state: t.TempDir(), logs: &logs{}}
	store, err := folder.Create(r.state + "/objects")
	if err != nil {
		t.Fatal(err)
	}
	r.store = store
	t.Cleanup(func() { store.Close() })
	if r.admin, err = host.OpenAdmin(r.state, time.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.admin.Close() })
	if r.tls, err = host.SelfSigned(r.state+"/tls", []string{"127.0.0.1"}, time.Now); err != nil {
		t.Fatal(err)
	}
	r.serve("127.0.0.1:0", change)
	return r
}

// serve starts the host on the state folder that is there, until stop or the end.
func (r *running) serve(address string, change func(*host.Config)) {
	r.t.Helper()
	c := host.Config{State: r.state, Store: r.store, Log: slog.New(slog.NewJSONHandler(r.logs, nil))}
	if change != nil {
		change(&c)
	}
	h, err := host.New(c)
	if err != nil {
		r.t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l, r.tls, 5*time.Second) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("serve: %v", err)
		}
		if err := h.Close(); err != nil {
			r.t.Errorf("close: %v", err)
		}
	})
	r.t.Cleanup(r.stop)
}

func (r *running) token(t host.Token) string {
	r.t.Helper()
	if t.Quota == 0 {
		t.Quota = 1 << 30
	}
	if t.Object == 0 {
		t.Object = 1 << 30
	}
	if t.Expires.IsZero() {
		t.Expires = time.Now().Add(time.Hour)
	}
	s, err := r.admin.Mint(t)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func newKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	k, err := hosted.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// client opens the host for a vault under a key that may or may not be known.
func (r *running) client(vault remote.Space, key ed25519.PrivateKey) *hosted.Remote {
	r.t.Helper()
	c, err := hosted.Open(hosted.Config{Address: r.address, Vault: vault, HTTP: remote.HTTP{Pin: r.tls.Pin}}, key)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

// member registers a new vault and gives a client of it.
func (r *running) member(vault remote.Space, t host.Token) *hosted.Remote {
	r.t.Helper()
	c := r.client(vault, newKey(r.t))
	if err := c.Register(r.t.Context(), r.token(t)); err != nil {
		r.t.Fatal(err)
	}
	return c
}

func other() remote.Space { return remote.VaultSpace([10]byte{9, 9, 9}) }

func name(s remote.Space) remote.Name { return s.Name([32]byte(remotetest.Bytes(32))) }

func sha(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
