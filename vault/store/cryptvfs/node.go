package cryptvfs

import "sync"

// node is one database, shared by all its open handles: the state of its two
// files, its locks and its WAL index. It lives as long as a handle is open.
type node struct {
	path string // absolute, links resolved
	refs int    // guarded by VFS.mu
	main mainState
	log  logState

	mu     sync.Mutex // guards what follows
	shared int        // handles with a shared lock or more
	// The one handle that holds a lock of that level.
	reserved, pending, exclusive *handle
	index                        walIndex
}

// other reports whether a lock is held by someone else.
func other(holder, h *handle) bool { return holder != nil && holder != h }

// mainState is what the handles of a main file share.
type mainState struct {
	fileState
	together together
}
