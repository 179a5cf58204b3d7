package cryptvfs

import (
	"os"
	"path/filepath"
	"runtime"
)

// changes is everything this package does to the disk that alters it. Reads go
// to the file directly. Tests put a recorder or a failing disk here.
type changes interface {
	Write(f *os.File, b []byte, off int64) error
	Truncate(f *os.File, size int64) error
	// Sync makes the content of a file durable, or the names in a folder.
	Sync(f *os.File) error
	Rename(from, to string) error
	Remove(path string) error
}

// systemDisk is the operating system's own.
type systemDisk struct{}

var _ changes = systemDisk{}

// Write writes all of b or fails: os.File repeats short and interrupted writes.
func (systemDisk) Write(f *os.File, b []byte, off int64) error {
	_, err := f.WriteAt(b, off)
	return err
}
func (systemDisk) Truncate(f *os.File, size int64) error { return f.Truncate(size) }

// Sync asks the drive too where the system can (F_FULLFSYNC on darwin).
func (systemDisk) Sync(f *os.File) error        { return f.Sync() }
func (systemDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (systemDisk) Remove(path string) error     { return os.Remove(path) }

// syncFolder makes the name of path durable. Windows has no such call: NTFS
// journals names itself.
func syncFolder(d changes, path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer f.Close()
	return d.Sync(f)
}
