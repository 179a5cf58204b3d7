package main

import (
	"strings"
	"testing"
)

func TestWhatIsWaitedForIsNamedAfterADay(t *testing.T) {
	said := newOverheard()
	a := &app{out: demoSink(newOverheard()), err: demoSink(said)}
	a.remarkWaits([]waitObject{{"E 6–7, cited by D", "2026-03-01T12:00:00Z", true}, {"F 1, cited by D", "2026-03-02T12:00:00Z", false}})
	got := said.rest()
	if !strings.Contains(got, "warning: waiting for E 6–7, cited by D since 2026-03-01T12:00:00Z") || strings.Contains(got, "F 1") || !strings.Contains(got, "note: 1 part of the history has") {
		t.Errorf("%s", got)
	}
	pairs := standingText(statusObject{Devices: make([]deviceObject, 2), Segments: 9, Stable: 7,
		Stale: []staleObject{{"C", "attic", "2025-11-01T00:00:00Z"}}, Waits: []waitObject{{What: "E 6, cited by D", Since: "x"}}})
	var text string
	for _, p := range pairs {
		text += p[0] + ": " + p[1] + "\n"
	}
	for _, want := range []string{"7 of 9 segments", "SILENT: device C attic: nothing heard since 2025-11-01", "waiting: for E 6, cited by D"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if standingText(statusObject{Devices: make([]deviceObject, 1)}) != nil {
		t.Error("one device alone has no others")
	}
}
