package cryptvfs

import (
	"fmt"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

const longestPath = 4096

// sqliteFile is what SQLite allocates for each open file; the first field is
// prescribed.
type sqliteFile struct {
	methods uintptr
	handle  uintptr // in opened
}

// register hands SQLite a complete sqlite3_vfs. Nothing is borrowed from the
// system's own, so that it works when Lockdown removed that one.
func (v *VFS) register() error {
	name, err := libc.CString(v.name)
	if err != nil {
		return fmt.Errorf("cryptvfs: %w", err)
	}
	v.cName = name
	v.c = libc.Xcalloc(v.tls, 1, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	if v.c == 0 {
		return fmt.Errorf("cryptvfs: out of memory")
	}
	*(*sqlite3.Tsqlite3_vfs)(at(v.c)) = sqlite3.Tsqlite3_vfs{
		FiVersion: 2, FszOsFile: int32(unsafe.Sizeof(sqliteFile{})), FmxPathname: longestPath,
		FzName: v.cName, FpAppData: v.ref,
		FxOpen: codePointer(xOpen), FxDelete: codePointer(xDelete), FxAccess: codePointer(xAccess),
		FxFullPathname: codePointer(xFullPathname),
		FxDlOpen:       codePointer(xDlOpen), FxDlError: codePointer(xDlError),
		FxDlSym: codePointer(xDlSym), FxDlClose: codePointer(xDlClose),
		FxRandomness: codePointer(xRandomness), FxSleep: codePointer(xSleep),
		FxCurrentTime: codePointer(xCurrentTime), FxCurrentTimeInt64: codePointer(xCurrentTimeInt64),
		FxGetLastError: codePointer(xGetLastError),
	}
	if rc := sqlite3.Xsqlite3_vfs_register(v.tls, v.c, 0); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("cryptvfs: register: SQLite code %d", rc)
	}
	return nil
}

// unregister undoes register, as far as it came, and wipes the keys.
func (v *VFS) unregister() {
	if v.c != 0 {
		sqlite3.Xsqlite3_vfs_unregister(v.tls, v.c)
		libc.Xfree(v.tls, v.c)
	}
	if v.cName != 0 {
		libc.Xfree(v.tls, v.cName)
	}
	v.c, v.cName = 0, 0
	registered.remove(v.ref)
	v.tls.Close()
	v.keys.destroy()
}

// methods serves every file. SQLite keeps its address, which as that of a
// package variable never changes. Version 2: no mmap (xFetch).
var methods = sqlite3.Tsqlite3_io_methods{
	FiVersion: 2,
	FxClose:   codePointer(xClose), FxRead: codePointer(xRead), FxWrite: codePointer(xWrite),
	FxTruncate: codePointer(xTruncate), FxSync: codePointer(xSync), FxFileSize: codePointer(xFileSize),
	FxLock: codePointer(xLock), FxUnlock: codePointer(xUnlock), FxCheckReservedLock: codePointer(xCheckReservedLock),
	FxFileControl: codePointer(xFileControl), FxSectorSize: codePointer(xSectorSize),
	FxDeviceCharacteristics: codePointer(xDeviceCharacteristics),
	FxShmMap:                codePointer(xShmMap), FxShmLock: codePointer(xShmLock),
	FxShmBarrier: codePointer(xShmBarrier), FxShmUnmap: codePointer(xShmUnmap),
}
