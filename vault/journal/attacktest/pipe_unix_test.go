//go:build !windows

package attacktest

import "syscall"

// pipe makes a named pipe, whose opening waits for somebody at its other end.
func pipe(name string) error { return syscall.Mkfifo(name, 0o600) }
