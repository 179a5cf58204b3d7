//go:build unix

package local

import (
	"errors"
	"io/fs"
	"os"
)

// publish gives an open file its final name and never replaces another: a link
// fails where rename would overwrite. File systems without links (FAT, some
// network drives) leave a moment between looking and renaming.
func publish(f *os.File, temp, path string) error {
	err := os.Link(temp, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return ErrFileExists
	case err == nil:
		_ = os.Remove(temp)
		return f.Close()
	}
	if _, err := os.Lstat(path); err == nil {
		return ErrFileExists
	}
	if err := os.Rename(temp, path); err != nil {
		return placeFault(err)
	}
	return f.Close()
}
