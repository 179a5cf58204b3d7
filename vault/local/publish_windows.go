package local

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// publish gives a file its final name and never replaces another. Windows does
// not rename what is open.
func publish(f *os.File, temp, path string) error {
	if err := f.Close(); err != nil {
		return placeFault(err)
	}
	from, err := windows.UTF16PtrFromString(temp)
	if err != nil {
		return err
	}
	to, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	err = windows.MoveFileEx(from, to, windows.MOVEFILE_WRITE_THROUGH)
	if errors.Is(err, windows.ERROR_ALREADY_EXISTS) || errors.Is(err, windows.ERROR_FILE_EXISTS) {
		return ErrFileExists
	}
	if err != nil {
		return placeFault(err)
	}
	return nil
}
