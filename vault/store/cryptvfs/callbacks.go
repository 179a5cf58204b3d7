package cryptvfs

import (
	"crypto/rand"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite calls these through bare code pointers: a signature that drifts from
// what modernc.org/sqlite/lib generates is undefined behaviour. They are pinned
// here at compile time, and against the library's source by a test.
var (
	_ func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32 = xOpen
	_ func(*libc.TLS, uintptr, uintptr, int32) int32                   = xDelete
	_ func(*libc.TLS, uintptr, uintptr, int32, uintptr) int32          = xAccess
	_ func(*libc.TLS, uintptr, uintptr, int32, uintptr) int32          = xFullPathname
	_ func(*libc.TLS, uintptr, uintptr) uintptr                        = xDlOpen
	_ func(*libc.TLS, uintptr, int32, uintptr)                         = xDlError
	_ func(*libc.TLS, uintptr, uintptr, uintptr) uintptr               = xDlSym
	_ func(*libc.TLS, uintptr, uintptr)                                = xDlClose
	_ func(*libc.TLS, uintptr, int32, uintptr) int32                   = xRandomness
	_ func(*libc.TLS, uintptr, int32) int32                            = xSleep
	_ func(*libc.TLS, uintptr, uintptr) int32                          = xCurrentTime
	_ func(*libc.TLS, uintptr, uintptr) int32                          = xCurrentTimeInt64
	_ func(*libc.TLS, uintptr, int32, uintptr) int32                   = xGetLastError

	_ func(*libc.TLS, uintptr) int32                               = xClose
	_ func(*libc.TLS, uintptr, uintptr, int32, int64) int32        = xRead
	_ func(*libc.TLS, uintptr, uintptr, int32, int64) int32        = xWrite
	_ func(*libc.TLS, uintptr, int64) int32                        = xTruncate
	_ func(*libc.TLS, uintptr, int32) int32                        = xSync
	_ func(*libc.TLS, uintptr, uintptr) int32                      = xFileSize
	_ func(*libc.TLS, uintptr, int32) int32                        = xLock
	_ func(*libc.TLS, uintptr, int32) int32                        = xUnlock
	_ func(*libc.TLS, uintptr, uintptr) int32                      = xCheckReservedLock
	_ func(*libc.TLS, uintptr, int32, uintptr) int32               = xFileControl
	_ func(*libc.TLS, uintptr) int32                               = xSectorSize
	_ func(*libc.TLS, uintptr) int32                               = xDeviceCharacteristics
	_ func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32 = xShmMap
	_ func(*libc.TLS, uintptr, int32, int32, int32) int32          = xShmLock
	_ func(*libc.TLS, uintptr)                                     = xShmBarrier
	_ func(*libc.TLS, uintptr, int32) int32                        = xShmUnmap
)

// opened leads from a sqliteFile to its handle, as registered does for the VFS.
var opened references[handle]

func vfsOf(p uintptr) *VFS       { return registered.get((*sqlite3.Tsqlite3_vfs)(at(p)).FpAppData) }
func handleOf(p uintptr) *handle { return opened.get((*sqliteFile)(at(p)).handle) }

func truth(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

func xOpen(_ *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	f := (*sqliteFile)(at(file))
	*f = sqliteFile{} // without methods SQLite does not call xClose
	path := ""
	if name != 0 {
		path = libc.GoString(name)
	}
	h, code := vfsOf(vfs).open(path, flags)
	if h == nil {
		return code
	}
	f.handle = opened.add(h)
	f.methods = uintptr(unsafe.Pointer(&methods))
	if outFlags != 0 {
		putInt32(outFlags, flags)
	}
	return sqlite3.SQLITE_OK
}

func xDelete(_ *libc.TLS, vfs, path uintptr, syncDir int32) int32 {
	return vfsOf(vfs).remove(libc.GoString(path), syncDir != 0)
}

func xAccess(_ *libc.TLS, _, path uintptr, _ int32, out uintptr) int32 {
	putInt32(out, truth(exists(libc.GoString(path))))
	return sqlite3.SQLITE_OK
}

func xFullPathname(_ *libc.TLS, _, path uintptr, size int32, out uintptr) int32 {
	p, err := fullPath(libc.GoString(path))
	if err != nil || len(p)+1 > int(size) {
		return sqlite3.SQLITE_CANTOPEN
	}
	copy(bytesAt(out, size), p+"\x00")
	return sqlite3.SQLITE_OK
}

// Loading native code is refused.
func xDlOpen(*libc.TLS, uintptr, uintptr) uintptr         { return 0 }
func xDlSym(*libc.TLS, uintptr, uintptr, uintptr) uintptr { return 0 }
func xDlClose(*libc.TLS, uintptr, uintptr)                {}
func xDlError(_ *libc.TLS, _ uintptr, size int32, out uintptr) {
	if size > 0 {
		bytesAt(out, size)[0] = 0
	}
}

func xRandomness(_ *libc.TLS, _ uintptr, size int32, out uintptr) int32 {
	rand.Read(bytesAt(out, size)) // never fails: crypto/rand ends the process instead
	return size
}

func xSleep(_ *libc.TLS, _ uintptr, micros int32) int32 {
	time.Sleep(time.Duration(micros) * time.Microsecond)
	return micros
}

const (
	unixEpochInJulianMillis = 210866760000000
	millisPerDay            = 86400000
)

func xCurrentTimeInt64(_ *libc.TLS, _, out uintptr) int32 {
	putInt64(out, unixEpochInJulianMillis+time.Now().UnixMilli())
	return sqlite3.SQLITE_OK
}

func xCurrentTime(_ *libc.TLS, _, out uintptr) int32 {
	putFloat64(out, float64(unixEpochInJulianMillis+time.Now().UnixMilli())/millisPerDay)
	return sqlite3.SQLITE_OK
}

func xGetLastError(*libc.TLS, uintptr, int32, uintptr) int32 { return 0 }

func xClose(tls *libc.TLS, file uintptr) int32 {
	f := (*sqliteFile)(at(file))
	code := opened.get(f.handle).close(tls)
	opened.remove(f.handle)
	*f = sqliteFile{}
	return code
}

func xRead(_ *libc.TLS, file, buf uintptr, size int32, off int64) int32 {
	return handleOf(file).read(bytesAt(buf, size), off)
}

func xWrite(_ *libc.TLS, file, buf uintptr, size int32, off int64) int32 {
	return handleOf(file).write(bytesAt(buf, size), off)
}

func xTruncate(_ *libc.TLS, file uintptr, size int64) int32 { return handleOf(file).truncate(size) }
func xSync(_ *libc.TLS, file uintptr, _ int32) int32        { return handleOf(file).sync() }

func xFileSize(_ *libc.TLS, file, out uintptr) int32 {
	n, code := handleOf(file).size()
	putInt64(out, n)
	return code
}

func xLock(_ *libc.TLS, file uintptr, level int32) int32 { return handleOf(file).lock(level) }

func xUnlock(_ *libc.TLS, file uintptr, level int32) int32 {
	handleOf(file).unlock(level)
	return sqlite3.SQLITE_OK
}

func xCheckReservedLock(_ *libc.TLS, file, out uintptr) int32 {
	putInt32(out, truth(handleOf(file).reservedByAnyone()))
	return sqlite3.SQLITE_OK
}

// xFileControl sees every PRAGMA first, and the end of every checkpoint.
func xFileControl(_ *libc.TLS, file uintptr, op int32, arg uintptr) int32 {
	if op == sqlite3.SQLITE_FCNTL_CKPT_DONE {
		handleOf(file).moved()
		return sqlite3.SQLITE_OK
	}
	if op != sqlite3.SQLITE_FCNTL_PRAGMA {
		return sqlite3.SQLITE_NOTFOUND
	}
	words := (*[3]uintptr)(at(arg)) // result, name, value
	if words[2] == 0 || allowed(libc.GoString(words[1]), libc.GoString(words[2])) {
		return sqlite3.SQLITE_NOTFOUND
	}
	return handleOf(file).vfs.refuse(ErrRefused, sqlite3.SQLITE_ERROR)
}

func xSectorSize(*libc.TLS, uintptr) int32 { return 4096 }

// xDeviceCharacteristics promises what SQLite by default assumes of every disk,
// that a write changes no byte beside it, and spares us padded frames.
func xDeviceCharacteristics(*libc.TLS, uintptr) int32 {
	return sqlite3.SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

func xShmMap(tls *libc.TLS, file uintptr, region, size, extend int32, out uintptr) int32 {
	p, code := handleOf(file).mapRegion(tls, region, size, extend != 0)
	putPointer(out, p)
	return code
}

func xShmLock(_ *libc.TLS, file uintptr, first, count, flags int32) int32 {
	return handleOf(file).lockSlots(first, count, flags)
}

func xShmBarrier(_ *libc.TLS, file uintptr) { handleOf(file).barrier() }

func xShmUnmap(tls *libc.TLS, file uintptr, _ int32) int32 {
	handleOf(file).unmap(tls)
	return sqlite3.SQLITE_OK
}
