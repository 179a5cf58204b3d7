// Package malicious is a host that cheats, by script: the adversary that
// everything above a remote is tested against.
//
// It honours the interface, never the promise. It can show other bytes, fewer,
// more, older, none, whole yesterdays; acknowledge and forget; lie about sizes;
// list what is not there, for ever. It also keeps what a host would know: every
// call and, through the store it wraps, every byte.
//
// It cannot do what a host cannot: break a seal or a signature. Tests that need
// forged objects make them with real keys and have them served by Serve.
package malicious

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"sync"

	"phivault/sync/remote"
)

// Call is one call as the host saw it.
type Call struct {
	Op   string
	Name remote.Name // zero for list and watch
	Size int64       // of a put
}

// Past is everything a store held at one time.
type Past map[remote.Name][]byte

// Remote cheats. Without a script it is honest. Safe for concurrent use.
type Remote struct {
	inner remote.Remote

	mu      sync.Mutex
	change  map[remote.Name]func([]byte) []byte
	says    map[remote.Name]int64
	hidden  map[remote.Name]bool
	past    Past // if not nil, all that exists
	frozen  bool // later puts are acknowledged and never shown
	swallow map[remote.Name]bool
	listing iter.Seq[remote.Entry]
	calls   []Call
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Watcher  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

// New gives an honest host over inner, which it owns.
func New(inner remote.Remote) *Remote {
	r := &Remote{inner: inner}
	r.Honest()
	return r
}

// Honest ends every trick. What was swallowed is lost.
func (r *Remote) Honest() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.change, r.says = map[remote.Name]func([]byte) []byte{}, map[remote.Name]int64{}
	r.hidden, r.swallow = map[remote.Name]bool{}, map[remote.Name]bool{}
	r.past, r.frozen, r.listing = nil, false, nil
}

// Serve shows b under n, whether or not anything is there.
func (r *Remote) Serve(n remote.Name, b []byte) {
	b = bytes.Clone(b)
	r.Alter(n, func([]byte) []byte { return b })
}

// Alter shows what f makes of n's object; f gets nil if there is none, and gives
// nil to hide it.
func (r *Remote) Alter(n remote.Name, f func([]byte) []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.change[n] = f
}

// Swap shows each of two objects under the other's name.
func (r *Remote) Swap(ctx context.Context, a, b remote.Name) error {
	x, err := r.read(ctx, a)
	if err != nil {
		return err
	}
	y, err := r.read(ctx, b)
	if err != nil {
		return err
	}
	r.Serve(a, y)
	r.Serve(b, x)
	return nil
}

// Truncate shows the first size bytes only.
func (r *Remote) Truncate(n remote.Name, size int) {
	r.Alter(n, func(b []byte) []byte { return b[:min(size, len(b))] })
}

// Append shows more than was put.
func (r *Remote) Append(n remote.Name, more []byte) {
	r.Alter(n, func(b []byte) []byte { return append(bytes.Clone(b), more...) })
}

// Flip shows the object with one bit changed; bits count from the first byte's
// lowest.
func (r *Remote) Flip(n remote.Name, bit int) {
	r.Alter(n, func(b []byte) []byte {
		b = bytes.Clone(b)
		if bit/8 < len(b) {
			b[bit/8] ^= 1 << (bit % 8)
		}
		return b
	})
}

// Announce lies about a size. The body stays what it is.
func (r *Remote) Announce(n remote.Name, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.says[n] = size
}

// Hide denies that objects exist; Show admits it again.
func (r *Remote) Hide(names ...remote.Name) { r.conceal(true, names) }

// Show ends Hide.
func (r *Remote) Show(names ...remote.Name) { r.conceal(false, names) }

func (r *Remote) conceal(hide bool, names []remote.Name) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range names {
		r.hidden[n] = hide
	}
}

// Freeze acknowledges every put from now on and never shows its object.
func (r *Remote) Freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen = true
}

// Remember copies all that can be listed now.
func (r *Remote) Remember(ctx context.Context) (Past, error) {
	p := Past{}
	for e, err := range remote.List(ctx, r.inner, remote.Space{}) {
		if err != nil {
			return nil, err
		}
		b, err := r.read(ctx, e.Name)
		if err != nil {
			return nil, err
		}
		p[e.Name] = b
	}
	return p, nil
}

// Replay puts a whole earlier store back: nothing else exists any more. Puts are
// added to it.
func (r *Remote) Replay(p Past) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.past = maps.Clone(p)
}

// ListFalsely lists what the sequence gives, which may never end, in place of
// what is there.
func (r *Remote) ListFalsely(s iter.Seq[remote.Entry]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listing = s
}

// Endless gives made-up names of a space for ever.
func Endless(s remote.Space) iter.Seq[remote.Entry] {
	return func(yield func(remote.Entry) bool) {
		for i := uint64(0); ; i++ {
			var id [32]byte
			for j := range 8 {
				id[j] = byte(i >> (8 * j))
			}
			if !yield(remote.Entry{Name: s.Name(id), Size: 4096}) {
				return
			}
		}
	}
}

// Calls gives every call so far, in order.
func (r *Remote) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Call(nil), r.calls...)
}

func (r *Remote) note(op string, n remote.Name, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, Call{op, n, size})
}

func (r *Remote) read(ctx context.Context, n remote.Name) ([]byte, error) {
	body, _, err := r.inner.Get(ctx, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}
