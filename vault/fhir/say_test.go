package fhir

import "testing"

func TestAmountsCannotBeReadAsOtherNumbers(t *testing.T) {
	for _, c := range [][3]string{
		{"2.30", "1", "2.30 (unit 1)"},
		{"2.30", "", "2.30"},
		{"234", "10*3/uL", "234 10*3/uL"},
		{"", "mg", "mg"},
		{"", "1", "1"},
	} {
		if got := Amount(c[0], c[1]); got != c[2] {
			t.Errorf("%q of %q: %q, not %q", c[0], c[1], got, c[2])
		}
	}
}
