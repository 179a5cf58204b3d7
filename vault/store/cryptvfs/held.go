package cryptvfs

import (
	"errors"
	"io/fs"
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

// lateLog is a log that was not there when a held VFS opened it. SQLite opens
// the log of a database before the first read; this one is empty until the
// first write, which makes it, or until another handle did.
type lateLog struct {
	log
	open func(create bool) (*os.File, error)
}

var _ content = (*lateLog)(nil)

// here opens the file, and reports whether there is one.
func (l *lateLog) here(create bool) (bool, error) {
	if l.os != nil {
		return true, nil
	}
	f, err := l.open(create)
	if errors.Is(err, fs.ErrNotExist) && !create {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	l.os = f
	return true, nil
}

func (l *lateLog) read(buf []byte, off int64) error {
	ok, err := l.here(false)
	if ok {
		return l.log.read(buf, off)
	}
	clear(buf)
	if err == nil {
		err = errShort
	}
	return err
}

func (l *lateLog) write(buf []byte, off int64) error {
	if _, err := l.here(true); err != nil {
		return err
	}
	return l.log.write(buf, off)
}

func (l *lateLog) truncate(size int64) error {
	if ok, err := l.here(false); !ok {
		return err
	}
	return l.log.truncate(size)
}

func (l *lateLog) size() (int64, error) {
	if ok, err := l.here(false); !ok {
		return 0, err
	}
	return l.log.size()
}

func (l *lateLog) sync() error {
	if ok, err := l.here(false); !ok {
		return err
	}
	return l.log.sync()
}

func (l *lateLog) close() error {
	if l.os == nil {
		return nil
	}
	return l.os.Close()
}
