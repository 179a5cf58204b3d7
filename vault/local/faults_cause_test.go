//go:build linux || darwin

package local

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"phivault/vault"
)

// TestFaultsTellMediumFromPermission: both forbid writing, and what to do about
// them differs.
func TestFaultsTellMediumFromPermission(t *testing.T) {
	for errno, permission := range map[syscall.Errno]bool{syscall.EACCES: true, syscall.EROFS: false} {
		err := fault("locking", &os.PathError{Op: "open", Path: "/somewhere", Err: errno})
		if !errors.Is(err, vault.ErrReadOnly) || errors.Is(err, fs.ErrPermission) != permission {
			t.Errorf("%v became %v", errno, err)
		}
	}
}
