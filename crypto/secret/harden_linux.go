package secret

import "golang.org/x/sys/unix"

// excludeFromDumps is advice: a refusal changes nothing about the memory.
func excludeFromDumps(whole []byte) { _ = unix.Madvise(whole, unix.MADV_DONTDUMP) }

func disableCoreDumps() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }

// denyInspection also refuses ptrace and /proc/PID/mem to the same user.
func denyInspection() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
