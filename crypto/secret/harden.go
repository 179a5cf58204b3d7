package secret

import (
	"errors"
	"os"
	"runtime/debug"
)

// Step is one protection of the process and what became of it.
type Step struct {
	Name   string // stable: "core-dumps", "inspection", "environment", "memory-lock"
	Done   bool
	Detail string // for a person; says why when not Done
}

// Report lists the protections in the order they were tried.
type Report struct{ Steps []Step }

// Complete reports whether every protection is in place.
func (r Report) Complete() bool {
	for _, s := range r.Steps {
		if !s.Done {
			return false
		}
	}
	return true
}

// HardenProcess turns core dumps off, keeps other processes of the same user
// from reading this one's memory, and removes the variables by which the
// terminal library writes what it shows to a file (TEA_TRACE, TEA_DEBUG). To be
// called first in main; calling it again is harmless. What the system refuses is
// reported, never fatal.
func HardenProcess() Report {
	return Report{[]Step{
		step("core-dumps", "off", disableCoreDumps()),
		step("inspection", "denied to other processes of this user", denyInspection()),
		step("environment", "TEA_TRACE and TEA_DEBUG unset", errors.Join(os.Unsetenv("TEA_TRACE"), os.Unsetenv("TEA_DEBUG"))),
		step("memory-lock", "keys are kept out of swap", probeLock()),
	}}
}

func step(name, done string, err error) Step {
	if err != nil {
		return Step{Name: name, Detail: err.Error()}
	}
	return Step{Name: name, Done: true, Detail: done}
}

func probeLock() error {
	whole, err := mapPages(1)
	if err != nil {
		return err
	}
	defer func() { _ = unmapPages(whole) }()
	if err := lockPages(whole); err != nil {
		return err
	}
	return unlockPages(whole)
}

// Release gives memory that is no longer used back to the system at once, for
// the hundreds of megabytes a key derivation leaves behind. It runs a garbage
// collection: a few milliseconds.
func Release() { debug.FreeOSMemory() }
