package cryptvfs

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Pointers from SQLite arrive as uintptr and lead into memory outside the Go
// heap, which the garbage collector neither moves nor frees. All of this
// package's conversions are here.

// at makes a pointer of an address. unsafe.Add keeps go vet's unsafeptr check
// meaningful for the rest of the package.
func at(p uintptr) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), p) }

// bytesAt lends n bytes of SQLite's memory, for the time of the callback.
// It must not be inlined: the amd64 compiler of Go 1.26.8 crashes in
// disjointTypes on a fixed-size copy through a pointer made from a uintptr.
//
//go:noinline
func bytesAt(p uintptr, n int32) []byte { return unsafe.Slice((*byte)(at(p)), n) }

func putInt32(p uintptr, v int32)     { *(*int32)(at(p)) = v }
func putInt64(p uintptr, v int64)     { *(*int64)(at(p)) = v }
func putFloat64(p uintptr, v float64) { *(*float64)(at(p)) = v }
func putPointer(p, v uintptr)         { *(*uintptr)(at(p)) = v }

// codePointer gives a top-level function the form in which translated C calls
// it: the address of its function value, which is static data. The function's
// type must be exactly what the caller assumes: see the pins in callbacks.go.
func codePointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// references lets SQLite hold Go values: it gets a number for each. A lookup
// takes no lock and allocates nothing.
type references[T any] struct {
	mu    sync.Mutex
	slots atomic.Pointer[[]*T] // never changed in place
}

// add returns a number above zero.
func (r *references[T]) add(v *T) uintptr {
	r.mu.Lock()
	defer r.mu.Unlock()
	var now []*T
	if p := r.slots.Load(); p != nil {
		now = append(now, *p...)
	}
	i := 0
	for i < len(now) && now[i] != nil {
		i++
	}
	if i == len(now) {
		now = append(now, nil)
	}
	now[i] = v
	r.slots.Store(&now)
	return uintptr(i + 1)
}

func (r *references[T]) get(n uintptr) *T { return (*r.slots.Load())[n-1] }

func (r *references[T]) remove(n uintptr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := append([]*T(nil), *r.slots.Load()...)
	now[n-1] = nil
	r.slots.Store(&now)
}
