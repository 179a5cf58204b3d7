package frames

import "math/bits"

// Largest codes of each kind (RFC 8878, 3.1.1.3.2.1.1).
const (
	maxLengthCode = 35
	maxMatchCode  = 52
	maxOffsetCode = 31
)

// What a code stands for, and how many bits follow it.
var (
	lengthBits = [...]uint8{16: 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	matchBits  = [...]uint8{32: 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	lengthBase = bases(lengthBits[:], 0)
	matchBase  = bases(matchBits[:], 3)
)

func bases(width []uint8, first uint32) (base []uint32) {
	for _, n := range width {
		base = append(base, first)
		first += 1 << n
	}
	return base
}

// lengthCode is the code of a Literals_Length.
func lengthCode(n uint32) uint8 {
	switch {
	case n < 16:
		return uint8(n)
	case n >= 64:
		return uint8(bits.Len32(n) + 18)
	}
	return codeIn(lengthBase, 16, n)
}

// matchCode is the code of a Match_Length.
func matchCode(n uint32) uint8 {
	switch {
	case n < 35:
		return uint8(n - 3)
	case n >= 131:
		return uint8(bits.Len32(n-3) + 35)
	}
	return codeIn(matchBase, 32, n)
}

// codeIn is the highest code from first on whose base is not above n.
func codeIn(base []uint32, first uint8, n uint32) uint8 {
	for int(first)+1 < len(base) && base[first+1] <= n {
		first++
	}
	return first
}
