package local

import (
	"sync"
	"time"

	"phivault/vault/store"
)

// keeper saves the newest head now and then: at once after the first, at most
// once a second after that, and a last time when it is closed. Before it is
// started it hears nothing: a database that has not been compared with its
// anchor must not replace it.
type keeper struct {
	save func(store.Head)

	mu      sync.Mutex
	started bool
	head    store.Head
	unsent  bool
	wake    chan struct{} // holds one
	stop    chan struct{}
	done    chan struct{} // nil until it is started
}

const anchorPause = time.Second

func newKeeper(save func(store.Head)) *keeper {
	return &keeper{save: save, wake: make(chan struct{}, 1), stop: make(chan struct{})}
}

// start lets it save what is offered from now on. There is nothing to save yet:
// what was read when the database was opened may be a killed process's, in the
// system's memory and not on the disk. It is called at most once.
func (k *keeper) start() {
	k.mu.Lock()
	k.started = true
	k.mu.Unlock()
	k.done = make(chan struct{})
	go k.run()
}

// offer says that the database durably stands at h. It never blocks.
func (k *keeper) offer(h store.Head) {
	k.mu.Lock()
	if !k.started {
		k.mu.Unlock()
		return
	}
	k.head, k.unsent = h, true
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *keeper) run() {
	defer close(k.done)
	defer k.flush()
	for {
		select {
		case <-k.stop:
			return
		case <-k.wake:
		}
		k.flush()
		pause := time.NewTimer(anchorPause)
		select {
		case <-k.stop:
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

func (k *keeper) flush() {
	k.mu.Lock()
	h, unsent := k.head, k.unsent
	k.unsent = false
	k.mu.Unlock()
	if unsent {
		k.save(h)
	}
}

// close saves what is unsaved and returns when nothing runs any more.
func (k *keeper) close() {
	if k.done == nil {
		return
	}
	close(k.stop)
	<-k.done
}
