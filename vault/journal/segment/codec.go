package segment

import (
	"encoding/binary"
	"errors"
)

// ErrFormat is what is not encoded exactly as the protocol says.
var ErrFormat = errors.New("segment: not as the protocol encodes it")

// reader takes fields off a buffer. After the first one that is missing every
// field is zero and bad is true.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8() uint8 {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16() int {
	if p := r.take(2); p != nil {
		return int(binary.BigEndian.Uint16(p))
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// fill copies len(to) bytes.
func (r *reader) fill(to []byte) { copy(to, r.take(len(to))) }

// variable is u32 length ‖ bytes; at most most bytes.
func (r *reader) variable(most int) []byte {
	n := r.u32()
	if uint64(n) > uint64(most) {
		r.bad = true
		return nil
	}
	return r.take(int(n))
}

// rank is the u32 at the end of an admission, which is not 0; 0 where there is none.
func (r *reader) rank() uint32 {
	if r.bad || len(r.b) == 0 {
		return 0
	}
	n := r.u32()
	if n == 0 {
		r.bad = true
	}
	return n
}

func appendRank(b []byte, n uint32) []byte {
	if n == 0 {
		return b
	}
	return binary.BigEndian.AppendUint32(b, n)
}

// room reports whether n items of at least size bytes can follow. It comes before
// every allocation that a count asks for.
func (r *reader) room(n, size int) bool {
	if r.bad || n > len(r.b)/size {
		r.bad = true
	}
	return !r.bad
}

// end is nil when everything was there and nothing is left.
func (r *reader) end() error {
	if r.bad || len(r.b) > 0 {
		return ErrFormat
	}
	return nil
}

func appendVar(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
}
