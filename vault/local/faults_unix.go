//go:build unix

package local

import (
	"errors"
	"os"
	"syscall"
)

// EFBIG is what a file system without large files (FAT) and a file size limit
// answer.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

func isReadOnly(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)
}

// readableByOthers reports whether other users can read what fi describes.
func readableByOthers(fi os.FileInfo) bool { return fi.Mode().Perm()&0o077 != 0 }
