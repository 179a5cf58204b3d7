package cryptvfs

import (
	"io"
	"sync"
	"sync/atomic"
)

// inherited is a log that was there before this process opened it. Whoever wrote
// it may have ended after a failed sync: then the system shows content that is
// not on the disk, takes it for written, and lets the next sync succeed without
// it. A commit on top, or a checkpoint of it, would acknowledge what a power cut
// takes away. So before the first sync all of it is written once more.
type inherited struct {
	pending atomic.Bool
	mu      sync.RWMutex // shared by whoever changes the file, so that nothing newer is written over
}

const adoptChunk = 256 << 10

// adopt writes the file's bytes where they are, the first time it is called.
func (l *log) adopt() error {
	in := &l.state.inherited
	if !in.pending.Load() {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.pending.Load() {
		return nil
	}
	size, err := fileSize(l.os)
	if err != nil {
		return err
	}
	buf := make([]byte, min(size, adoptChunk))
	for off := int64(0); off < size; off += int64(len(buf)) {
		buf = buf[:min(size-off, int64(len(buf)))]
		got, err := readFull(l.os, buf, off)
		if err == nil && got < len(buf) {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			err = l.disk.Write(l.os, buf, off)
		}
		if err != nil {
			return err
		}
	}
	in.pending.Store(false)
	return nil
}
