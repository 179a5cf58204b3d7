package frames

import (
	"errors"
	"math/bits"
)

// errTable is a dictionary whose tables cannot be read.
var errTable = errors.New("frames: the dictionary's tables are malformed")

// coder encodes symbols by one FSE table (RFC 8878, 4.1).
type coder struct {
	log    uint8
	states []uint16
	sym    []symbol
}

type symbol struct {
	bits  uint32 // number of bits, as (most << 16) - threshold
	start int32
	has   bool
}

// readCounts reads an FSE table description (RFC 8878, 4.1.1): the probability of each
// symbol, -1 for "less than one". n is the number of bytes it takes.
func readCounts(b []byte, most int) (counts []int16, log uint8, n int, err error) {
	at := 0 // bits
	take := func(count int) (v int) {
		for i := range count {
			if at>>3 < len(b) {
				v |= int(b[at>>3]>>(at&7)&1) << i
			}
			at++
		}
		return v
	}
	log = uint8(take(4) + 5)
	if log > 9 {
		return nil, 0, 0, errTable
	}
	for left := 1 << log; left > 0; {
		if len(counts) > most {
			return nil, 0, 0, errTable
		}
		// A value from 0 to left+1; the lower ones take a bit less.
		width := bits.Len(uint(left + 1))
		v := take(width)
		low, spare := v&(1<<(width-1)-1), 1<<width-1-(left+1)
		switch {
		case low < spare:
			v = low
			at--
		case v >= 1<<(width-1):
			v -= spare
		}
		p := v - 1
		counts = append(counts, int16(p))
		switch {
		case p < 0:
			left--
		case p > 0:
			left -= p
		default:
			for again := 3; again == 3; {
				again = take(2)
				counts = append(counts, make([]int16, again)...)
			}
		}
		if left < 0 {
			return nil, 0, 0, errTable
		}
	}
	n = (at + 7) / 8
	if n > len(b) || len(counts) > most+1 {
		return nil, 0, 0, errTable
	}
	return counts, log, n, nil
}

// newCoder spreads the symbols over the states (RFC 8878, 4.1.1) as decoders do.
func newCoder(counts []int16, log uint8) *coder {
	size := 1 << log
	c := &coder{log: log, states: make([]uint16, size), sym: make([]symbol, len(counts))}
	at := make([]int, len(counts)+1) // where each symbol's states begin
	spread := make([]uint8, size)
	high := size - 1
	for s, p := range counts {
		at[s+1] = at[s] + int(max(p, -p))
		if p == -1 {
			spread[high] = uint8(s)
			high--
		}
	}
	place, step := 0, size>>1+size>>3+3
	for s, p := range counts {
		for range max(p, 0) {
			spread[place] = uint8(s)
			for place = (place + step) & (size - 1); place > high; {
				place = (place + step) & (size - 1)
			}
		}
	}
	next := append([]int(nil), at...)
	for i, s := range spread {
		c.states[next[s]] = uint16(size + i)
		next[s]++
	}
	for s, p := range counts {
		switch {
		case p == 0:
		case p == 1 || p == -1:
			c.sym[s] = symbol{bits: uint32(log)<<16 - uint32(size), start: int32(at[s]) - 1, has: true}
		default:
			most := uint32(log) - uint32(bits.Len(uint(p-1))-1)
			c.sym[s] = symbol{bits: most<<16 - uint32(p)<<most, start: int32(at[s]) - int32(p), has: true}
		}
	}
	return c
}

func (c *coder) has(s uint8) bool { return int(s) < len(c.sym) && c.sym[s].has }

// first gives the state that says s and nothing before it.
func (c *coder) first(s uint8) uint32 {
	y := &c.sym[s]
	n := (y.bits + 1<<15) >> 16
	return uint32(c.states[int32((n<<16-y.bits)>>n)+y.start])
}

// encode puts what a decoder needs to come from the state of s to state, and gives the
// former.
func (c *coder) encode(w *bitWriter, state uint32, s uint8) uint32 {
	y := &c.sym[s]
	n := (state + y.bits) >> 16
	w.add(uint64(state), uint8(n))
	return uint32(c.states[int32(state>>n)+y.start])
}

// bitWriter writes bits as they are read from the end (RFC 8878, 4.1).
type bitWriter struct {
	out []byte
	acc uint64
	n   uint8
}

// add appends the lower n bits of v, 32 at most.
func (w *bitWriter) add(v uint64, n uint8) {
	if w.n+n > 64 {
		w.flush()
	}
	w.acc |= (v & (1<<n - 1)) << w.n
	w.n += n
}

func (w *bitWriter) flush() {
	for w.n >= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
		w.n -= 8
	}
}

// close marks the end.
func (w *bitWriter) close() []byte {
	w.add(1, 1)
	w.flush()
	if w.n > 0 {
		w.out = append(w.out, byte(w.acc))
	}
	return w.out
}
