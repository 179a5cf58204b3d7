package secret

import "sync"

// Keys are small and many, locked pages are few (RLIMIT_MEMLOCK is 64 KiB on
// some systems), so whatever fits a slot shares a region; the rest gets a
// mapping of its own.
const (
	slotSize     = 64
	regionSize   = 16 << 10 // a multiple of every page size in use (4 and 16 KiB)
	slotsPerPool = regionSize / slotSize
)

// arena is an allocator, so there is one per process.
var arena pool

type pool struct {
	mu   sync.Mutex
	free []block // whole slots, wiped
}

func allocate(n int) block {
	if n > slotSize {
		return mapped(n)
	}
	slot := arena.take()
	// The capacity ends with the slot's share: an append never reaches a neighbour.
	return block{b: slot.b[:n:n], locked: slot.locked, free: func([]byte) { arena.give(slot) }}
}

func (p *pool) take() block {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		region := mapped(regionSize) // never unmapped
		p.free = make([]block, 0, slotsPerPool)
		for i := 0; i < regionSize; i += slotSize {
			p.free = append(p.free, block{b: region.b[i : i+slotSize : i+slotSize], locked: region.locked})
		}
	}
	last := len(p.free) - 1
	slot := p.free[last]
	p.free = p.free[:last]
	return slot
}

func (p *pool) give(slot block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, slot)
}

// mapped returns n bytes of their own pages; plain heap where the system gives
// no pages, so that no caller needs an error path for a missing protection.
func mapped(n int) block {
	whole, err := mapPages(n)
	if err != nil {
		return block{b: make([]byte, n), free: func([]byte) {}}
	}
	locked := lockPages(whole) == nil
	return block{b: whole[:n:n], locked: locked, free: func([]byte) {
		if locked {
			_ = unlockPages(whole)
		}
		_ = unmapPages(whole)
	}}
}
