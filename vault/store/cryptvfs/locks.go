package cryptvfs

import sqlite3 "modernc.org/sqlite/lib"

// lock raises h's lock on the database, within this process
// (https://sqlite.org/lockingv3.html). It returns SQLITE_OK or SQLITE_BUSY.
func (h *handle) lock(level int32) int32 {
	n := h.node
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.level >= level {
		return sqlite3.SQLITE_OK
	}
	if !h.vfs.mayLock(level) {
		return sqlite3.SQLITE_BUSY
	}
	switch level {
	case sqlite3.SQLITE_LOCK_SHARED:
		if other(n.pending, h) || other(n.exclusive, h) {
			return sqlite3.SQLITE_BUSY
		}
		n.shared++
	case sqlite3.SQLITE_LOCK_RESERVED:
		if other(n.reserved, h) || other(n.pending, h) {
			return sqlite3.SQLITE_BUSY
		}
		n.reserved = h
	case sqlite3.SQLITE_LOCK_EXCLUSIVE:
		if other(n.reserved, h) || other(n.pending, h) {
			return sqlite3.SQLITE_BUSY
		}
		n.pending = h // no new readers while it waits; unlock takes it back
		if n.shared > 1 {
			return sqlite3.SQLITE_BUSY
		}
		n.exclusive = h
	default:
		return sqlite3.SQLITE_MISUSE
	}
	h.level = level
	return sqlite3.SQLITE_OK
}

// unlock lowers h's lock to SHARED or NONE.
func (h *handle) unlock(level int32) {
	n := h.node
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, holder := range []**handle{&n.reserved, &n.pending, &n.exclusive} {
		if *holder == h {
			*holder = nil
		}
	}
	if level == sqlite3.SQLITE_LOCK_NONE && h.level >= sqlite3.SQLITE_LOCK_SHARED {
		n.shared--
	}
	h.level = min(h.level, level)
}

// reservedByAnyone reports whether some handle means to write.
func (h *handle) reservedByAnyone() bool {
	n := h.node
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.reserved != nil || n.pending != nil || n.exclusive != nil
}
