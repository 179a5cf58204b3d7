package seal

import (
	"fmt"
	"math/bits"
)

// Padding is how an object's length hides that of its plaintext.
type Padding uint8

const (
	// Exact adds nothing: the length of the plaintext can be read off the
	// object. For what stays on this device.
	Exact Padding = iota
	// Buckets gives the whole object 4, 16, 64 or 256 KiB, 1 or 4 MiB; above
	// that Padmé (Nikitin et al., PoPETs 2019), which adds at most 12 % and
	// leaks O(log log n) bits. For everything that is uploaded.
	Buckets
)

var buckets = [...]int64{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20}

// MaxPlaintext is the most bytes that one object holds.
const MaxPlaintext = maxChunks/2*ChunkSize - trailerSize

// Size returns the length of the object that seals n bytes of plaintext. It
// panics if n is negative or above MaxPlaintext.
func Size(n int64, p Padding) int64 {
	if n < 0 || n > MaxPlaintext {
		panic("seal: plaintext length out of range")
	}
	return objectSize(padded(n, p))
}

// Capacity returns the most plaintext bytes whose unpadded object is at most size
// bytes long; -1 if none is. A plaintext of Capacity(b) bytes fills the bucket b,
// so this is the limit for what must stay within one.
func Capacity(size int64) int64 {
	p := paddedFor(size)
	if p < trailerSize {
		return -1
	}
	return p - trailerSize
}

// padded returns the length of the padded plaintext, trailer included.
func padded(n int64, p Padding) int64 {
	least := n + trailerSize
	if p == Exact {
		return least
	}
	// An object cannot have every length, because a new chunk adds 29 bytes at
	// once; it can have that of every bucket (a test goes through all of them).
	return paddedFor(bucket(objectSize(least)))
}

// bucket returns the smallest bucket of at least size bytes.
func bucket(size int64) int64 {
	for _, b := range buckets {
		if size <= b {
			return b
		}
	}
	e := bits.Len64(uint64(size)) - 1
	s := bits.Len64(uint64(e))
	mask := int64(1)<<(e-s) - 1
	return (size + mask) &^ mask
}

// objectSize is the object's length for p bytes of padded plaintext.
func objectSize(p int64) int64 {
	chunks := (p + ChunkSize - 1) / ChunkSize
	return prefixSize + p + chunks*chunkOverhead
}

// paddedFor is the largest p with objectSize(p) <= size; negative if none.
func paddedFor(size int64) int64 {
	body := size - prefixSize
	full := body / (ChunkSize + chunkOverhead)
	rest := body % (ChunkSize + chunkOverhead)
	return full*ChunkSize + max(0, rest-chunkOverhead)
}

// String names the padding in messages and test names.
func (p Padding) String() string {
	switch p {
	case Exact:
		return "exact"
	case Buckets:
		return "buckets"
	}
	return fmt.Sprintf("padding(%d)", uint8(p))
}
