package cryptvfs

import "os"

// What is fetched beside a page that came from the disk. Rows of a record and of a
// patient were written together, in several tables: their pages lie near each other,
// what a row refers to mostly before it. On the disk this was measured on, a page more
// in a window costs a tenth of a read of its own, on others less: a window pays when one
// page in ten is asked for.
const (
	headPages    = 48 // the schema, the roots and the small tables of a vault, with the first page
	pagesBefore  = 8
	pagesAfter   = 4
	windowPages  = pagesBefore + 1 + pagesAfter
	pagesNear    = 16 // so near to a window no other is fetched
	windowsKept  = 8
	windowsOwed  = 8  // windows that came to nothing, before most are left out
	windowTried  = 16 // then one in so many is fetched all the same
	alertReads   = 64 // reads after one from the disk that ask the system first
	calmReads    = 8  // later one in so many asks: it costs a tenth of reading what is cached
	tableLeaf    = 13 // first byte of a page with rows (https://sqlite.org/fileformat2.html, section 1.6)
	nothingAsked = 1<<windowPages - 1
)

// whereabouts is what a system says of a page.
type whereabouts int

const (
	isCached whereabouts = iota // and was read
	notCached
	notSaid
	cannotSay // nor ever will for this file
)

// systemCache is what a system's cache of a file can be asked.
type systemCache interface {
	// cached fills b with what lies at off if the system need not wait for it.
	cached(b []byte, off int64) whereabouts
	// fetch asks for what lies there to be brought into the cache, and does not wait.
	fetch(off, size int64)
}

// fetcher reads the pages of one database file. Where the system can tell that it has
// to go to the disk for a page, the fetcher has it bring along the pages that will
// probably be asked for next, as systems do for mapped files.
//
// It keeps no page. What SQLite asks for is read when it asks, by a system call of its
// own, and what is brought along is the system's to keep up to date with whoever writes,
// or not to bring at all. So what is read, and how reading fails, is what it was without.
type fetcher struct {
	file  *os.File
	page  int64
	cache systemCache // nil: cannot say

	alert   int // reads that will ask
	calm    int // reads that did not
	credit  int // pages of windows that were asked for, less the windows
	left    int // windows left out
	windows [windowsKept]window
	next    int // of windows
}

// window is what was fetched around a page.
type window struct {
	around int64  // its number; 0: there is none
	fresh  uint16 // the pages from around-pagesBefore on that were not asked for yet, a bit each
}

func newFetcher(f *os.File, page int) fetcher {
	return fetcher{file: f, page: int64(page), cache: cacheOf(f), alert: alertReads, credit: windowsOwed}
}

// read reads page n, or says how many bytes of it there are. It reports whether the
// system had to go to the disk.
func (f *fetcher) read(b []byte, n int64) (got int, fetched bool, err error) {
	if f.asks() {
		switch f.cache.cached(b, n*f.page) {
		case isCached:
			f.asked(n)
			return len(b), false, nil
		case notCached:
			f.alert, fetched = alertReads, true
			if n == 0 {
				f.cache.fetch(0, headPages*f.page)
			}
		case cannotSay:
			f.cache = nil
		}
	}
	got, err = readFull(f.file, b, n*f.page)
	return got, fetched, err
}

// asks decides whether a read finds out where the page is.
func (f *fetcher) asks() bool {
	if f.cache == nil {
		return false
	}
	if f.alert > 0 {
		f.alert--
		return true
	}
	f.calm = (f.calm + 1) % calmReads
	return f.calm == 0
}

// asked credits the window that a cached page came with.
func (f *fetcher) asked(n int64) {
	for i := range f.windows {
		w := &f.windows[i]
		at := n - w.around + pagesBefore
		if w.around > 0 && at >= 0 && at < windowPages && w.fresh>>at&1 == 1 {
			w.fresh &^= 1 << at
			f.credit = min(f.credit+1, windowsOwed)
			return
		}
	}
}

// beside has the pages around page n fetched, which came from the disk and holds
// content. Only rows have neighbours: what an index leads to lies anywhere.
func (f *fetcher) beside(n int64, content []byte) {
	if n == 0 || content[0] != tableLeaf {
		return
	}
	for _, w := range f.windows {
		if w.around > 0 && max(n-w.around, w.around-n) <= pagesNear {
			return
		}
	}
	f.credit = max(f.credit-1, -windowsOwed)
	if f.credit == -windowsOwed {
		if f.left = (f.left + 1) % windowTried; f.left != 0 {
			return
		}
	}
	first := max(0, n-pagesBefore)
	f.cache.fetch(first*f.page, (n+pagesAfter+1-first)*f.page)
	f.windows[f.next] = window{around: n, fresh: nothingAsked &^ (1 << pagesBefore)}
	f.next = (f.next + 1) % windowsKept
}
