//go:build unix

package tui

import (
	"os"
	"syscall"
)

// endSignals are the signals that close the vault and end the interface.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTSTP}

// goneSignals are those of them that tell of the terminal.
var goneSignals = []os.Signal{syscall.SIGHUP, syscall.SIGTSTP}

func resultOf(s os.Signal) Result {
	if s == syscall.SIGTSTP {
		return Suspended
	}
	return Quit
}

// Suspend stops this process as the terminal's suspend key does, until it is
// continued.
func Suspend() error { return syscall.Kill(0, syscall.SIGTSTP) }
