package keyfile

import (
	"crypto/fips140"
	"fmt"

	"phivault/crypto/keyfile/internal/floor"
)

// Profile chooses the key derivation function.
type Profile uint8

// The profiles. Their numbers are stored in key files.
const (
	Default Profile = 1 // Argon2id, version 0x13 (RFC 9106)
	FIPS    Profile = 2 // PBKDF2-HMAC-SHA-512 (RFC 8018, SP 800-132)
)

// String returns "default" or "fips".
func (p Profile) String() string {
	switch p {
	case Default:
		return "default"
	case FIPS:
		return "fips"
	}
	return fmt.Sprintf("profile %d", uint8(p))
}

// Params are the costs of one derivation. Those that a profile does not use
// are zero.
type Params struct {
	Profile    Profile
	Memory     uint32 // Argon2id: KiB
	Time       uint32 // Argon2id: passes
	Threads    uint32 // Argon2id: lanes
	Iterations uint32 // PBKDF2
}

// DefaultParams returns Argon2id with 256 MiB, 3 passes, 4 lanes.
func DefaultParams() Params {
	l := floor.Current()
	return Params{Profile: Default, Memory: l.DefaultMemory, Time: l.DefaultTime, Threads: l.DefaultThreads}
}

// FIPSParams returns PBKDF2-HMAC-SHA-512 with 1,000,000 iterations.
func FIPSParams() Params {
	return Params{Profile: FIPS, Iterations: floor.Current().DefaultIterations}
}

// Check returns nil for parameters that may be used, ErrVersion for a profile
// that is not known, and ErrParams for costs outside the limits: Argon2id 64 MiB
// to 1 GiB, 1 to 10 passes but at least 3 below 1 GiB, 1 to 8 lanes; PBKDF2
// 600,000 to 10,000,000 iterations. It derives nothing.
//
// A process under GODEBUG=fips140=only refuses Argon2id: it is not an approved
// function, and Go's module cannot refuse it by itself.
func (p Params) Check() error {
	l := floor.Current()
	switch p.Profile {
	case Default:
		if fips140.Enforced() {
			return fmt.Errorf("%w: Argon2id is not approved and this process runs with fips140=only", ErrParams)
		}
		switch {
		case p.Iterations != 0,
			!l.Memory.Contains(p.Memory),
			!l.Time.Contains(p.Time),
			!l.Threads.Contains(p.Threads),
			p.Memory < l.Memory.Most && p.Time < l.TimeBelowMost:
			return fmt.Errorf("%w: %v", ErrParams, p)
		}
	case FIPS:
		if p.Memory != 0 || p.Time != 0 || p.Threads != 0 || !l.Iterations.Contains(p.Iterations) {
			return fmt.Errorf("%w: %v", ErrParams, p)
		}
	default:
		return fmt.Errorf("%w: %v", ErrVersion, p.Profile)
	}
	return nil
}

// String describes the parameters: "argon2id m=256MiB t=3 p=4" or
// "pbkdf2-hmac-sha512 i=1000000".
func (p Params) String() string {
	switch p.Profile {
	case Default:
		memory := fmt.Sprintf("%dKiB", p.Memory)
		if p.Memory%1024 == 0 {
			memory = fmt.Sprintf("%dMiB", p.Memory/1024)
		}
		return fmt.Sprintf("argon2id m=%s t=%d p=%d", memory, p.Time, p.Threads)
	case FIPS:
		return fmt.Sprintf("pbkdf2-hmac-sha512 i=%d", p.Iterations)
	}
	return p.Profile.String()
}
