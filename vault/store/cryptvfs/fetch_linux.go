package cryptvfs

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// pageCache is Linux's.
type pageCache struct {
	file *os.File
	fd   int
	into [1][]byte // here, so that asking allocates nothing
}

var _ systemCache = (*pageCache)(nil)

func cacheOf(f *os.File) systemCache { return &pageCache{file: f, fd: int(f.Fd())} }

// cached costs what reading costs (preadv2(2), RWF_NOWAIT). What went wrong the read that
// waits will tell; where the file system or a sandbox cannot say, nobody asks again.
func (c *pageCache) cached(b []byte, off int64) whereabouts {
	c.into[0] = b
	n, err := unix.Preadv2(c.fd, c.into[:], off, unix.RWF_NOWAIT)
	runtime.KeepAlive(c.file)
	switch {
	case err == nil && n == len(b):
		return isCached
	case err == nil, errors.Is(err, unix.EAGAIN):
		return notCached
	case errors.Is(err, unix.EINTR):
		return notSaid
	}
	return cannotSay
}

// fetch need not succeed.
func (c *pageCache) fetch(off, size int64) {
	_ = unix.Fadvise(c.fd, off, size, unix.FADV_WILLNEED)
	runtime.KeepAlive(c.file)
}
