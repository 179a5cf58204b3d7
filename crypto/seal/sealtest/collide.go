package sealtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// Collide encrypts plain, whole blocks, under AES key1 with AES-GCM and chooses the
// ciphertext block at index free so that the tag holds under key2 too (Dodis et al.,
// CRYPTO 2018; Len et al., USENIX Security 2021). It gives nonce, body and tag.
func Collide(key1, key2, plain, aad []byte, free int) []byte {
	nonce := []byte("twelve bytes")
	type side struct {
		h, mask element
		stream  []byte
	}
	sides := make([]side, 2)
	for i, key := range [][]byte{key1, key2} {
		b, err := aes.NewCipher(key)
		if err != nil {
			panic("sealtest: " + err.Error())
		}
		var zero, mask [16]byte
		b.Encrypt(zero[:], zero[:])
		j0 := append(bytes.Clone(nonce), 0, 0, 0, 1)
		b.Encrypt(mask[:], j0)
		j0[15] = 2
		stream := make([]byte, len(plain))
		cipher.NewCTR(b, j0).XORKeyStream(stream, stream)
		sides[i] = side{load(zero[:]), load(mask[:]), stream}
	}
	body := make([]byte, len(plain))
	for i := range body {
		body[i] = plain[i] ^ sides[0].stream[i]
	}
	clear(body[free*16 : free*16+16])

	tag := func(s side) element { return ghash(s.h, aad, body).xor(s.mask) }
	// The free block enters GHASH times H^e, e counting blocks from the end.
	e := len(body)/16 - free + 1
	weight := sides[0].h.pow(e).xor(sides[1].h.pow(e))
	fix := tag(sides[0]).xor(tag(sides[1])).mul(weight.inverse())
	copy(body[free*16:], fix.bytes())
	if tag(sides[0]) != tag(sides[1]) {
		panic("sealtest: the algebra is wrong")
	}
	return append(append(bytes.Clone(nonce), body...), tag(sides[0]).bytes()...)
}

// element is one of GF(2^128) in GCM's bit order (SP 800-38D, 6.3): the most
// significant bit of hi is the coefficient of x^0.
type element struct{ hi, lo uint64 }

func load(b []byte) element {
	return element{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (x element) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, x.hi), x.lo)
}

func (x element) xor(y element) element { return element{x.hi ^ y.hi, x.lo ^ y.lo} }

func (x element) mul(y element) (z element) {
	for i := range 128 {
		bit := x.hi >> (63 - i%64)
		if i >= 64 {
			bit = x.lo >> (127 - i)
		}
		if bit&1 == 1 {
			z = z.xor(y)
		}
		carry := y.lo & 1
		y = element{y.hi >> 1, y.lo>>1 | y.hi<<63}
		if carry == 1 {
			y.hi ^= 0xe1 << 56
		}
	}
	return z
}

func (x element) pow(e int) element {
	z := element{hi: 1 << 63}
	for range e {
		z = z.mul(x)
	}
	return z
}

// inverse is x^(2^128-2).
func (x element) inverse() element {
	z := element{hi: 1 << 63}
	for range 127 {
		x = x.mul(x)
		z = z.mul(x)
	}
	return z
}

func ghash(h element, aad, body []byte) (y element) {
	absorb := func(b []byte) {
		for len(b) > 0 {
			var block [16]byte
			b = b[copy(block[:], b):]
			y = y.xor(load(block[:])).mul(h)
		}
	}
	absorb(aad)
	absorb(body)
	y = y.xor(element{uint64(len(aad)) * 8, uint64(len(body)) * 8}).mul(h)
	return y
}
