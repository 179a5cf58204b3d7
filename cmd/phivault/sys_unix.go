//go:build linux || darwin

package main

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// ignorePipeSignal makes writing to a closed pipe an error. Notify, unlike
// Ignore, leaves the default to the programs that are started from here.
func ignorePipeSignal() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

func brokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

// openTTYFiles opens the controlling terminal for reading and writing.
func openTTYFiles() (in, out *os.File, err error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return f, f, err
}

// readableByOthers reports whether a file's mode lets group or others read it.
func readableByOthers(fi fs.FileInfo) bool { return fi.Mode().Perm()&0o044 != 0 }

// freeSpace is what the owner may still write where dir lies, in bytes.
func freeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
