package memory_test

import (
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/remotetest"
)

func TestContract(t *testing.T) {
	remotetest.Run(t, remotetest.Options{
		Open:    func(*testing.T) remote.Remote { return memory.New() },
		Buffers: true, Watches: true, Lists: true, Deletes: true,
	})
}

// A watcher that does not listen must not hold up anybody, and learns that it
// missed something.
func TestASlowWatcherIsToldToLookAgain(t *testing.T) {
	r := memory.New()
	signs, first := 0, true
	for n, err := range r.Watch(t.Context(), remotetest.Space()) {
		if err != nil {
			t.Fatal(err)
		}
		if first {
			first = false
			for range 100 {
				remotetest.Put(t, r, remotetest.Name(), []byte("x"))
			}
			continue
		}
		if signs++; n.IsZero() {
			return
		}
		if signs > 20 {
			t.Fatal("100 objects, a queue of 16, and no sign that any was missed")
		}
	}
}
