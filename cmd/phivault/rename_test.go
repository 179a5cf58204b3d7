package main

import (
	"slices"
	"strings"
	"testing"

	"phivault/crypto/identity"
	"phivault/vault/journal"
)

func TestDeviceNamesAreTakenAsTerminalsMayShowThem(t *testing.T) {
	for typed, want := range map[string]string{" desk ": "desk", "Käthe's": "Käthe's", strings.Repeat("x", 256): strings.Repeat("x", 256),
		"": "", "  ": "", strings.Repeat("x", 257): "", "a\tb": "", "a\x1b[31m": "", "a\u202eb": "", "\xff": ""} {
		got, err := deviceName(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}

func TestADeviceIsCalledByItsLetterAndByAnotherName(t *testing.T) {
	for name, want := range map[string]string{"": "B", "B": "B", "b ": "B", "vm": "B vm"} {
		if got := titled(journal.Member{Letter: "B", Name: name}); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
	id := func(b byte) identity.DeviceID { return identity.DeviceID{b} }
	list := []journal.Member{{Device: id(1), Letter: "A"}, {Device: id(2), Letter: "B", Name: "vm"}, {Device: id(3), Letter: "C", Name: "VM "},
		{Device: id(4), Letter: "D", Name: "vm", Removed: true}, {Device: id(5), Letter: "E"}}
	got := namesakes(list, list[2])
	if len(got) != 1 || got[0].Letter != "B" || slices.ContainsFunc(list[:1], func(m journal.Member) bool { return len(namesakes(list, m)) > 0 }) {
		t.Errorf("%+v", got)
	}
}
