package local

import (
	"os"
	"path/filepath"
)

// unwritable reports whether the vault in dir can only be read by this process: its
// database or the database's log. Access lists are known by trying alone; nothing
// is changed by it.
func unwritable(dir string) bool {
	for _, name := range []string{dbName, walName} {
		f, err := openPlain(filepath.Join(dir, name), os.O_RDWR)
		if isReadOnly(err) {
			return true
		}
		if err == nil {
			_ = f.Close()
		}
	}
	return false
}
