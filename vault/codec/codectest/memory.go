package codectest

import (
	"io"
	"os"
	"runtime"
	"testing"

	"phivault/vault"
)

// Stream is a file that is made up while it is read: Head, then Part until Size
// is reached, then Tail.
type Stream struct {
	Head, Part, Tail string
	Size             int64

	n       int64 // bytes given
	rest    string
	state   int
	sampled int64
	peak    uint64
}

// Slow reports whether the long form of a test is asked for.
func Slow() bool { return os.Getenv("PHIVAULT_SLOW") != "" }

func (s *Stream) Read(p []byte) (n int, err error) {
	if s.n-s.sampled > 4<<20 {
		s.sampled = s.n
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s.peak = max(s.peak, m.HeapAlloc)
	}
	for n < len(p) {
		for s.rest == "" {
			switch {
			case s.state == 0:
				s.rest, s.state = s.Head, 1
			case s.state == 1 && s.n+int64(n) < s.Size:
				s.rest = s.Part
			case s.state == 1:
				s.rest, s.state = s.Tail, 2
			case n > 0:
				s.n += int64(n)
				return n, nil
			default:
				return 0, io.EOF
			}
		}
		m := copy(p[n:], s.rest)
		s.rest, n = s.rest[m:], n+m
	}
	s.n += int64(n)
	return n, nil
}

// HoldsMemory decodes s and fails when the heap, garbage included, is ever
// larger than most bytes. It gives the number of items.
func HoldsMemory(t testing.TB, c vault.Codec, name string, s *Stream, o vault.DecodeOptions, most uint64) (items int) {
	t.Helper()
	runtime.GC()
	for _, err := range c.Decode(t.Context(), name, s, o) {
		if err != nil {
			t.Errorf("%v", err)
			break
		}
		items++
	}
	t.Logf("heap at most %d KiB in %d MiB", s.peak>>10, s.n>>20)
	if s.peak > most {
		t.Errorf("the heap grew to %d KiB, more than %d", s.peak>>10, most>>10)
	}
	return items
}
