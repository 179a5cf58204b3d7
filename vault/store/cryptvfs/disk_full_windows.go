package cryptvfs

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isDiskFull recognises a full disk and an exhausted quota.
func isDiskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}
