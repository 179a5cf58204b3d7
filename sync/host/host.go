// Package host serves objects to the members of vaults, by the protocol in
// PROTOCOL.md: create-only, over TLS 1.3, within quotas.
//
// A host is trusted with nothing, and this package is written so that there is
// nothing to trust it with: it links none of the code that could open what it
// keeps, and its logs name no object, no vault and no key. What it promises to
// its operator is to stay within the limits, to keep what it acknowledged, and to
// notice with Check when the store below has lost or changed something.
//
// It never deletes, unless the operator allowed that for a vault.
package host

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"phivault/sync/remote"
)

// Config says what a host serves from and within what limits. Zero limits have
// defaults.
type Config struct {
	// State is the folder of registrations, ledgers and tokens.
	State string
	// Store keeps the objects. The host does not close it.
	Store remote.Remote
	// Log gets one line a request; nil is silence.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now    func() time.Time
	Limits Limits
}

// Limits bound what clients can cost.
type Limits struct {
	Requests      float64       // a second and vault; default 500
	Burst         int           // default 1000
	Connections   int           // in all; default 4096
	PerAddress    int           // connections of one address; default 1024
	Watches       int           // of one vault; default 256
	Refusals      float64       // answers 401 a second and address; default 5
	Stall         time.Duration // a body moves MinBytes in each such time; default 30 s
	MinBytes      int64         // default 16 KiB
	Heartbeat     time.Duration // of a watch; default 25 s
	KeysPerVault  int           // default 256
	StreamsPerTLS uint32        // requests at once on a connection; default 32
}

func (l Limits) filled() Limits {
	fill(&l.Requests, 500)
	fill(&l.Burst, 1000)
	fill(&l.Connections, 4096)
	fill(&l.PerAddress, 1024)
	fill(&l.Watches, 256)
	fill(&l.Refusals, 5)
	fill(&l.Stall, 30*time.Second)
	fill(&l.MinBytes, 16<<10)
	fill(&l.Heartbeat, 25*time.Second)
	fill(&l.KeysPerVault, 256)
	fill(&l.StreamsPerTLS, 32)
	return l
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Host answers requests. Make one per state folder: New takes its lock.
type Host struct {
	config   Config
	limits   Limits
	log      *slog.Logger
	registry *registry
	store    remote.Remote
	exists   *inflight // one writer a name at a time, where the store is weak
	hub      *hub
	refusals *byAddress
	lock     *os.File

	mu       sync.Mutex
	vaults   map[remote.Space]*vault
	stopping bool
}

// ErrInUse: another process serves from this state folder.
var ErrInUse = errors.New("the state folder is in use by another process")

// New opens the state folder, which it makes where it is missing.
func New(c Config) (*Host, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	reg, err := openRegistry(c.State, c.Now)
	if err != nil {
		return nil, err
	}
	lock, err := takeLock(c.State)
	if err != nil {
		reg.close()
		return nil, err
	}
	l := c.Limits.filled()
	h := &Host{config: c, limits: l, log: c.Log, registry: reg, store: c.Store, lock: lock, hub: newHub(l.Watches),
		refusals: newByAddress(l.Refusals, c.Now), vaults: map[remote.Space]*vault{}}
	if remote.StrengthOf(c.Store) == remote.Weak {
		h.exists = newInflight()
	}
	return h, nil
}

// Close ends watches and lets go of the state folder. Stop serving first.
func (h *Host) Close() error {
	h.hub.close()
	return errors.Join(h.registry.close(), h.lock.Close())
}

// Serve answers on a listener, over TLS as cert provides, until ctx ends; then it
// lets requests finish for as long as grace, and returns nil.
func (h *Host) Serve(ctx context.Context, l net.Listener, t TLS, grace time.Duration) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	server := &http.Server{
		Handler:           h.Handler(),
		TLSConfig:         t.config(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          quiet(h.log),
		Protocols:         protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: int(h.limits.StreamsPerTLS),
			MaxReadFrameSize:     64 << 10,
			SendPingTimeout:      30 * time.Second, PingTimeout: 15 * time.Second,
			WriteByteTimeout:              h.limits.Stall,
			MaxReceiveBufferPerConnection: 2 << 20,
			MaxReceiveBufferPerStream:     1 << 20,
		},
	}
	limited := newLimitedListener(l, h.limits.Connections, h.limits.PerAddress)
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(limited, "", "") }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	h.mu.Lock()
	h.stopping = true
	h.mu.Unlock()
	h.hub.close() // watches would outlast any grace
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		server.Close()
	}
	<-done
	return nil
}
