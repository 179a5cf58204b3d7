package cryptvfs

import (
	"os"
	"sync/atomic"
)

// fileState is what all handles of one file share.
type fileState struct {
	failed  atomic.Bool // a sync failed
	unnamed atomic.Bool // the file's name may not be durable: its folder is synced with it
	path    string
}

// writable is nil until a sync failed. After that the kernel may have dropped
// what was not written and report success for the next sync, so nothing that
// SQLite believes about the file can be trusted until it is opened again.
func (s *fileState) writable() error {
	if s.failed.Load() {
		return ErrSyncFailed
	}
	return nil
}

// sync makes the file's content durable, and its name when it is new.
func (s *fileState) sync(d changes, f *os.File) error {
	if err := s.writable(); err != nil {
		return err
	}
	err := d.Sync(f)
	if err == nil && s.unnamed.Load() {
		if err = syncFolder(d, s.path); err == nil {
			s.unnamed.Store(false)
		}
	}
	if err != nil {
		s.failed.Store(true)
	}
	return err
}
