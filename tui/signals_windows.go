package tui

import (
	"os"
	"syscall"
)

// endSignals are the signals that close the vault and end the interface.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// goneSignals are those of them that tell of the terminal.
var goneSignals []os.Signal

func resultOf(os.Signal) Result { return Quit }

// Suspend does nothing where there is no job control.
func Suspend() error { return nil }
