package main

import (
	"testing"

	"phivault/crypto/keyfile"
)

func TestCheaper(t *testing.T) {
	usual := keyfile.Params{Profile: keyfile.Default, Memory: 256 << 10, Time: 3, Threads: 4}
	rounds := keyfile.Params{Profile: keyfile.FIPS, Iterations: 1_000_000}
	for _, c := range []struct {
		p, q keyfile.Params
		want bool
	}{
		{keyfile.Params{Memory: 64 << 10, Time: 3, Threads: 4}, usual, true},
		{keyfile.Params{Memory: 256 << 10, Time: 1, Threads: 4}, usual, true},
		{usual, usual, false},
		{keyfile.Params{Memory: 1 << 20, Time: 10, Threads: 4}, usual, false},
		{keyfile.Params{Profile: keyfile.FIPS, Iterations: 600_000}, rounds, true},
		{rounds, rounds, false},
	} {
		if got := cheaper(c.p, c.q); got != c.want {
			t.Errorf("%v against %v: %v", c.p, c.q, got)
		}
	}
}
