package main

import (
	"testing"

	"phivault/vault"
)

// Of two devices that wrote the same the vaults show different ones; both names hold.
func TestAVersionIsNamedByWhoeverWroteIt(t *testing.T) {
	letter := func(id [16]byte) string { return string(rune('A' + id[0])) }
	rev := func(n int, device, content byte, parents ...byte) vault.Revision {
		r := vault.Revision{ID: vault.RevisionID{0xab, 0xcd, byte(n)}, Version: n, Device: [16]byte{device}, Payload: vault.Hash{content}}
		for _, p := range parents {
			r.Parents = append(r.Parents, vault.RevisionID{0xab, 0xcd, p})
		}
		return r
	}
	history := []vault.Revision{rev(1, 0, 1), rev(2, 0, 2, 1), rev(3, 1, 3, 1), rev(4, 2, 2, 1), rev(5, 3, 4, 1), rev(6, 3, 5, 1)}
	for name, want := range map[string]int{"A": 2, "a": 2, "B": 3, "C": 2, "abcd02": 2, "ABCD03": 3, "abcd04": 2, "abcd06": 6,
		"D": 0, "E": 0, "abcd": 0, "abcd01": 0, "abcd09": 0} {
		got, err := headNamed(history, letter, name)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%s: version %d, %v; want %d", name, got, err, want)
		}
	}
	for i := range history {
		history[i].ID = vault.RevisionID{0xab, 0xcd, 0xef, byte(i)}
	}
	if n, err := headNamed(history, letter, "abcdef"); err == nil {
		t.Errorf("version %d of many", n)
	}
}
