package cryptvfs

import (
	"os"

	sqlite3 "modernc.org/sqlite/lib"
)

// Release ends what Options.Held began. Databases that are open take writes
// from now on, but not those of a VFS that is ReadOnly.
func (v *VFS) Release() { v.held.Store(v.mode == os.O_RDONLY) }

// frozen is nil unless files may not be changed.
func (v *VFS) frozen() error {
	if v.held.Load() {
		return ErrHeld
	}
	return nil
}

// mayLock refuses the lock that SQLite takes for moving and deleting the log
// when the last connection closes: without it the log stays as it is.
func (v *VFS) mayLock(level int32) bool {
	return level != sqlite3.SQLITE_LOCK_EXCLUSIVE || v.frozen() == nil
}
