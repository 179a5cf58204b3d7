package secret

import "golang.org/x/sys/unix"

// excludeFromDumps: macOS has no such advice; core dumps are off altogether.
func excludeFromDumps([]byte) {}

func disableCoreDumps() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }

// denyInspection sets PT_DENY_ATTACH: no debugger attaches from here on.
func denyInspection() error { return unix.PtraceDenyAttach() }
