package cryptvfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/libc"
)

// saying is a cache that says what the test wants, and notes what is to be fetched. It
// reads what it calls cached from the file.
type saying struct {
	f       *os.File
	say     func(page int64) whereabouts
	asked   int
	fetches []string // "first+pages"
}

var _ systemCache = (*saying)(nil)

func (s *saying) cached(b []byte, off int64) whereabouts {
	s.asked++
	w := s.say(off / 4096)
	if w == isCached {
		if n, err := readFull(s.f, b, off); err != nil || n < len(b) {
			return notCached
		}
	}
	return w
}

func (s *saying) fetch(off, size int64) {
	s.fetches = append(s.fetches, fmt.Sprintf("%d+%d", off/4096, size/4096))
}

func always(w whereabouts) func(int64) whereabouts { return func(int64) whereabouts { return w } }

// told opens a database of so many pages of rows, on a cache that says what say does.
func told(t *testing.T, pages int64, say func(int64) whereabouts) (*handle, *saying) {
	t.Helper()
	h := pageHandle(t, 4096)
	for n := range pages {
		mustWrite(t, h, n, leafOfTable, 0)
	}
	if h.sync() != 0 {
		t.Fatal(h.vfs.LastError())
	}
	d := h.content.(*database)
	s := &saying{f: d.os, say: say}
	d.pages.cache = s
	return h, s
}

func mustWrite(t *testing.T, h *handle, n int64, first byte, version uint64) {
	t.Helper()
	b := make([]byte, 4096)
	b[0] = first
	binary.BigEndian.PutUint64(b[8:], version)
	if h.write(b, n*4096) != 0 {
		t.Fatal(h.vfs.LastError())
	}
}

func mustRead(t *testing.T, h *handle, n int64) (version uint64) {
	t.Helper()
	b := make([]byte, 4096)
	if h.read(b, n*4096) != 0 {
		t.Fatal(n, h.vfs.LastError())
	}
	return binary.BigEndian.Uint64(b[8:])
}

// leads gives page n the content of one that leads to the pages to, of rows or of an index.
func leads(t *testing.T, h *handle, n int64, kind byte, to ...int64) {
	t.Helper()
	b := make([]byte, 4096)
	b[0] = kind
	cells := to[:len(to)-1]
	binary.BigEndian.PutUint16(b[3:], uint16(len(cells)))
	binary.BigEndian.PutUint32(b[8:], uint32(to[len(to)-1]+1)) // SQLite's pages are numbered from 1
	for i, p := range cells {
		at := 2000 + 8*i
		binary.BigEndian.PutUint16(b[12+2*i:], uint16(at))
		binary.BigEndian.PutUint32(b[at:], uint32(p+1))
	}
	if h.write(b, n*4096) != 0 || h.sync() != 0 {
		t.Fatal(h.vfs.LastError())
	}
}

const interiorOfTable, interiorOfIndex, leafOfTable = 5, 2, 13

func TestWhatIsFetchedWithAPage(t *testing.T) {
	h, s := told(t, 400, always(notCached))
	h.content.(*database).pages.habit = habit{reach - 1: 1, reach + 1: 1, reach + 2: 1, reach + 3: 0.1, reach + 4: 0.01}
	leads(t, h, 10, interiorOfTable, 100, 103, 150, 158, 1, 399)
	leads(t, h, 11, interiorOfIndex, 200, 150)
	leads(t, h, 12, interiorOfTable, 150)
	for _, c := range []struct {
		read int64
		want string
	}{
		{0, "0+48"}, // the schema
		{100, ""},   // nothing is known of it yet
		{10, ""},
		{300, ""}, // nor of this
		{100, "99+4"},
		{103, ""}, {92, ""}, {108, ""}, // near: they were not brought along, and yet are no new place
		{109, ""}, // not near, and not known
		{158, "157+4"},
		{150, ""}, // near
		{1, "0+4"},
		{399, "398+4"}, // the system knows where the file ends
		{11, ""}, {200, ""},
	} {
		s.fetches = nil
		mustRead(t, h, c.read)
		got := strings.Join(s.fetches, " ")
		if got != c.want {
			t.Errorf("page %d: %q, want %q", c.read, got, c.want)
		}
	}
	d := h.content.(*database)
	if d.pages.rows.has(150) {
		t.Error("a page is said to hold rows although an index has it now")
	}
	if mustRead(t, h, 12); !d.pages.rows.has(150) || d.pages.rows.has(11) || !d.pages.rows.has(103) {
		t.Error("what leads to rows is not known")
	}
}

// A page that leads to rows is not one of them, though another leads to it.
func TestPagesBetweenAreNoRows(t *testing.T) {
	h, s := told(t, 100, always(notCached))
	leads(t, h, 10, interiorOfTable, 50, 60)
	leads(t, h, 50, interiorOfTable, 70, 80)
	for _, n := range []int64{10, 50} {
		mustRead(t, h, n)
	}
	s.fetches = nil
	for range 2 * spotsKept { // as if all else had been read since
		h.content.(*database).pages.spots = [spotsKept]spot{}
		mustRead(t, h, 50)
	}
	if len(s.fetches) > 0 {
		t.Error(s.fetches)
	}
}

// Nothing that a page can hold leads the fetcher astray.
func TestWhatLeadsNowhereIsLeftAlone(t *testing.T) {
	f := fetcher{cache: &saying{}, page: 4096}
	r := rand.New(rand.NewPCG(3, 3))
	b := make([]byte, 4096-overhead)
	for i := range slow(2000, 200000) {
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		b[0] = []byte{interiorOfTable, interiorOfIndex}[i%2]
		if i%3 == 0 {
			binary.BigEndian.PutUint16(b[3:], uint16(r.IntN(600)))
		}
		f.learn(1+int64(i), b)
	}
	if most := maxPages / 64; len(f.rows) > most {
		t.Errorf("%d words for the pages of a database", len(f.rows))
	}
}

// lastFetch reads pages of rows far from each other, and those at beside of each, and
// gives what was fetched with the last of the far ones, by how far from it.
func lastFetch(t *testing.T, rounds int, beside ...int64) string {
	t.Helper()
	const pages = 4000
	cached := map[int64]bool{}
	h, s := told(t, pages, func(n int64) whereabouts {
		if cached[n] {
			return isCached
		}
		return notCached
	})
	for n := range int64(pages) {
		h.content.(*database).pages.rows.put(n, true)
	}
	last := ""
	for i := range int64(rounds) {
		n := 40 + 40*(i%99)
		s.fetches = nil
		mustRead(t, h, n)
		if last = ""; len(s.fetches) > 0 {
			var first, size int64
			if _, err := fmt.Sscanf(s.fetches[0], "%d+%d", &first, &size); err != nil {
				t.Fatal(err)
			}
			last = fmt.Sprint(first-n, "..", first-n+size-1)
		}
		for _, d := range beside {
			mustRead(t, h, n+d)
		}
	}
	return last
}

func TestWhatIsFetchedIsWhatWasAskedForBefore(t *testing.T) {
	for _, c := range []struct {
		beside []int64
		want   string
	}{
		{nil, ""},
		{[]int64{1}, "0..1"},
		{[]int64{-3}, "-3..0"},
		{[]int64{3, 1, -6}, "-6..3"}, // all between are fetched, though not asked for
		{[]int64{9, -9}, ""},         // too far
		{[]int64{1, 2, 3, 4, 5, 6, 7, 8}, "0..8"},
	} {
		if got := lastFetch(t, 90, c.beside...); got != c.want {
			t.Errorf("with %v: fetched %q, want %q", c.beside, got, c.want)
		}
	}
}

func TestTheSystemIsAskedSeldomWhileAllIsCached(t *testing.T) {
	h, s := told(t, 2, always(isCached))
	for range 1000 {
		mustRead(t, h, 1)
	}
	if want := alertReads + (1000-alertReads)/calmReads; s.asked != want {
		t.Errorf("asked %d times, not %d", s.asked, want)
	}
	s.say = always(notCached)
	for range 2 * calmReads {
		mustRead(t, h, 1)
	}
	if s.asked < alertReads+(1000-alertReads)/calmReads+calmReads {
		t.Error("not asked more often after a page came from the disk")
	}
}

func TestASystemThatCannotSayIsNotAskedAgain(t *testing.T) {
	h, s := told(t, 20, always(cannotSay))
	for n := range int64(20) {
		mustRead(t, h, n)
	}
	if s.asked != 1 || len(s.fetches) != 0 {
		t.Errorf("asked %d times, %v", s.asked, s.fetches)
	}
}

// Whatever the system says, a page is what was written last, by whichever handle, and
// one that is not there or not whole is missed.
func TestReadingIsTheSameWhateverTheSystemSays(t *testing.T) {
	for seed := range uint64(slow(8, 200)) {
		r := rand.New(rand.NewPCG(seed, 5))
		h, _ := told(t, 64, nil)
		say := func(int64) whereabouts {
			if seed%4 == 0 && r.IntN(400) == 0 {
				return cannotSay
			}
			return whereabouts(r.IntN(int(cannotSay)))
		}
		handles := []*handle{h}
		for range 2 {
			more, code := h.vfs.open(h.node.path, openMain)
			if code != 0 {
				t.Fatal(code)
			}
			tls := libc.NewTLS()
			t.Cleanup(func() { more.close(tls); tls.Close() })
			handles = append(handles, more)
		}
		for _, h := range handles {
			d := h.content.(*database)
			d.pages.cache = &saying{f: d.os, say: say}
		}
		model := make([]uint64, 64)
		for i := range 2000 {
			h := handles[r.IntN(len(handles))]
			switch r.IntN(12) {
			case 0:
				size := int64(1 + r.IntN(64))
				if h.truncate(size*4096) != 0 {
					t.Fatal(h.vfs.LastError())
				}
				model = model[:min(size, int64(len(model)))]
			case 1, 2, 3:
				n := int64(r.IntN(len(model) + 1))
				mustWrite(t, h, n, leafOfTable, uint64(i))
				if n == int64(len(model)) {
					model = append(model, 0)
				}
				model[n] = uint64(i)
			default:
				n := int64(r.IntN(len(model) + 2))
				if n < int64(len(model)) {
					if v := mustRead(t, h, n); v != model[n] {
						t.Fatalf("seed %d, step %d: page %d is of step %d, not %d", seed, i, n, v, model[n])
					}
					continue
				}
				// Truncating upward leaves zeros, which are no page.
				b := bytes.Repeat([]byte{1}, 4096)
				if h.read(b, n*4096) == 0 || !IsAuth(h.vfs.LastError()) || !allZero(b) {
					t.Fatalf("seed %d, step %d: page %d of %d is read: %v", seed, i, n, len(model), h.vfs.LastError())
				}
			}
		}
	}
}

func TestAPageCutShortIsMissedWhereverItLies(t *testing.T) {
	for _, w := range []whereabouts{isCached, notCached, notSaid, cannotSay} {
		h, s := told(t, 3, always(w))
		if err := os.Truncate(s.f.Name(), 2*4096+100); err != nil {
			t.Fatal(err)
		}
		for n := int64(2); n < 4; n++ {
			b := bytes.Repeat([]byte{1}, 4096)
			if h.read(b, n*4096) == 0 || !errors.Is(h.vfs.LastError(), ErrTruncated) || !allZero(b) {
				t.Errorf("page %d, system says %d: %v", n, w, h.vfs.LastError())
			}
		}
	}
}

// What the real system says is believed only with the whole page in hand.
func TestTheRealSystemSaysWhatItHas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	want := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := cacheOf(f)
	if c == nil {
		t.Skip("this system does not say what is cached")
	}
	for _, at := range []struct {
		off   int64
		there bool
	}{{0, true}, {4096, true}, {12288, true}, {12289, false}, {16384, false}, {1 << 40, false}} {
		b := make([]byte, 4096)
		c.fetch(at.off, 8192)
		switch w := c.cached(b, at.off); {
		case w == cannotSay:
			t.Skip("the file system does not say what is cached")
		case w == isCached && (!at.there || !bytes.Equal(b, want[at.off:at.off+4096])):
			t.Errorf("at %d: said to be cached, and is not what is there", at.off)
		case w == notCached && at.there: // just written
			t.Errorf("at %d: said not to be cached", at.off)
		}
	}
}
