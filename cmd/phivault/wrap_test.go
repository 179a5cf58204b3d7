package main

import (
	"strings"
	"testing"

	"phivault/tui/widget"
)

func TestTextIsBrokenBetweenWordsAlone(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, text := range []string{"one two three", strings.Repeat("some words ", 40), "  indented " + strings.Repeat("word ", 30), long + " and " + long, "Number: ",
		strings.Repeat("prompt ", 20) + "[y/N] ", "\n    " + strings.Repeat("a b c ", 40) + "\n\nend", strings.Repeat("漢字 ", 60)} {
		for _, cols := range []int{40, 60, 80} {
			got := wrap(text, cols)
			if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(text), " ") || strings.HasSuffix(text, " ") != strings.HasSuffix(got, " ") {
				t.Errorf("%q\nis not %q", got, text)
			}
			for l := range strings.SplitSeq(got, "\n") {
				if w := widget.Width(strings.TrimRight(l, " ")); w > cols && len(strings.Fields(l)) > 1 {
					t.Errorf("%d columns of %d: %q", w, cols, l)
				}
			}
		}
		if wrap(text, 0) != text {
			t.Errorf("%q for a program", wrap(text, 0))
		}
	}
	if got := wrap("  one two three four five six", 20); got != "  one two three four\nfive six" {
		t.Errorf("%q", got)
	}
}
