package frames

import (
	"encoding/binary"
	"math/bits"

	"github.com/klauspost/compress/huff0"
)

// Payloads from 256 bytes to 16 KiB are packed here: below, a frame's size field has
// another width, and above, a general encoder does as well.
const (
	minPayload = 256
	maxPayload = 16 << 10
)

// Append appends the frame of payload to dst; ok is false, and dst what it was, where
// the dictionary's tables do not serve or the frame would not be shorter.
func (d *Dictionary) Append(dst, payload []byte) (out []byte, ok bool) {
	if len(payload) < minPayload || len(payload) > maxPayload {
		return dst, false
	}
	s := d.scratch.Get().(*scratch)
	defer d.scratch.Put(s)
	s.parse(d, payload)
	if len(s.sequences) == 0 || len(s.sequences) >= 0x7f00 {
		return dst, false
	}
	start := len(dst)
	out = d.header(dst, len(payload))
	block := len(out)
	out = append(out, 0, 0, 0)
	out = s.putLiterals(out)
	if out, ok = s.putSequences(d, out); !ok || len(out)-start >= len(payload) {
		return dst, false
	}
	const last, compressed = 1, 2 // RFC 8878, 3.1.1.2
	size := len(out) - block - 3
	h := uint32(last | compressed<<1 | size<<3)
	out[block], out[block+1], out[block+2] = byte(h), byte(h>>8), byte(h>>16)
	return out, true
}

// header writes a frame's: a single segment with its size, no checksum (RFC 8878, 3.1.1.1).
func (d *Dictionary) header(out []byte, size int) []byte {
	const single, twoBytes = 1 << 5, 1 << 6
	out = binary.LittleEndian.AppendUint32(out, 0xfd2fb528)
	switch {
	case d.id < 1<<8:
		out = append(out, twoBytes|single|1, byte(d.id))
	case d.id < 1<<16:
		out = binary.LittleEndian.AppendUint16(append(out, twoBytes|single|2), uint16(d.id))
	default:
		out = binary.LittleEndian.AppendUint32(append(out, twoBytes|single|3), d.id)
	}
	return binary.LittleEndian.AppendUint16(out, uint16(size-256))
}

// putLiterals writes the literals section (RFC 8878, 3.1.1.3.1).
func (s *scratch) putLiterals(out []byte) []byte {
	const raw, treeless = 0, 3
	lits := s.literals
	compress, format, width := huff0.Compress4X, uint64(1), 10
	switch {
	case len(lits) < 1<<10:
		compress, format = huff0.Compress1X, 0
	default:
		format, width = 2, 14 // the packed ones are fewer
	}
	if len(lits) >= 1<<14 {
		return s.rawLiterals(out)
	}
	packed, _, err := compress(lits, &s.huff)
	if err != nil || len(packed) >= len(lits) {
		return s.rawLiterals(out)
	}
	h := treeless | format<<2 | uint64(len(lits))<<4 | uint64(len(packed))<<(4+width)
	for range (4 + 2*width) / 8 {
		out = append(out, byte(h))
		h >>= 8
	}
	return append(out, packed...)
}

func (s *scratch) rawLiterals(out []byte) []byte {
	switch n := uint32(len(s.literals)); {
	case n < 1<<5:
		out = append(out, byte(n<<3))
	case n < 1<<12:
		out = append(out, byte(1<<2|n<<4), byte(n>>4))
	default:
		out = append(out, byte(3<<2|n<<4), byte(n>>4), byte(n>>12))
	}
	return append(out, s.literals...)
}

// putSequences writes the sequences section with the dictionary's tables (RFC 8878,
// 3.1.1.3.2), the last sequence first.
func (s *scratch) putSequences(d *Dictionary, out []byte) ([]byte, bool) {
	n := len(s.sequences)
	if n < 128 {
		out = append(out, byte(n))
	} else {
		out = append(out, byte(n>>8)+128, byte(n))
	}
	const repeat = 3
	out = append(out, repeat<<6|repeat<<4|repeat<<2)
	w := &s.bits
	*w = bitWriter{out: out}
	var literals, offset, match uint32 // states
	for i := n - 1; i >= 0; i-- {
		q := &s.sequences[i]
		l, m := lengthCode(q.literals), matchCode(q.match)
		o := uint8(bits.Len32(q.offset) - 1)
		if !d.lengths.has(l) || !d.match.has(m) || !d.offs.has(o) {
			return nil, false
		}
		if i == n-1 {
			literals, offset, match = d.lengths.first(l), d.offs.first(o), d.match.first(m)
		} else {
			offset = d.offs.encode(w, offset, o)
			match = d.match.encode(w, match, m)
			literals = d.lengths.encode(w, literals, l)
		}
		w.flush()
		w.add(uint64(q.literals-lengthBase[l]), lengthBits[l])
		w.add(uint64(q.match-matchBase[m]), matchBits[m])
		w.flush()
		w.add(uint64(q.offset), o)
		w.flush()
	}
	w.add(uint64(match), d.match.log)
	w.add(uint64(offset), d.offs.log)
	w.add(uint64(literals), d.lengths.log)
	return w.close(), true
}
