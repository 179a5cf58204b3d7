package cryptvfs

import (
	"errors"
	"io/fs"
)

// A log that is not there is made with the first write, not when SQLite opens it, which
// it does before the first read: whoever only reads leaves no file, a VFS that is held
// makes none, and opening is sooner. Until then, or until another handle made it, it is
// empty.

// here opens the file if need be, and reports whether there is one.
func (l *log) here(create bool) (bool, error) {
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

func (l *log) close() error {
	if l.os == nil {
		return nil
	}
	return l.os.Close()
}
