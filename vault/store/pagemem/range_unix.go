//go:build linux || darwin

package pagemem

import "golang.org/x/sys/unix"

// reserve gives n bytes that take memory as they are used; nil where the system
// refuses.
func reserve(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return nil
	}
	return b
}

func release(b []byte) { _ = unix.Munmap(b) }

// forget gives the memory of b back; what it held is lost. Where the system does not
// take it nothing is worse than before.
func forget(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }
