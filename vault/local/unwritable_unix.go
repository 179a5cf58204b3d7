//go:build unix

package local

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// unwritable reports whether the vault in dir can only be read by this process: its
// folder, its database or the database's log. Nothing is touched to find out.
func unwritable(dir string) bool {
	for _, path := range []string{dir, filepath.Join(dir, dbName), filepath.Join(dir, walName)} {
		if isReadOnly(unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)) {
			return true
		}
	}
	return false
}
