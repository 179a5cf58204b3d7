package main

import (
	"strings"
	"testing"
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
