package hosted

import (
	"io"
	"sync"
)

// noted is one attempt's hold on a request's body: it remembers whether the body
// was read, and lets go of it for the next attempt.
type noted struct {
	r io.Reader

	mu         sync.Mutex
	used, gone bool
}

func (n *noted) Read(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.gone {
		return 0, io.ErrClosedPipe
	}
	n.used = true
	return n.r.Read(p)
}

// Close leaves the body to its owner.
func (n *noted) Close() error { return nil }

// release reports whether the body is as it was, and if so takes it back.
func (n *noted) release() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gone = n.gone || !n.used
	return !n.used
}
