//go:build !windows

package cryptvfs

import "golang.org/x/sys/unix"

// openItself refuses a link, and does not wait for the other end of a pipe.
const openItself = unix.O_NOFOLLOW | unix.O_NONBLOCK
