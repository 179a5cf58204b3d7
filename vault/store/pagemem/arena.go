package pagemem

import "sync"

// arena gives slots of one range of addresses. Those given back last are used first.
type arena struct {
	memory    []byte
	low, high uintptr

	chunk int // slots that end together where one of the system's pages does

	mu    sync.Mutex
	next  int   // the first slot that was never used
	free  []int // slots
	used  []int // slots of each chunk
	total int

	malloc  mallocFunc
	mfree   freeFunc
	realloc reallocFunc
	size    sizeFunc
}

// newArena reserves the range for a system whose pages have this many bytes, a power of
// two; nil where that cannot be had.
func newArena(page int) *arena {
	chunk := 1
	for chunk*slot%page != 0 {
		chunk *= 2
	}
	n := most / chunk
	memory := reserve(n * chunk * slot)
	if memory == nil {
		return nil
	}
	low := address(memory)
	return &arena{memory: memory, low: low, high: low + uintptr(len(memory)), chunk: chunk, used: make([]int, n)}
}

func (a *arena) holds(p uintptr) bool { return p >= a.low && p < a.high }

// take gives a slot, or 0 when there is none.
func (a *arena) take() uintptr {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.next
	if k := len(a.free); k > 0 {
		n, a.free = a.free[k-1], a.free[:k-1]
	} else if n < len(a.used)*a.chunk {
		a.next++
	} else {
		return 0
	}
	a.used[n/a.chunk]++
	a.total++
	return a.low + uintptr(n)*slot
}

// give takes a slot back. The memory of a chunk that nobody uses is the system's again.
func (a *arena) give(p uintptr) {
	n := int(p-a.low) / slot
	a.mu.Lock()
	defer a.mu.Unlock()
	a.free = append(a.free, n)
	a.total--
	c := n / a.chunk
	if a.used[c]--; a.used[c] == 0 {
		size := a.chunk * slot
		forget(a.memory[c*size : (c+1)*size])
	}
}

// inUse is how many slots are taken.
func (a *arena) inUse() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total
}
