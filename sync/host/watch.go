package host

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"phivault/sync/remote"
)

// hub tells watchers of new objects. It never waits for one: who is behind gets
// an empty name, which stands for "look again".
type hub struct {
	most int

	mu     sync.Mutex
	subs   map[remote.Space]map[chan remote.Name]bool
	done   chan struct{}
	closed bool
}

func newHub(most int) *hub {
	return &hub{most: most, subs: map[remote.Space]map[chan remote.Name]bool{}, done: make(chan struct{})}
}

func (h *hub) subscribe(s remote.Space) (c chan remote.Name, leave func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.subs[s]) >= h.most {
		return nil, nil, false
	}
	if h.subs[s] == nil {
		h.subs[s] = map[chan remote.Name]bool{}
	}
	c = make(chan remote.Name, 32)
	h.subs[s][c] = true
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if delete(h.subs[s], c); len(h.subs[s]) == 0 {
			delete(h.subs, s)
		}
	}, true
}

func (h *hub) publish(s remote.Space, n remote.Name) {
	if n.Space() != s {
		return // whoever waits for a rendezvous asks for it by name
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.subs[s] {
		select {
		case c <- n:
			continue
		default:
		}
		select {
		case <-c: // room for the sign that something is missing
		default:
		}
		select {
		case c <- remote.Name{}:
		default:
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
}

// watch streams names until somebody has had enough.
func (h *Host) watch(w http.ResponseWriter, req *http.Request, who signer) int {
	c, leave, ok := h.hub.subscribe(who.vault)
	if !ok {
		return http.StatusTooManyRequests
	}
	defer leave()
	text(w)
	rc := http.NewResponseController(w)
	defer rc.SetWriteDeadline(time.Time{})
	say := func(line string) error {
		rc.SetWriteDeadline(time.Now().Add(h.limits.Stall))
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
		return rc.Flush()
	}
	if say("") != nil {
		return 0
	}
	beat := time.NewTicker(h.limits.Heartbeat)
	defer beat.Stop()
	for {
		var line string
		select {
		case n := <-c:
			line = n.String()
		case <-beat.C:
		case <-req.Context().Done():
			return 0
		case <-h.hub.done:
			return 0
		}
		// Whose access was taken away hears no more either.
		if !h.registry.knows(who.vault, who.key) || say(line) != nil {
			return 0
		}
	}
}

// inflight lets one writer of a name through at a time.
type inflight struct {
	mu    sync.Mutex
	names map[remote.Name]chan struct{}
}

func newInflight() *inflight { return &inflight{names: map[remote.Name]chan struct{}{}} }

func (f *inflight) enter(ctx context.Context, n remote.Name) (leave func(), err error) {
	for {
		f.mu.Lock()
		other := f.names[n]
		if other == nil {
			mine := make(chan struct{})
			f.names[n] = mine
			f.mu.Unlock()
			return func() {
				f.mu.Lock()
				delete(f.names, n)
				f.mu.Unlock()
				close(mine)
			}, nil
		}
		f.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
