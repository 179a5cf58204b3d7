package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// shownAt is a progress on a terminal under a clock of the test's.
func shownAt(out *sink, now *time.Time) *progress {
	a := &app{err: out, now: func() time.Time { return *now }}
	return a.progress("Importing")
}

func TestProgressShowsItemsBytesRateAndTimeLeft(t *testing.T) {
	out, b := paper(true, 80)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := shownAt(out, &now)
	p.show(amounts{items: 10, bytes: 100, done: 100, total: 1000})
	if b.Len() > 0 {
		t.Errorf("work that is done at once shows %q", b)
	}
	now = now.Add(10 * time.Second)
	p.show(amounts{items: 5000, bytes: 4 << 20, done: 4 << 20, total: 16 << 20})
	for _, want := range []string{"Importing", "25 %", "5000 records", "4.0 MiB", "500/s", "30s left"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %q", want, b)
		}
	}
	n := b.Len()
	p.show(amounts{items: 5001})
	if b.Len() != n {
		t.Error("drawn again at once")
	}
	p.end()
	if !strings.HasSuffix(b.String(), "\r\x1b[K") {
		t.Errorf("%q stays on the screen", b)
	}
}

func TestProgressIsSilentWithoutATerminal(t *testing.T) {
	now := time.Now()
	for _, quiet := range []bool{false, true} {
		out, b := paper(quiet, 80)
		a := &app{err: out, now: func() time.Time { return now }, g: globals{quiet: quiet}}
		p := a.progress("Importing")
		now = now.Add(time.Minute)
		p.show(amounts{items: 1})
		p.end()
		if b.Len() > 0 {
			t.Errorf("quiet %v: %q", quiet, bytes.TrimSpace(b.Bytes()))
		}
	}
}
