package frames

import (
	"encoding/binary"
	"math/bits"

	"github.com/klauspost/compress/huff0"
)

// sequence is some literals and then a match (RFC 8878, 3.1.1.3.2). offset is an
// Offset_Value: 1 and 2 mean offsets used before.
type sequence struct{ literals, match, offset uint32 }

// Shortest matches, in bytes: an offset into the dictionary takes 17 bits.
const (
	leastOwn  = 5
	leastDict = 8
)

// scratch is what one packing needs.
type scratch struct {
	own       []uint16 // by hash of 5 bytes: place in the payload, from 1
	sequences []sequence
	literals  []byte
	bits      bitWriter
	huff      huff0.Scratch
}

// parse finds what of p is in the dictionary or before in p. Payloads are shorter than
// maxPayload, so that places fit.
func (s *scratch) parse(d *Dictionary, p []byte) {
	clear(s.own)
	s.sequences, s.literals = s.sequences[:0], s.literals[:0]
	rep, second := d.reps[0], d.reps[1]
	done := 0 // of p, before which all is said
	for at := 0; at+8 < len(p); {
		v := binary.LittleEndian.Uint64(p[at:])
		h := hash5(v, ownBits)
		near := int(s.own[h]) - 1
		s.own[h] = uint16(at + 1)

		// An offset that was used before costs next to nothing, where literals come first.
		if n := d.repeats(p, at+1, rep, uint32(v>>8)); n > 0 {
			s.say(p, done, at+1, n, 1)
			done = at + 1 + n
			at = s.past(p, at, done)
			continue
		}
		if n := d.repeats(p, at+1, second, uint32(v>>8)); n > 0 {
			s.say(p, done, at+1, n, 2)
			rep, second = second, rep
			done = at + 1 + n
			at = s.past(p, at, done)
			continue
		}
		length, offset := 0, 0
		if near >= 0 {
			if n := common(p[near:], p[at:]); n >= leastOwn {
				length, offset = n, at-near
			}
		}
		if far := int(d.places[hash8(v, dictBits)]) - 1; far >= 0 {
			if n := common(d.content[far:], p[at:]); n >= leastDict && n > length+1 {
				length, offset = n, at+len(d.content)-far
			}
		}
		if length == 0 {
			at += 1 + (at-done)>>4
			continue
		}
		start := at
		for start > done && d.before(p, start, offset) {
			start--
			length++
		}
		s.say(p, done, start, length, uint32(offset)+3)
		rep, second = offset, rep
		done = start + length
		at = s.past(p, at, done)
	}
	s.literals = append(s.literals, p[done:]...)
}

// past goes on behind a match that was found at, and remembers two places in it.
func (s *scratch) past(p []byte, at, done int) int {
	for _, i := range [2]int{at + 2, done - 2} {
		if i >= 0 && i+8 <= len(p) {
			s.own[hash5(binary.LittleEndian.Uint64(p[i:]), ownBits)] = uint16(i + 1)
		}
	}
	return done
}

func (s *scratch) say(p []byte, done, start, length int, offset uint32) {
	s.literals = append(s.literals, p[done:start]...)
	s.sequences = append(s.sequences, sequence{uint32(start - done), uint32(length), offset})
}

// repeats gives how many bytes at are those that stand offset before, in p or at the
// end of the dictionary; 0 when the first four, which are given, are not.
func (d *Dictionary) repeats(p []byte, at, offset int, four uint32) int {
	src, from := p, at-offset
	if from < 0 {
		src, from = d.content, from+len(d.content)
	}
	if from < 0 || from+4 > len(src) || binary.LittleEndian.Uint32(src[from:]) != four {
		return 0
	}
	return 4 + common(src[from+4:], p[at+4:])
}

// before tells whether the bytes before at are the same, offset apart.
func (d *Dictionary) before(p []byte, at, offset int) bool {
	from := at - offset - 1
	if from >= 0 {
		return p[from] == p[at-1]
	}
	if at-offset >= 0 { // a match in p does not begin in the dictionary
		return false
	}
	from += len(d.content)
	return from >= 0 && d.content[from] == p[at-1]
}

// common is the length of what a and b both begin with.
func common(a, b []byte) int {
	n, most := 0, min(len(a), len(b))
	for n+8 <= most {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)>>3
		}
		n += 8
	}
	for n < most && a[n] == b[n] {
		n++
	}
	return n
}
