package main

import (
	"context"
	"sync"
	"time"

	"phivault/tui"
	"phivault/vault/local"
)

// closeWait is how long closing waits for exchanges to notice: a folder that hangs
// must not keep keys in memory.
const closeWait = 3 * time.Second

// sharing is what the interface does with remotes and other devices, by the same
// steps as the commands.
type sharing struct {
	s       *session
	turn    chan struct{} // holds one: whoever put it there exchanges
	changed chan struct{} // holds one: remotes were added or removed
	ctx     context.Context
	stop    context.CancelFunc
	busy    sync.WaitGroup

	mu      sync.Mutex // guards what follows
	closed  bool
	torn    int64 // records in conflict, when they were last counted
	stale   bool  // they are to be counted again
	next    int64 // the entry from which on nobody looked for what arrived; 0: not begun
	arrived int64 // versions and deletions of other devices since then
}

var (
	_ tui.Sharing = (*sharing)(nil)
	_ tui.Remotes = sharedRemotes{}
	_ tui.Sync    = sharedSync{}
	_ tui.Devices = sharedDevices{}
)

func newSharing(s *session) *sharing {
	x := &sharing{s: s, stale: true, turn: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	x.ctx, x.stop = context.WithCancel(context.Background())
	return x
}

func (x *sharing) Remotes() tui.Remotes     { return sharedRemotes{x} }
func (x *sharing) Sync() tui.Sync           { return sharedSync{x} }
func (x *sharing) Devices() tui.Devices     { return sharedDevices{x} }
func (x *sharing) Conflicts() tui.Conflicts { return sharedConflicts{x} }

// close ends what is going on. After it, or when what goes on does not end, the
// vault may be closed.
func (x *sharing) close() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.stop()
	ended := make(chan struct{})
	go func() { x.busy.Wait(); close(ended) }()
	limit := time.NewTimer(closeWait)
	defer limit.Stop()
	select {
	case <-ended:
	case <-limit.C:
	}
}

// begin gives a context that ends with the vault, too. The caller calls done.
func (x *sharing) begin(ctx context.Context) (_ context.Context, done func(), err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return ctx, func() {}, local.ErrClosed
	}
	x.busy.Add(1)
	ctx, stop := context.WithCancel(ctx)
	apart := context.AfterFunc(x.ctx, stop)
	return ctx, func() { apart(); stop(); x.busy.Done() }, nil
}

// alone is begin for an exchange: it waits until no other is going on.
func (x *sharing) alone(ctx context.Context) (_ context.Context, done func(), err error) {
	ctx, end, err := x.begin(ctx)
	if err != nil {
		return ctx, end, err
	}
	if err := x.take(ctx); err != nil {
		end()
		return ctx, func() {}, err
	}
	return ctx, func() { x.give(); end() }, nil
}

func (x *sharing) take(ctx context.Context) error {
	select {
	case x.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (x *sharing) give() { <-x.turn }

// tellChanged has a watch begin anew.
func (x *sharing) tellChanged() {
	select {
	case x.changed <- struct{}{}:
	default:
	}
}
