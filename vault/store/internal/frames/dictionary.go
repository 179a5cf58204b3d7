package frames

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/zstd"
)

// Dictionary is a Zstandard dictionary made ready for packing. It is safe for
// concurrent use.
type Dictionary struct {
	id                   uint32
	content              []byte
	reps                 [3]int
	literals             *huff0.Scratch // never used, only copied
	lengths, offs, match *coder
	places               []uint32 // by hash of 8 bytes: place in content, from 1
	scratch              sync.Pool
}

// Bits of the tables' hashes: of the dictionary's, and of a payload's own.
const (
	dictBits = 16
	ownBits  = 12
)

// New reads a dictionary (RFC 8878, section 5).
func New(dictionary []byte) (*Dictionary, error) {
	all, err := zstd.InspectDictionary(dictionary)
	if err != nil {
		return nil, fmt.Errorf("frames: %w", err)
	}
	d := &Dictionary{id: all.ID(), content: all.Content(), reps: all.Offsets(), literals: all.LitEncoder()}
	// Behind magic and id stands the literals' table, whose first byte is its length
	// when it is compressed (4.2.1); the others follow.
	rest := dictionary[8:]
	size := int(rest[0])
	if size >= 128 {
		size = (size - 127 + 1) / 2
	}
	if len(rest) <= size {
		return nil, errTable
	}
	rest = rest[1+size:]
	for _, t := range []struct {
		to   **coder
		most int
	}{{&d.offs, maxOffsetCode}, {&d.match, maxMatchCode}, {&d.lengths, maxLengthCode}} {
		counts, log, n, err := readCounts(rest, t.most)
		if err != nil {
			return nil, err
		}
		*t.to = newCoder(counts, log)
		rest = rest[n:]
	}
	if len(rest) != 12+len(d.content) {
		return nil, errTable
	}
	d.places = make([]uint32, 1<<dictBits)
	for i := 0; i+8 <= len(d.content); i++ {
		d.places[hash8(binary.LittleEndian.Uint64(d.content[i:]), dictBits)] = uint32(i + 1)
	}
	d.scratch.New = func() any {
		s := &scratch{own: make([]uint16, 1<<ownBits)}
		s.huff.TransferCTable(d.literals)
		s.huff.Reuse = huff0.ReusePolicyMust
		return s
	}
	return d, nil
}

func hash8(v uint64, bits uint8) uint32 { return uint32(v * 0xcf1bbcdcb7a56463 >> (64 - bits)) }
func hash5(v uint64, bits uint8) uint32 { return uint32(v << 24 * 0xcf1bbcdcbb000000 >> (64 - bits)) }
