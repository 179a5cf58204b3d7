package main

import (
	"os"
	"strings"
	"testing"
)

// Where stdout is full, what was done is not to be done again.
func TestAFullStdoutIsNoFullDisk(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := newSink(f, func(string) string { return "" })
	if _, err := s.Write([]byte("an answer\n")); err != nil {
		t.Fatal(err)
	}
	o, why, hint := explain(s.flush())
	if o.code != "output" || o.exit != 1 || !strings.HasPrefix(why, "the output could not be written: ") || !strings.Contains(hint, "need not be repeated") {
		t.Errorf("%s (%d): %s; %s", o.code, o.exit, why, hint)
	}
}
