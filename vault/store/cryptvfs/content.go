package cryptvfs

import (
	"errors"
	"io"
	"os"
)

// content is one open file as SQLite sees it: offsets and sizes are SQLite's
// own, buffers are SQLite's memory. Not safe for concurrent use; SQLite calls
// one connection's files from one goroutine at a time.
type content interface {
	// read fills buf or fails with zeros in it.
	read(buf []byte, off int64) error
	write(buf []byte, off int64) error
	truncate(size int64) error
	size() (int64, error)
	sync() error
}

var (
	_ content = (*database)(nil)
	_ content = (*log)(nil)
)

// readFull reads len(b) bytes, or says how many there were.
func readFull(f *os.File, b []byte, off int64) (int, error) {
	n, err := f.ReadAt(b, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func fileSize(f *os.File) (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
