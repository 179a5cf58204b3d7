// Package floor holds the compiled limits of key derivation: the parameters new
// key files get, and the least and the most that is accepted from an existing
// one.
//
// The limits are constants of the product. [Cheapen] replaces them for the rest
// of a test process; only package keyfiletest calls it, and it refuses to in
// anything but a test binary.
package floor

import "sync/atomic"

// Range is an inclusive interval.
type Range struct{ Least, Most uint32 }

// Contains reports whether v lies in r.
func (r Range) Contains(v uint32) bool { return r.Least <= v && v <= r.Most }

// Limits are all the bounds. Memory is in KiB.
type Limits struct {
	Memory, Time, Threads Range // Argon2id
	TimeBelowMost         uint32
	Iterations            Range // PBKDF2-HMAC-SHA-512

	DefaultMemory, DefaultTime, DefaultThreads, DefaultIterations uint32
}

// product is RFC 9106's second recommended option raised from 64 to 256 MiB,
// and for PBKDF2 almost five times OWASP's 210,000 for HMAC-SHA-512.
var product = Limits{
	Memory:  Range{64 << 10, 1 << 20},
	Time:    Range{1, 10},
	Threads: Range{1, 8},
	// Fewer passes than three are left to those who spend all the memory.
	TimeBelowMost: 3,
	Iterations:    Range{600_000, 10_000_000},

	DefaultMemory:     256 << 10,
	DefaultTime:       3,
	DefaultThreads:    4,
	DefaultIterations: 1_000_000,
}

var cheap = Limits{
	Memory:        Range{64, 1 << 20},
	Time:          Range{1, 10},
	Threads:       Range{1, 8},
	TimeBelowMost: 1,
	Iterations:    Range{10, 10_000_000},

	DefaultMemory:     64,
	DefaultTime:       1,
	DefaultThreads:    1,
	DefaultIterations: 10,
}

var cheapened atomic.Int32

// Current returns the limits in force.
func Current() Limits {
	if cheapened.Load() > 0 {
		return cheap
	}
	return product
}

// Cheapen puts the cheap limits in force until the returned function is called.
func Cheapen() (restore func()) {
	cheapened.Add(1)
	return func() { cheapened.Add(-1) }
}
