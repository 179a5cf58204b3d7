//go:build unix

package local

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openPlain opens a regular file and nothing else: errNotPlain for a link, which
// could lead to any file of the owner's, and for a pipe, which would wait for its
// other end. A file that flag has it make is private.
func openPlain(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	// ENXIO is a socket, or a pipe to write to that nobody reads.
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EMLINK) || errors.Is(err, unix.ENXIO) {
		return nil, errNotPlain
	}
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = errNotPlain
	}
	if err != nil {
		return nil, first(err, f.Close())
	}
	return f, nil
}

// ownFile reports whether an open file is this user's, and by one name only.
func ownFile(f *os.File, fi os.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && oneName(f, fi)
}

// oneName reports whether the file has no hard links beside its name.
func oneName(_ *os.File, fi os.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 1
}
