package cryptvfs

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"phivault/vault/store/pagemem"
)

// Options of a VFS. All vault ids and keys are 32 bytes.
type Options struct {
	// Key is the database key. New derives from it and keeps no copy; the
	// caller may wipe it at once.
	Key []byte
	// VaultID binds every page to one vault.
	VaultID [32]byte
	// PageSize is 4096 (also when 0) or 8192 bytes, for the life of a database.
	PageSize int
	// Held refuses every change of any file until Release: a caller that has yet
	// to find out whether these are the right files harms none of them, even by
	// closing the database.
	Held bool
	// ReadOnly opens the files for reading alone, and refuses every change like
	// Held does, for good: for a medium or a folder that cannot be written. What a
	// log holds is read as it is there, and stays there.
	ReadOnly bool
}

// VFS is one registered VFS with the key of one vault. Safe for concurrent use.
type VFS struct {
	vault [32]byte
	page  int
	keys  *keyring
	disk  changes
	name  string
	tls   *libc.TLS
	c     uintptr // sqlite3_vfs
	cName uintptr
	ref   uintptr // in registered

	count struct{ reads, writes, syncs, authFailures, refused atomic.Int64 }
	last  atomic.Pointer[error]
	held  atomic.Bool
	mode  int // os.O_RDWR or os.O_RDONLY

	mu     sync.Mutex
	nodes  map[string]*node
	closed bool
}

// Stats counts what a VFS did since New.
type Stats struct {
	Reads, Writes, Syncs int64
	AuthFailures         int64 // reads that failed with ErrAuth, ErrTruncated or ErrLogDamaged
	Refused              int64 // files and settings that were refused
}

// registered is the one thing that must be global: SQLite's callbacks carry a
// number, and this leads back to the VFS.
var registered references[VFS]

// New registers a VFS under a name of its own; open databases with
// "file:PATH?vfs=NAME". A database that does not exist, or has no content, is
// created by mode=rwc (the default); mode=rw refuses it.
func New(o Options) (*VFS, error) { return newVFS(o, systemDisk{}) }

func newVFS(o Options, d changes) (*VFS, error) {
	if o.PageSize == 0 {
		o.PageSize = 4096
	}
	if o.PageSize != 4096 && o.PageSize != 8192 {
		return nil, errors.New("cryptvfs: page size must be 4096 or 8192")
	}
	if len(o.Key) != keySize {
		return nil, errors.New("cryptvfs: key must have 32 bytes")
	}
	keys, err := newKeyring(o.Key, o.VaultID, o.PageSize)
	if err != nil {
		return nil, fmt.Errorf("cryptvfs: %w", err)
	}
	pagemem.Use()
	v := &VFS{vault: o.VaultID, page: o.PageSize, keys: keys, disk: d, mode: os.O_RDWR, tls: libc.NewTLS(), nodes: map[string]*node{}}
	v.held.Store(o.Held || o.ReadOnly)
	if o.ReadOnly {
		v.mode = os.O_RDONLY
	}
	v.ref = registered.add(v)
	v.name = fmt.Sprintf("phivault-%d", v.ref)
	if err := v.register(); err != nil {
		v.unregister()
		return nil, err
	}
	return v, nil
}

// Name is what to put behind "vfs=".
func (v *VFS) Name() string { return v.name }

// Stats returns the counters.
func (v *VFS) Stats() Stats {
	return Stats{v.count.reads.Load(), v.count.writes.Load(), v.count.syncs.Load(),
		v.count.authFailures.Load(), v.count.refused.Load()}
}

// LastError is the reason of the last failure of any file: one of the errors of
// this package or of the operating system, nil if there was none. It never holds
// a path.
func (v *VFS) LastError() error {
	if p := v.last.Load(); p != nil {
		return *p
	}
	return nil
}

// Lockdown makes v the only VFS of the process, for good: no SQL (ATTACH or
// VACUUM INTO with vfs=unix, memdb, a forgotten temp_store) reaches a plain file
// any more, and after Close nothing opens at all until the next New. Databases
// that are open through another VFS must have been closed.
func (v *VFS) Lockdown() {
	sqlite3.Xsqlite3_vfs_register(v.tls, v.c, 1)
	for {
		next := (*sqlite3.Tsqlite3_vfs)(at(v.c)).FpNext
		if next == 0 {
			return
		}
		sqlite3.Xsqlite3_vfs_unregister(v.tls, next)
	}
}

// Close unregisters v and wipes its key. It fails with ErrInUse while databases
// are open, and does nothing the second time.
func (v *VFS) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	if len(v.nodes) != 0 {
		return ErrInUse
	}
	v.closed = true
	v.unregister()
	return nil
}

// fail keeps err for LastError and gives SQLite's number for it.
func (v *VFS) fail(err error, other int32) int32 {
	if err == nil {
		return sqlite3.SQLITE_OK
	}
	rc := resultCode(err, other)
	if rc == sqlite3.SQLITE_IOERR_DATA {
		v.count.authFailures.Add(1)
	}
	v.keepError(err)
	return rc
}

func (v *VFS) keepError(err error) {
	err = withoutPath(err)
	v.last.Store(&err)
}

// refuse counts something that may not be, and keeps the reason.
func (v *VFS) refuse(err error, code int32) int32 {
	v.count.refused.Add(1)
	v.keepError(err)
	return code
}

// acquire returns the node of a database, making it if need be.
func (v *VFS) acquire(path string) *node {
	n := v.nodes[path]
	if n == nil {
		n = &node{path: path}
		n.main.path, n.log.path = path, path+logSuffix
		v.nodes[path] = n
	}
	n.refs++
	return n
}

func (v *VFS) release(n *node) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n.refs--; n.refs == 0 {
		delete(v.nodes, n.path)
	}
}
