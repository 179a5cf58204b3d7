//go:build unix

package local

import (
	"errors"
	"io/fs"
	"os"
)

// errExchanged is a folder in which others exchange names.
var errExchanged = errors.New("another file was put in the backup's place while it was written; choose a folder that nobody else can write to")

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
		return published(f, path)
	}
	if _, err := os.Lstat(path); err == nil {
		return ErrFileExists
	}
	if err := os.Rename(temp, path); err != nil {
		return placeFault(err)
	}
	return published(f, path)
}

// published closes f, which has the name path: names can be exchanged between any
// two steps, and only what was written counts as done.
func published(f *os.File, path string) error {
	if !stillAt(f, path) {
		return errExchanged
	}
	return f.Close()
}
