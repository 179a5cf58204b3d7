package cryptvfs

import (
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// walIndex is the WAL index and its locks (https://sqlite.org/walformat.html,
// section 2), in SQLite's own memory instead of a -shm file: other processes
// must not share the database. It holds page numbers, no content. Guarded by
// node.mu.
type walIndex struct {
	regions []uintptr
	mapped  int                           // handles that use it
	slots   [sqlite3.SQLITE_SHM_NLOCK]int // -1 held exclusively, n shared by n
}

// slotSet is a set of lock slots.
type slotSet uint16

func slotsFrom(first, count int32) slotSet { return slotSet(1<<(first+count) - 1<<first) }

// mapRegion returns the memory of a region, 0 when it does not exist and may not be made.
func (h *handle) mapRegion(tls *libc.TLS, i, size int32, extend bool) (uintptr, int32) {
	n := h.node
	n.mu.Lock()
	defer n.mu.Unlock()
	if !h.mapped {
		h.mapped = true
		n.index.mapped++
	}
	for int(i) >= len(n.index.regions) {
		if !extend {
			return 0, sqlite3.SQLITE_OK
		}
		p := libc.Xcalloc(tls, 1, libc.Tsize_t(size))
		if p == 0 {
			return 0, sqlite3.SQLITE_NOMEM
		}
		n.index.regions = append(n.index.regions, p)
	}
	return n.index.regions[i], sqlite3.SQLITE_OK
}

// unmap gives up h's use of the index; the last one frees it.
func (h *handle) unmap(tls *libc.TLS) {
	n := h.node
	n.mu.Lock()
	defer n.mu.Unlock()
	if !h.mapped {
		return
	}
	h.releaseSlots(^slotSet(0))
	h.mapped = false
	if n.index.mapped--; n.index.mapped == 0 {
		for _, p := range n.index.regions {
			libc.Xfree(tls, p)
		}
		n.index.regions = nil
	}
}

func (h *handle) lockSlots(first, count, flags int32) int32 {
	if first < 0 || count < 1 || first+count > sqlite3.SQLITE_SHM_NLOCK {
		return sqlite3.SQLITE_MISUSE
	}
	n := h.node
	set := slotsFrom(first, count)
	n.mu.Lock()
	defer n.mu.Unlock()
	slots := n.index.slots[first : first+count]
	switch {
	case flags&sqlite3.SQLITE_SHM_UNLOCK != 0:
		h.releaseSlots(set)
	case flags&sqlite3.SQLITE_SHM_SHARED != 0:
		if count != 1 {
			return sqlite3.SQLITE_MISUSE
		}
		if h.sharedSlots&set != 0 {
			break
		}
		if slots[0] < 0 {
			return sqlite3.SQLITE_BUSY
		}
		slots[0]++
		h.sharedSlots |= set
	default:
		for i, held := range slots {
			if held != 0 && h.ownSlots&slotsFrom(first+int32(i), 1) == 0 {
				return sqlite3.SQLITE_BUSY
			}
		}
		for i := range slots {
			slots[i] = -1
		}
		h.ownSlots |= set
	}
	return sqlite3.SQLITE_OK
}

// releaseSlots is called with node.mu held.
func (h *handle) releaseSlots(set slotSet) {
	slots := &h.node.index.slots
	for i := range slots {
		one := slotsFrom(int32(i), 1) & set
		switch {
		case h.ownSlots&one != 0:
			slots[i] = 0
		case h.sharedSlots&one != 0:
			slots[i]--
		}
	}
	h.ownSlots &^= set
	h.sharedSlots &^= set
}

// barrier orders this goroutine's memory accesses with the other handles'.
func (h *handle) barrier() {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
}
