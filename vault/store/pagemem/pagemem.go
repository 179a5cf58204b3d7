// Package pagemem is the memory of SQLite's page caches.
//
// A cached page with what SQLite notes about it is a little larger than 4 KiB, for
// which the translated C library gives 8: each page costs two of the system's, twice
// the time to touch them first, and a cache takes almost twice the memory it is
// allowed. Here pages lie one beside the other in a range of addresses that takes
// memory as it is used; what no cache uses goes back to the system.
//
// It promises that SQLite works as before where it cannot be used: everything else,
// and whatever does not fit, is the C library's as ever. It never wipes: content is
// as safe as in the C library's memory, in a process that cannot be dumped.
package pagemem

import (
	"os"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Sizes in bytes. A page of 4 KiB with SQLite's notes is between least and slot; most
// slots are more than all connections of a vault may cache.
const (
	least = 4352
	slot  = 4416
	most  = 38_400
)

// once and pages are global because SQLite's memory is the process's.
var (
	once  sync.Once
	pages *arena
)

// Use has SQLite keep its pages here, from its first use in this process on. It
// reports whether that is so: not on systems without a range to reserve, nor when
// SQLite was begun before.
func Use() bool {
	once.Do(func() { pages = install() })
	return pages != nil
}

// install puts the arena before what SQLite would use.
func install() *arena {
	a := newArena(os.Getpagesize())
	if a == nil {
		return nil
	}
	tls := libc.NewTLS()
	defer tls.Close()
	m := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_mem_methods{})))
	defer libc.Xfree(tls, m)
	va := libc.NewVaList(m)
	defer libc.Xfree(tls, va)
	if m == 0 || va == 0 || sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_GETMALLOC, va) != sqlite3.SQLITE_OK {
		release(a.memory)
		return nil
	}
	to := (*sqlite3.Tsqlite3_mem_methods)(at(m))
	a.malloc, a.mfree = function[mallocFunc](to.FxMalloc), function[freeFunc](to.FxFree)
	a.realloc, a.size = function[reallocFunc](to.FxRealloc), function[sizeFunc](to.FxSize)
	pages = a
	to.FxMalloc, to.FxFree = codePointer(mallocFunc(xMalloc)), codePointer(freeFunc(xFree))
	to.FxRealloc, to.FxSize = codePointer(reallocFunc(xRealloc)), codePointer(sizeFunc(xSize))
	// SQLite copies what it is given.
	if sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_MALLOC, va) != sqlite3.SQLITE_OK {
		release(a.memory)
		return nil
	}
	return a
}

// The shapes of sqlite3_mem_methods (https://sqlite.org/c3ref/mem_methods.html) as
// modernc.org/sqlite/lib calls them.
type (
	mallocFunc  func(*libc.TLS, int32) uintptr
	freeFunc    func(*libc.TLS, uintptr)
	reallocFunc func(*libc.TLS, uintptr, int32) uintptr
	sizeFunc    func(*libc.TLS, uintptr) int32
)

func xMalloc(tls *libc.TLS, n int32) uintptr {
	if n >= least && n <= slot {
		if p := pages.take(); p != 0 {
			return p
		}
	}
	return pages.malloc(tls, n)
}

func xFree(tls *libc.TLS, p uintptr) {
	if pages.holds(p) {
		pages.give(p)
		return
	}
	pages.mfree(tls, p)
}

func xRealloc(tls *libc.TLS, p uintptr, n int32) uintptr {
	if !pages.holds(p) {
		return pages.realloc(tls, p, n)
	}
	if n <= slot {
		return p
	}
	q := pages.malloc(tls, n)
	if q != 0 {
		copy(bytesAt(q, slot), bytesAt(p, slot))
		pages.give(p)
	}
	return q
}

func xSize(tls *libc.TLS, p uintptr) int32 {
	if pages.holds(p) {
		return slot
	}
	return pages.size(tls, p)
}

// at, bytesAt and codePointer are as in cryptvfs; function is the way back.
func at(p uintptr) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), p) }

//go:noinline
func bytesAt(p uintptr, n int32) []byte { return unsafe.Slice((*byte)(at(p)), n) }

func codePointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }
func function[F any](p uintptr) F    { return *(*F)(unsafe.Pointer(&p)) }
func address(b []byte) uintptr       { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
