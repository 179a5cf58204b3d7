package local

import (
	"os"
	"runtime/debug"
)

// memoryGoal is what Go's heap and stacks keep below where they can, in bytes.
// SQLite's caches are not in it. Applying and importing hold some 30 MB at a time,
// so that the collector is not hurried by it.
const memoryGoal = 64 << 20

// LimitMemory has the garbage collector begin in time for a process that works on
// a vault to stay small, instead of letting the heap grow to twice what is used.
// Programs call it once, when they start. GOMEMLIMIT in the environment goes
// before. A single resource or a key derivation that is larger still gets its memory.
func LimitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
}
