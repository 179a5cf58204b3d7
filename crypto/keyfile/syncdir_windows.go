package keyfile

import (
	"os"

	"golang.org/x/sys/windows"
)

// SyncDir does nothing: NTFS journals names, and a folder cannot be flushed.
func SyncDir(string) error { return nil }

// rename replaces the file to and returns when that is on the disk.
func rename(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	err = windows.MoveFileEx(f, t, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
