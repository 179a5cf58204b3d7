package cryptvfs

import (
	"sync"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"phivault/crypto/secret"
)

// handle is what one sqlite3_file stands for.
type handle struct {
	vfs     *VFS
	node    *node
	content content
	closeOS func() error // of the file
	wipe    [][]byte     // buffers that hold plaintext

	mu    sync.Mutex // one access at a time: the buffers are shared
	level int32      // lock level; with what follows guarded by node.mu

	mapped                bool
	ownSlots, sharedSlots slotSet
}

func (h *handle) read(buf []byte, off int64) int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.vfs.count.reads.Add(1)
	err := h.content.read(buf, off)
	if err == nil {
		return sqlite3.SQLITE_OK
	}
	return h.vfs.fail(err, sqlite3.SQLITE_IOERR_READ)
}

func (h *handle) write(buf []byte, off int64) int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.vfs.count.writes.Add(1)
	err := h.vfs.frozen()
	if err == nil {
		err = h.content.write(buf, off)
	}
	if err == nil {
		return sqlite3.SQLITE_OK
	}
	return h.vfs.fail(err, sqlite3.SQLITE_IOERR_WRITE)
}

func (h *handle) truncate(size int64) int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.vfs.frozen()
	if err == nil {
		err = h.content.truncate(size)
	}
	return h.vfs.fail(err, sqlite3.SQLITE_IOERR_TRUNCATE)
}

func (h *handle) sync() int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.vfs.count.syncs.Add(1)
	err := h.vfs.frozen()
	if err == nil {
		err = h.content.sync()
	}
	return h.vfs.fail(err, sqlite3.SQLITE_IOERR_FSYNC)
}

// moved is told when a checkpoint has no more pages.
func (h *handle) moved() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d, ok := h.content.(*database); ok {
		d.moved()
	}
}

func (h *handle) size() (int64, int32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, err := h.content.size()
	return n, h.vfs.fail(err, sqlite3.SQLITE_IOERR_FSTAT)
}

// close gives everything up. Buffers are wiped: they may hold a page.
func (h *handle) close(tls *libc.TLS) int32 {
	h.unmap(tls)
	h.unlock(sqlite3.SQLITE_LOCK_NONE)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.wipe {
		secret.Wipe(b)
	}
	err := h.closeOS()
	h.vfs.release(h.node)
	return h.vfs.fail(err, sqlite3.SQLITE_IOERR_CLOSE)
}
