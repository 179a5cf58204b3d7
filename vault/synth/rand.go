package synth

import (
	"math/bits"
	"math/rand/v2"
)

// random draws from PCG, whose output is fixed by its definition. The methods
// of rand.Rand are not used: how they map bits to numbers may change between
// Go versions, and the output of this package may not.
type random struct{ src rand.PCG }

// Domains keep streams of the same seed apart.
const (
	domainLife uint64 = iota + 1
	domainPractice
	domainRecordID
	domainDirectoryID
	domainBundle
)

func (r *random) seed(seed, domain, n uint64) {
	r.src.Seed(mix(seed^domain<<56), mix(n+domain<<48))
}

// n returns a number in [0, k). The bias of the multiplication is below 2^-32
// for every k used here.
func (r *random) n(k int) int {
	hi, _ := bits.Mul64(r.src.Uint64(), uint64(k))
	return int(hi)
}

// in returns a number in [lo, hi], both included.
func (r *random) in(lo, hi int) int { return lo + r.n(hi-lo+1) }

// chance is true p times in 1000.
func (r *random) chance(p int) bool { return r.n(1000) < p }

// noise returns a number in [-w, w] with small ones more frequent.
func (r *random) noise(w int) int {
	if w <= 0 {
		return 0
	}
	return (r.in(-w, w) + r.in(-w, w)) / 2
}

func pick[T any](r *random, list []T) T { return list[r.n(len(list))] }

// mix is the finalizer of SplitMix64: a bijection that scatters close numbers.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uuid is an identifier of version 4 form, a function of its arguments.
type uuid [2]uint64

func newUUID(seed, domain, group uint64, n int) uuid {
	a := mix(mix(seed^domain<<56) + group)
	b := mix(a ^ mix(uint64(n)+domain))
	return uuid{mix(a+b)&^0xf000 | 0x4000, b>>2 | 1<<63}
}

func (u uuid) append(b []byte) []byte {
	const hex = "0123456789abcdef"
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b = append(b, '-')
		}
		b = append(b, hex[u[i/16]>>(60-4*(i%16))&15])
	}
	return b
}
