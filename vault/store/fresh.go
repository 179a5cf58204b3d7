package store

import (
	"slices"
	"sync"
	"time"

	"phivault/vault"
)

// fresh keeps the segments that were just cut for whoever seals them next, so that their
// contents are not read and opened a second time. Each is given once; all are dropped
// when anything is appended, taken back or removed, and when nobody writes for a while.
type fresh struct {
	mu    sync.Mutex
	segs  map[spot]vault.Segment
	bytes int
}

type spot struct {
	log vault.LogID
	seq uint64
}

const (
	mostFresh  = 48 << 20 // bytes
	entryBytes = 160      // that an entry takes in memory beside its contents, about
)

// put keeps s as Segment gives it, if there is room. What lacks a content is not kept:
// why it does is read then.
func (f *fresh) put(s vault.Segment) {
	if slices.ContainsFunc(s.Entries, func(e vault.SegmentEntry) bool { return e.Body == nil && e.Header.Length > 0 }) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := sizeOf(s)
	if f.bytes+n > mostFresh {
		return
	}
	if f.segs == nil {
		f.segs = map[spot]vault.Segment{}
	}
	f.bytes += n
	s.Clock = time.UnixMilli(s.Clock.UnixMilli()).UTC()
	f.segs[spot{s.Log, s.Seq}] = s
}

// take gives the segment with this number, once.
func (f *fresh) take(log vault.LogID, seq uint64) (s vault.Segment, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok = f.segs[spot{log, seq}]; ok {
		delete(f.segs, spot{log, seq})
		f.bytes -= sizeOf(s)
	}
	return s, ok
}

func sizeOf(s vault.Segment) (n int) {
	for _, e := range s.Entries {
		n += entryBytes + len(e.Body)
	}
	return n
}

func (f *fresh) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.segs, f.bytes = nil, 0
}
