package main

import (
	"phivault/tui/plain"
	"phivault/tui/widget"
)

// clean makes text from a record safe for one line of a terminal.
func clean(s string) string { return plain.Text(s) }

// fit gives s in exactly n columns: padded, or cut with an ellipsis.
func fit(s string, n int, right bool) string {
	if right {
		return widget.FitRight(s, n)
	}
	return widget.Fit(s, n)
}
