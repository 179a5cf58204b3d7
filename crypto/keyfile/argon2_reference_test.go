package keyfile

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"testing"

	"golang.org/x/crypto/blake2b"

	"phivault/crypto/secret"
)

// referenceArgon2id is RFC 9106, section 3, written down line by line, with the
// secret and the associated data that the RFC's test vector has and the product's
// function does not take.
func referenceArgon2id(password, salt, key, data []byte, time, memory, lanes, size uint32) []byte {
	var h0 []byte
	for _, v := range []uint32{lanes, size, memory, time, 0x13, 2} {
		h0 = binary.LittleEndian.AppendUint32(h0, v)
	}
	for _, b := range [][]byte{password, salt, key, data} {
		h0 = append(binary.LittleEndian.AppendUint32(h0, uint32(len(b))), b...)
	}
	sum := blake2b.Sum512(h0)

	segment := memory / (4 * lanes)
	q := 4 * segment
	blocks := make([][]argonBlock, lanes)
	for i := range blocks {
		blocks[i] = make([]argonBlock, q)
		for j := range uint32(2) {
			seed := binary.LittleEndian.AppendUint32(bytes.Clone(sum[:]), j)
			seed = binary.LittleEndian.AppendUint32(seed, uint32(i))
			raw := longHash(seed, 1024)
			for w := range blocks[i][j] {
				blocks[i][j][w] = binary.LittleEndian.Uint64(raw[8*w:])
			}
		}
	}
	for pass := range time {
		for slice := range uint32(4) {
			for lane := range lanes {
				var addresses, input argonBlock
				copy(input[:], []uint64{uint64(pass), uint64(lane), uint64(slice), uint64(q * lanes), uint64(time), 2})
				for index := range segment {
					j := slice*segment + index
					independent := pass == 0 && slice < 2
					if independent && index%128 == 0 {
						input[6]++
						addresses = compress(argonBlock{}, compress(argonBlock{}, input))
					}
					if pass == 0 && j < 2 {
						continue
					}
					previous := blocks[lane][(j+q-1)%q]
					pseudo := previous[0]
					if independent {
						pseudo = addresses[index%128]
					}
					from := uint32(pseudo>>32) % lanes
					if pass == 0 && slice == 0 {
						from = lane
					}
					// The blocks that may be referred to: all finished segments
					// of the last four, and in this lane those of this segment
					// but the previous one.
					window, start := q-segment, (slice+1)%4*segment
					if pass == 0 {
						window, start = slice*segment, 0
					}
					if from == lane {
						window += index - 1
					} else if index == 0 {
						window--
					}
					x := pseudo & 0xffffffff
					x = x * x >> 32
					at := (start + window - 1 - uint32(uint64(window)*x>>32)) % q
					next := compress(previous, blocks[from][at])
					for w := range next { // zero in the first pass
						blocks[lane][j][w] ^= next[w]
					}
				}
			}
		}
	}
	var last argonBlock
	for lane := range blocks {
		for w := range last {
			last[w] ^= blocks[lane][q-1][w]
		}
	}
	var raw []byte
	for _, w := range last {
		raw = binary.LittleEndian.AppendUint64(raw, w)
	}
	return longHash(raw, int(size))
}

type argonBlock [128]uint64

// longHash is H' (section 3.3).
func longHash(in []byte, size int) []byte {
	in = append(binary.LittleEndian.AppendUint32(nil, uint32(size)), in...)
	short := func(in []byte, size int) []byte {
		h, err := blake2b.New(size, nil)
		if err != nil {
			panic(err)
		}
		h.Write(in)
		return h.Sum(nil)
	}
	if size <= 64 {
		return short(in, size)
	}
	var out []byte
	for v := short(in, 64); ; v = short(v, 64) {
		out = append(out, v[:32]...)
		if rest := size - len(out); rest <= 64 {
			return append(out, short(v, rest)...)
		}
	}
}

// compress is G (section 3.5).
func compress(x, y argonBlock) argonBlock {
	var r argonBlock
	for i := range r {
		r[i] = x[i] ^ y[i]
	}
	z := r
	for row := range 8 {
		var v [16]*uint64
		for i := range v {
			v[i] = &z[16*row+i]
		}
		permute(v)
	}
	for column := range 8 {
		var v [16]*uint64
		for i := range 8 {
			v[2*i], v[2*i+1] = &z[16*i+2*column], &z[16*i+2*column+1]
		}
		permute(v)
	}
	for i := range z {
		z[i] ^= r[i]
	}
	return z
}

// permute is P (section 3.6).
func permute(v [16]*uint64) {
	for _, g := range [8][4]int{
		{0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15},
		{0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14},
	} {
		a, b, c, d := v[g[0]], v[g[1]], v[g[2]], v[g[3]]
		for _, turn := range [2][2]int{{32, 24}, {16, 63}} {
			*a += *b + 2*(*a&0xffffffff)*(*b&0xffffffff)
			*d = bits.RotateLeft64(*d^*a, -turn[0])
			*c += *d + 2*(*c&0xffffffff)*(*d&0xffffffff)
			*b = bits.RotateLeft64(*b^*c, -turn[1])
		}
	}
}

// RFC 9106, section 5.3.
func TestReferenceArgon2idOfRFC9106(t *testing.T) {
	rep := func(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
	got := referenceArgon2id(rep(1, 32), rep(2, 16), rep(3, 8), rep(4, 12), 3, 32, 4, 32)
	const want = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
	if hex.EncodeToString(got) != want {
		t.Errorf("%x, want %s", got, want)
	}
}

// The RFC's function with its vector agrees with the one that unlocks.
func TestDeriveIsArgon2idOfRFC9106(t *testing.T) {
	for _, p := range []Params{
		{Default, 64, 1, 1, 0}, {Default, 64, 3, 4, 0}, {Default, 1024, 2, 8, 0}, {Default, 2000, 3, 3, 0}, {Default, 8192, 10, 5, 0},
	} {
		pass, salt := phrase("passphrase"), bytes.Repeat([]byte{byte(p.Time)}, saltSize)
		want := referenceArgon2id(pass.Bytes(), salt, nil, nil, p.Time, p.Memory, p.Threads, derivedSize)
		if got := derive(p, pass, salt); !got.Equal(secret.FromBytes(want)) {
			t.Errorf("%v: the key differs", p)
		}
	}
}
