package keyfile

import (
	"errors"
	"testing"
	"time"
)

func TestLimitsOfParameters(t *testing.T) {
	argon := func(m, time, p uint32) Params { return Params{Profile: Default, Memory: m, Time: time, Threads: p} }
	for _, c := range []struct {
		p    Params
		want error
	}{
		{DefaultParams(), nil},
		{FIPSParams(), nil},
		{argon(64<<10, 3, 1), nil},
		{argon(64<<10, 10, 8), nil},
		{argon(1<<20, 1, 4), nil},
		{argon(1<<20, 10, 4), nil},
		{argon(1<<20-1, 2, 4), ErrParams},
		{argon(1<<20-1, 3, 4), nil},
		{argon(64<<10-1, 10, 4), ErrParams},
		{argon(1<<20+1, 1, 4), ErrParams},
		{argon(256<<10, 11, 4), ErrParams},
		{argon(1<<20, 0, 4), ErrParams},
		{argon(256<<10, 3, 0), ErrParams},
		{argon(256<<10, 3, 9), ErrParams},
		{Params{Profile: Default, Memory: 256 << 10, Time: 3, Threads: 4, Iterations: 1}, ErrParams},
		{Params{Profile: FIPS, Iterations: 600_000}, nil},
		{Params{Profile: FIPS, Iterations: 10_000_000}, nil},
		{Params{Profile: FIPS, Iterations: 599_999}, ErrParams},
		{Params{Profile: FIPS, Iterations: 10_000_001}, ErrParams},
		{Params{Profile: FIPS, Memory: 256 << 10, Time: 3, Threads: 4}, ErrParams}, // Argon2id under fips
		{Params{Profile: FIPS, Memory: 1, Iterations: 1_000_000}, ErrParams},
		{Params{Profile: FIPS, Time: 1, Iterations: 1_000_000}, ErrParams},
		{Params{Profile: FIPS, Threads: 1, Iterations: 1_000_000}, ErrParams},
		{Params{}, ErrVersion},
		{Params{Profile: 3, Iterations: 1_000_000}, ErrVersion},
	} {
		if err := c.p.Check(); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%+v: %v, want %v", c.p, err, c.want)
		}
	}
}

func TestDefaultsAreThoseOfTheDesign(t *testing.T) {
	if p := (Params{Profile: Default, Memory: 256 << 10, Time: 3, Threads: 4}); DefaultParams() != p || p.String() != "argon2id m=256MiB t=3 p=4" {
		t.Errorf("%v", DefaultParams())
	}
	if p := (Params{Profile: FIPS, Iterations: 1_000_000}); FIPSParams() != p || p.String() != "pbkdf2-hmac-sha512 i=1000000" {
		t.Errorf("%v", FIPSParams())
	}
}

func TestCalibrationStaysWithinTheLimits(t *testing.T) {
	perMiBPass := func(ns float64) func(Params) time.Duration {
		return func(p Params) time.Duration {
			if p.Profile == FIPS {
				return time.Duration(ns * float64(p.Iterations))
			}
			return time.Duration(ns * float64(p.Memory) / 1024 * float64(p.Time))
		}
	}
	for _, c := range []struct {
		name   string
		from   Params
		target time.Duration
		unit   float64 // ns for a MiB and pass, or for an iteration
		want   Params
	}{
		{"slow machine", DefaultParams(), time.Second, 1e8, Params{Default, 64 << 10, 3, 4, 0}},
		{"1 s", DefaultParams(), time.Second, 1e6, Params{Default, 320 << 10, 3, 4, 0}},
		{"fast machine, more passes", DefaultParams(), time.Second, 2e5, Params{Default, 1 << 20, 4, 4, 0}},
		{"absurd target", DefaultParams(), time.Hour, 1e5, Params{Default, 1 << 20, 10, 4, 0}},
		{"no time", DefaultParams(), 0, 1e6, Params{Default, 64 << 10, 3, 4, 0}},
		{"fips 1 s", FIPSParams(), time.Second, 500, Params{FIPS, 0, 0, 0, 2_000_000}},
		{"fips slow", FIPSParams(), time.Second, 1e6, Params{FIPS, 0, 0, 0, 600_000}},
		{"fips absurd", FIPSParams(), time.Hour, 1, Params{FIPS, 0, 0, 0, 10_000_000}},
	} {
		got := calibrate(c.from, c.target, perMiBPass(c.unit))
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if err := got.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestCalibrationMeasuresForReal(t *testing.T) {
	t.Parallel()
	for _, p := range []Params{DefaultParams(), FIPSParams()} {
		if got := Calibrate(p, time.Millisecond); got.Check() != nil || got.Profile != p.Profile {
			t.Errorf("%v", got)
		}
	}
}
