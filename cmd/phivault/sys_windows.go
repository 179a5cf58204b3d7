package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

func ignorePipeSignal() {}

// ERROR_BROKEN_PIPE and ERROR_NO_DATA (winerror.h).
func brokenPipe(err error) bool {
	return errors.Is(err, syscall.Errno(109)) || errors.Is(err, syscall.Errno(232))
}

// openTTYFiles opens the console's input and output, whatever is redirected.
func openTTYFiles() (in, out *os.File, err error) {
	in, err = os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

// readableByOthers is always false: access lists, not mode bits, decide here.
func readableByOthers(fs.FileInfo) bool { return false }

// freeSpace is what the owner may still write where dir lies, in bytes.
func freeSpace(dir string) (free uint64, err error) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	return free, windows.GetDiskFreeSpaceEx(p, &free, nil, nil)
}
