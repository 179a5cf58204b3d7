//go:build linux || darwin

package secret

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapPages(n int) ([]byte, error) {
	page := os.Getpagesize()
	whole, err := unix.Mmap(-1, 0, (n+page-1)/page*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	excludeFromDumps(whole)
	return whole, nil
}

func unmapPages(whole []byte) error  { return unix.Munmap(whole) }
func lockPages(whole []byte) error   { return unix.Mlock(whole) }
func unlockPages(whole []byte) error { return unix.Munlock(whole) }
