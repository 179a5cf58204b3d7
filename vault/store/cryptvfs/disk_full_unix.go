//go:build !windows

package cryptvfs

import (
	"errors"
	"syscall"
)

// isDiskFull recognises a full disk, an exhausted quota, and a file that may
// grow no further (RLIMIT_FSIZE, or 4 GiB on FAT).
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
