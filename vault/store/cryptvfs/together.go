package cryptvfs

import (
	"sync"
	"sync/atomic"
)

// togetherSize is what is written at once at most, in bytes.
const togetherSize = 128 << 10

// together holds sealed pages that SQLite wrote and that are not in the file yet. A
// checkpoint moves pages in their order, and most follow each other: written one by one
// each costs a system call, and the system's cache keeps each by itself.
//
// There is one for all handles of a file, and all of them write through it, so whoever reads
// finds what was written last here or, when it is not here, in the file. Pages reach the
// file in the order in which they were written: those that are held go out before one
// that does not follow them, and before the file is truncated or synced.
//
// SQLite forgets a page's frame in the log only when it starts the log over. Before that
// comes a checkpoint that moved all of it, which truncates and syncs the file, and fails where
// that fails (walCheckpoint in wal.c). Until then whatever is lost here with the process
// is read from the log again. What cannot be written stays held, is read from here, and is an
// error of each writing, truncating and syncing until it can.
type together struct {
	span atomic.Uint64 // what is held, for who only looks: first page << 16 | how many pages; 0: none

	mu    sync.Mutex // guards what follows
	first int64      // page
	pages []byte
}

// write seals page n of d behind those before it.
func (t *together) write(d *database, page []byte, n int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if size := len(t.pages); size > 0 && (n != t.first+int64(size/d.page) || size+d.page > togetherSize) {
		if err := t.out(d); err != nil {
			return err
		}
	}
	if t.pages == nil {
		t.pages = make([]byte, 0, togetherSize)
	}
	size := len(t.pages)
	more := t.pages[:size+d.page]
	if err := sealPage(&d.box, more[size:], page, n); err != nil {
		return err
	}
	if size == 0 {
		t.first = n
	}
	t.pages = more
	t.span.Store(uint64(t.first)<<16 | uint64(len(more)/d.page))
	return nil
}

// out writes what is held to the file. Only then is it no longer held: between the two a
// reader would miss it.
func (t *together) out(d *database) error {
	if len(t.pages) == 0 {
		return nil
	}
	if err := d.disk.Write(d.os, t.pages, t.first*int64(d.page)); err != nil {
		return err
	}
	t.span.Store(0)
	t.pages = t.pages[:0]
	return nil
}

// flush is out for who does not hold the lock.
func (t *together) flush(d *database) error {
	if t.span.Load() == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out(d)
}

// read copies page n, sealed, when it is held.
func (t *together) read(sealed []byte, n int64) bool {
	span := t.span.Load()
	if span == 0 || uint64(n)-span>>16 >= span&0xffff {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := n - t.first
	if at < 0 || at >= int64(len(t.pages)/len(sealed)) {
		return false // it is in the file by now
	}
	copy(sealed, t.pages[at*int64(len(sealed)):])
	return true
}

// size is that of the file when it has what is held.
func (t *together) size(d *database) (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := fileSize(d.os)
	if err != nil || len(t.pages) == 0 {
		return n, err
	}
	return max(n, t.first*int64(d.page)+int64(len(t.pages))), nil
}
