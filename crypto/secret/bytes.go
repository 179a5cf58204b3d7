package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
)

// Bytes is a fixed number of secret bytes in locked memory. Whoever made it
// owns it and must call Destroy; there is no finalizer, because a slice lent
// by [Bytes.Bytes] may outlive the last pointer to the Bytes itself.
//
// A nil *Bytes is an absent secret: its length is 0 and Destroy does nothing.
// All methods may be called concurrently, but nobody may still be using a lent
// slice when Destroy is called.
type Bytes struct {
	// A pointer, so that printing a dereferenced Bytes by reflection shows an
	// address and never the content.
	s *state
}

type state struct {
	mu    sync.Mutex
	block block // zero once destroyed
	n     int
}

// block is a piece of memory from the allocator: b has exactly the requested
// length.
type block struct {
	b      []byte
	locked bool
	free   func([]byte) // called with wiped memory
}

// New returns n zero bytes. It panics if n is negative.
func New(n int) *Bytes {
	if n < 0 {
		panic("secret: negative length")
	}
	return &Bytes{&state{block: allocate(n), n: n}}
}

// FromBytes moves b into locked memory: b is wiped, whatever its capacity
// holds beyond its length is not.
func FromBytes(b []byte) *Bytes {
	s := New(len(b))
	copy(s.s.block.b, b)
	Wipe(b)
	return s
}

// Random returns n bytes from crypto/rand.
func Random(n int) *Bytes {
	s := New(n)
	rand.Read(s.s.block.b) // never fails: crypto/rand ends the process instead
	return s
}

// Bytes lends the memory itself: valid until Destroy, never to be kept, and to
// be copied only into another Bytes. It panics after Destroy, since going on
// with a key of zeros would be worse than stopping.
func (s *Bytes) Bytes() []byte {
	if s == nil {
		return nil
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	if s.s.block.b == nil {
		panic("secret: use after Destroy")
	}
	return s.s.block.b
}

// Len returns the number of bytes, also after Destroy.
func (s *Bytes) Len() int {
	if s == nil {
		return 0
	}
	return s.s.n
}

// Clone returns an independent copy with its own lifetime.
func (s *Bytes) Clone() *Bytes {
	c := New(s.Len())
	copy(c.s.block.b, s.Bytes())
	return c
}

// Equal compares in time that depends on the lengths alone. Two absent or
// empty secrets are equal.
func (s *Bytes) Equal(other *Bytes) bool {
	return subtle.ConstantTimeCompare(s.Bytes(), other.Bytes()) == 1
}

// Locked reports whether the memory cannot be swapped out. It is false when
// the system refused and after Destroy.
func (s *Bytes) Locked() bool {
	if s == nil {
		return false
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	return s.s.block.locked
}

// Destroy wipes the bytes and gives the memory back. It may be called any
// number of times.
func (s *Bytes) Destroy() {
	if s == nil {
		return
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	if s.s.block.b == nil {
		return
	}
	b := s.s.block
	s.s.block = block{}
	Wipe(b.b)
	b.free(b.b)
}

// Wipe overwrites b with zeros. The compiler may not drop it.
//
//go:noinline
func Wipe(b []byte) {
	clear(b)
	runtime.KeepAlive(b)
}

const redacted = "[secret]"

// String returns "[secret]".
func (s Bytes) String() string { return redacted }

// GoString returns "[secret]".
func (s Bytes) GoString() string { return redacted }

// Format writes "[secret]" for every verb.
func (s Bytes) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns "[secret]".
func (s Bytes) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[secret]" as a JSON string.
func (s Bytes) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns "[secret]" to log/slog.
func (s Bytes) LogValue() slog.Value { return slog.StringValue(redacted) }

var (
	_ fmt.Formatter  = Bytes{}
	_ fmt.GoStringer = Bytes{}
	_ slog.LogValuer = Bytes{}
)
