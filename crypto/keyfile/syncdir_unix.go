//go:build unix

package keyfile

import (
	"errors"
	"os"
	"syscall"
)

// SyncDir makes names made, renamed or removed in dir last through a power cut,
// where the file system can: some cannot sync a folder, say EINVAL or ENOTSUP and
// offer no other way, which is no error here.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

func rename(from, to string) error { return os.Rename(from, to) }
