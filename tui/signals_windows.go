package tui

import (
	"os"
	"syscall"
)

// endSignals are the signals that close the vault and end the interface.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

func resultOf(os.Signal) Result { return Quit }

// Suspend does nothing where there is no job control.
func Suspend() error { return nil }
