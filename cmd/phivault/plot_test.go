package main

import (
	"strings"
	"testing"

	"phivault/tui/widget"
	"phivault/vault"
)

func TestPlotHasAxesThatShowValuesAsWritten(t *testing.T) {
	tr := &vault.Trend{Points: []vault.Point{
		{Date: "2024-01-01", Value: "6.30", Flag: "H", Low: "4.0", High: "6.0"},
		{Date: "2024-07-01", Value: "5.0"},
		{Date: "2025-01-01T10:00:00+01:00", Value: "7.10", Flag: "HH", Low: "4.0", High: "6.0"},
		{Date: "2025-01-02", Value: "negative"},
	}}
	lines, left := plot(tr, 60, 8, false)
	if left != 1 {
		t.Errorf("%d points left out", left)
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{"7.10 ┤", " 5.0 ┤", "2024-01-01", "2025-01-01", "▲", "●", "┄", "└──"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if len(lines) != 8+2 {
		t.Errorf("%d lines", len(lines))
	}
	for _, l := range lines {
		if widget.Width(l) > 60 {
			t.Errorf("%q is too wide", l)
		}
	}
	// The highest value is drawn in the first line, the lowest in the last.
	if !strings.Contains(lines[0], "▲") || !strings.Contains(lines[7], "●") {
		t.Errorf("\n%s", text)
	}
	ascii, _ := plot(tr, 60, 8, true)
	for _, r := range strings.Join(ascii, "") {
		if r > 126 {
			t.Errorf("%q in the ASCII plot", r)
		}
	}
}

func TestPlotOfTooLittleIsNone(t *testing.T) {
	for _, points := range [][]vault.Point{nil, {{Date: "2024", Value: "1"}}, {{Date: "2024", Value: "1"}, {Date: "", Value: "2"}}} {
		if lines, _ := plot(&vault.Trend{Points: points}, 80, 10, false); lines != nil {
			t.Errorf("%v gives\n%s", points, strings.Join(lines, "\n"))
		}
	}
	two := []vault.Point{{Date: "2024", Value: "1"}, {Date: "2025", Value: "2"}}
	if lines, _ := plot(&vault.Trend{Points: two}, 12, 10, false); lines != nil {
		t.Error("drawn into 12 columns")
	}
}

func TestPlotOfOneValueOrOneDay(t *testing.T) {
	same := []vault.Point{{Date: "2024", Value: "5.0"}, {Date: "2025", Value: "5.0"}, {Date: "2026", Value: "5.0"}}
	lines, _ := plot(&vault.Trend{Points: same}, 60, 9, false)
	if text := strings.Join(lines, "\n"); strings.Count(text, "5.0 ┤") != 1 || strings.Count(text, "●") != 3 {
		t.Errorf("\n%s", text)
	}
	day := []vault.Point{{Date: "2024-01-01", Value: "1"}, {Date: "2024-01-01", Value: "2"}}
	lines, _ = plot(&vault.Trend{Points: day}, 60, 9, false)
	if text := strings.Join(lines, "\n"); strings.Count(text, "●") != 2 || strings.Count(text, "2024-01-01") != 1 {
		t.Errorf("\n%s", text)
	}
}

// Dates of different zones and precision do not sort as text.
func TestPlotOrdersByTime(t *testing.T) {
	points := []vault.Point{{Date: "2025", Value: "2"}, {Date: "2023-01-01", Value: "3"}, {Date: "2024-06-01T00:00:00Z", Value: "1"}}
	lines, _ := plot(&vault.Trend{Points: points}, 60, 9, false)
	last := lines[len(lines)-1]
	if !strings.HasPrefix(strings.TrimSpace(last), "2023-01-01") || !strings.HasSuffix(last, "2025") {
		t.Errorf("\n%s", strings.Join(lines, "\n"))
	}
}

func FuzzPlot(f *testing.F) {
	f.Add("2024-01-01", "6.30", "5", "7", "1e308", "-1e308")
	f.Fuzz(func(t *testing.T, date, a, low, high, b, c string) {
		tr := &vault.Trend{Points: []vault.Point{{Date: "2020", Value: a, Low: low, High: high}, {Date: date, Value: b}, {Date: "2025", Value: c, Low: low}}}
		lines, _ := plot(tr, 50, 6, false)
		for _, l := range lines {
			if widget.Width(l) > 50 {
				t.Fatalf("%q is too wide", l)
			}
		}
	})
}
