package cryptvfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
		mustWrite(t, h, n, tableLeaf, 0)
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

func TestWhatIsFetchedBesideAPage(t *testing.T) {
	h, s := told(t, 400, always(notCached))
	mustWrite(t, h, 300, 10, 0) // an index's
	for _, c := range []struct {
		read int64
		want string
	}{
		{0, "0+48"},
		{100, "92+13"},
		{103, ""}, {84, ""}, {116, ""}, // near
		{117, "109+13"},
		{300, ""}, // what an index leads to lies anywhere
		{5, "0+10"},
	} {
		s.fetches = nil
		mustRead(t, h, c.read)
		got := ""
		if len(s.fetches) > 0 {
			got = s.fetches[0]
		}
		if got != c.want || len(s.fetches) > 1 {
			t.Errorf("page %d: %q, want %q", c.read, s.fetches, c.want)
		}
	}
}

func TestWindowsOfWhichNothingIsReadAreLeftOut(t *testing.T) {
	for _, used := range []bool{false, true} {
		cached := map[int64]bool{}
		h, s := told(t, 4000, func(n int64) whereabouts {
			if cached[n] {
				return isCached
			}
			return notCached
		})
		for n := int64(40); n < 4000; n += 40 {
			mustRead(t, h, n)
			if used {
				cached[n+1] = true
				mustRead(t, h, n+1)
			}
		}
		switch n := len(s.fetches); {
		case used && n != 99:
			t.Errorf("%d windows of 99 although all were of use", n)
		case !used && (n <= windowsOwed || n > 2*windowsOwed+99/windowTried):
			t.Errorf("%d windows of 99 although none was of use", n)
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
				mustWrite(t, h, n, tableLeaf, uint64(i))
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
