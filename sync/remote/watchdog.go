package remote

import (
	"sync"
	"time"
)

var errStalled = refuse(ErrUnavailable, "the transfer stalls")

// watchdog ends a transfer that is too slow because of the other end. It counts
// the time spent waiting for it, and forgives that time whenever MinBytes moved:
// a peer that drips single bytes uses its allowance up as surely as a silent one.
type watchdog struct {
	limits Limits
	cancel func()

	mu    sync.Mutex
	timer *time.Timer
	since time.Time
	spent time.Duration
	got   int64
}

// wait begins waiting.
func (w *watchdog) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Now()
	left := max(w.limits.Stall-w.spent, 0)
	if w.timer == nil {
		w.timer = time.AfterFunc(left, w.cancel)
		return
	}
	w.timer.Reset(left)
}

// moved ends waiting: n bytes have moved.
func (w *watchdog) moved(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop()
	if w.got += int64(n); w.got >= w.limits.MinBytes {
		w.got, w.spent = 0, 0
	}
}

// rest ends waiting for good or until the next wait.
func (w *watchdog) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop()
}

func (w *watchdog) stop() {
	if w.timer == nil || w.since.IsZero() {
		return
	}
	w.timer.Stop()
	w.spent += time.Since(w.since)
	w.since = time.Time{}
}
