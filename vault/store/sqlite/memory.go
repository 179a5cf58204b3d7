package sqlite

import "unsafe"

// Addresses that SQLite gives lead outside Go's heap. All of the package's conversions
// are here; see cryptvfs's of the same names.

// pointerSize is what SQLite writes an address into, in bytes.
const pointerSize = int(unsafe.Sizeof(uintptr(0)))

// at makes a pointer of an address. unsafe.Add keeps go vet's unsafeptr check meaningful
// for the rest of the package.
func at(p uintptr) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), p) }

func address(p uintptr) uintptr { return *(*uintptr)(at(p)) }
func putAddress(p, v uintptr)   { *(*uintptr)(at(p)) = v }

// bytesAt lends n bytes of SQLite's memory. It must not be inlined: the compiler may
// crash otherwise.
//
//go:noinline
func bytesAt(p uintptr, n int32) []byte { return unsafe.Slice((*byte)(at(p)), n) }

func codePointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }
