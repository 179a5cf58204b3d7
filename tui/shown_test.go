package tui

import (
	"strings"
	"testing"

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
