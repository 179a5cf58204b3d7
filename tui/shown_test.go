package tui

import (
	"strings"
	"testing"
	"time"

	"phivault/tui/widget"
)

// A value may be a text as long as the line: what it is the value of stays.
func TestALongValueLeavesRoomForItsTitle(t *testing.T) {
	for _, w := range []int{30, 60, 120} {
		line := titled("Clinical impression", strings.Repeat("stable ", 40), w)
		if !strings.HasPrefix(widget.Fit(line, w), "Clinical ") {
			t.Errorf("%d columns: %q", w, line)
		}
	}
	if got := titled("Hemoglobin in blood", "13.5 g/dL", 20); got != "Hemoglob…  13.5 g/dL" {
		t.Errorf("%q", got)
	}
}

func TestTheValueBeforeIsShownWholeOrNotAtAll(t *testing.T) {
	for value, want := range map[string]string{
		"7.10 % (was 6.30)":                "7.10 % (was 6.30)",
		"15 breaths/minute (was 17)":       "15 breaths/minute …",
		"287.683409 fL (was 411.65290131)": "287.683409 fL …",
		"no value":                         "no value",
	} {
		if got := uncut(value, 24); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// A device that did not tell when it made something is known to have sent it then.
func TestATimeSaysWhetherItIsThatOfTheMaking(t *testing.T) {
	at := time.Date(2026, 3, 9, 12, 0, 0, 0, time.Local)
	for sent, want := range map[bool][2]string{false: {"made 09-Mar-2026 12:00", "made 9 March 2026 12:00"}, true: {"sent 09-Mar-2026 12:00", "sent 9 March 2026 12:00"}} {
		if got := [2]string{momentOf(at, sent), spokenMoment(at, sent)}; got != want {
			t.Errorf("%q", got)
		}
	}
}
