package local

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk is a file system of a few megabytes. Making one takes rights that
// not every test run has; TestNoRoomForFiles needs none.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("no right to mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}
