package cryptvfs

import (
	"encoding/binary"
	"os"
)

// What comes with a page that has to be read from the disk. The rows of a record lie in
// several tables and were written together: their pages lie near each other. One reading
// of several pages in a row takes little more than one of the first, and much less than
// one of each: it pays to bring a page along when one in pageCost is asked for soon.
const (
	headPages  = 48 // the schema, the roots and the small tables of a vault, with the first page
	reach      = 8  // how far from a page it is looked at what is asked for next
	pageCost   = 8  // pages in a row that take, beside the first, as long as another reading
	spotsKept  = 8
	spotWeight = 1.0 / 16 // of one spot in the habit
	alertReads = 64       // reads after one from the disk that ask the system first
	calmReads  = 8        // later one in so many asks: it costs a tenth of reading what is cached
	maxPages   = 1 << 26  // of which it is remembered what they hold: a file of 256 GiB
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
// to go to the disk for a page with rows, the fetcher has it bring along, with the same
// reading, the pages beside it that will probably be asked for next.
//
// It keeps no page. What SQLite asks for is read when it asks, by a system call of its
// own, and what is brought along is the system's to keep up to date with whoever writes,
// or not to bring at all. So what is read, and how reading fails, is what it was without.
type fetcher struct {
	file  *os.File
	page  int64
	cache systemCache // nil: cannot say
	rows  pageSet     // pages that hold rows, as far as what leads to them was read

	alert int // reads that will ask
	calm  int // reads that did not
	spots [spotsKept]spot
	next  int // of spots
	habit habit
}

// spot is a page with rows that came from the disk, and what was asked for near it
// since: bit reach+d is the page d behind it.
type spot struct {
	page  int64 // 0: there is none
	asked uint32
}

// habit is how often a page was asked for soon after one so far before or behind it
// came from the disk: at reach+d the share for the page d behind.
type habit [2*reach + 1]float32

func newFetcher(f *os.File, page int) fetcher {
	r := fetcher{file: f, page: int64(page), cache: cacheOf(f), alert: alertReads}
	for d := -2; d <= 4; d++ { // where a record's content lies after an import
		r.habit[reach+d] = 1.5 / pageCost
	}
	return r
}

// read reads page n, or says how many bytes of it there are.
func (f *fetcher) read(b []byte, n int64) (got int, err error) {
	if f.asks() {
		f.along(n) // before it is asked, which makes some systems begin to read the page alone
		switch f.cache.cached(b, n*f.page) {
		case isCached:
			f.near(n)
			return len(b), nil
		case notCached:
			f.alert = alertReads
			f.missed(n)
		case cannotSay:
			f.cache = nil
		}
	}
	return readFull(f.file, b, n*f.page)
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

// beside reports whether page n lies near a spot.
func (f *fetcher) beside(n int64) bool {
	for _, s := range f.spots {
		if s.page > 0 && max(n-s.page, s.page-n) <= reach {
			return true
		}
	}
	return false
}

// near is beside, and notes that page n was asked for.
func (f *fetcher) near(n int64) (is bool) {
	for i := range f.spots {
		s := &f.spots[i]
		if d := n - s.page; s.page > 0 && d >= -reach && d <= reach {
			s.asked |= 1 << (reach + d)
			is = true
		}
	}
	return is
}

// along has page n brought with what is probably asked for next, if it is not cached.
// Only rows have neighbours: what an index leads to lies anywhere.
func (f *fetcher) along(n int64) {
	if !f.rows.has(n) || f.beside(n) {
		return
	}
	if before, after := f.habit.pays(-1), f.habit.pays(1); before+after > 0 {
		first := max(0, n-before)
		f.cache.fetch(first*f.page, (n+after+1-first)*f.page)
	}
}

// missed notes that page n was not cached.
func (f *fetcher) missed(n int64) {
	if n == 0 {
		f.cache.fetch(0, headPages*f.page)
		return
	}
	if f.near(n) || !f.rows.has(n) {
		return
	}
	s := &f.spots[f.next]
	if s.page > 0 {
		f.habit.learn(s.asked)
	}
	*s = spot{page: n}
	f.next = (f.next + 1) % spotsKept
}

func (h *habit) learn(asked uint32) {
	for i := range h {
		h[i] -= h[i] * spotWeight
		if asked>>i&1 == 1 {
			h[i] += spotWeight
		}
	}
}

// pays tells how many pages it pays to bring along in one direction.
func (h *habit) pays(direction int) (pages int64) {
	gain, best := float32(0), float32(0)
	for d := 1; d <= reach; d++ {
		if gain += h[reach+direction*d]*pageCost - 1; gain > best {
			best, pages = gain, int64(d)
		}
	}
	return pages
}

// learn notes which pages page n leads to, when it is one that leads to others
// (https://sqlite.org/fileformat2.html, section 1.6).
func (f *fetcher) learn(n int64, content []byte) {
	const tableInterior, indexInterior, header = 5, 2, 12
	if f.cache == nil {
		return
	}
	kind := content[0]
	if kind != tableInterior && kind != indexInterior {
		return
	}
	f.rows.put(n, false)
	cells := int(binary.BigEndian.Uint16(content[3:]))
	if header+2*cells > len(content) {
		return
	}
	f.rows.put(int64(binary.BigEndian.Uint32(content[8:]))-1, kind == tableInterior)
	for i := range cells {
		at := int(binary.BigEndian.Uint16(content[header+2*i:]))
		if at+4 <= len(content) {
			f.rows.put(int64(binary.BigEndian.Uint32(content[at:]))-1, kind == tableInterior)
		}
	}
}

// pageSet is a set of pages, one bit each.
type pageSet []uint64

func (s pageSet) has(n int64) bool {
	return n>>6 < int64(len(s)) && s[n>>6]>>(n&63)&1 == 1
}

// put adds page n, or takes it out.
func (s *pageSet) put(n int64, in bool) {
	if n < 0 || n >= maxPages || !in && !s.has(n) {
		return
	}
	if grow := n>>6 + 1 - int64(len(*s)); grow > 0 {
		*s = append(*s, make([]uint64, grow)...)
	}
	if in {
		(*s)[n>>6] |= 1 << (n & 63)
	} else {
		(*s)[n>>6] &^= 1 << (n & 63)
	}
}
