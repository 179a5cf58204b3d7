package secret

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

func mapPages(n int) ([]byte, error) {
	page := os.Getpagesize()
	size := (n + page - 1) / page * page
	addr, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_COMMIT|windows.MEM_RESERVE, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	// unsafe.Add keeps go vet content: the address is no Go pointer.
	return unsafe.Slice((*byte)(unsafe.Add(nil, addr)), size), nil
}

func address(whole []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(whole))) }

func unmapPages(whole []byte) error {
	return windows.VirtualFree(address(whole), 0, windows.MEM_RELEASE)
}

func lockPages(whole []byte) error {
	return windows.VirtualLock(address(whole), uintptr(len(whole)))
}

func unlockPages(whole []byte) error {
	return windows.VirtualUnlock(address(whole), uintptr(len(whole)))
}
