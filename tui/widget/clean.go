package widget

import "phivault/tui/plain"

// longest is how much of one line is looked at: no screen is wider, and a text
// of megabytes must not be walked at every frame.
const longest = 16 << 10

// Clean is plain.Text for one drawn line: what is too long for any screen ends
// with an ellipsis.
func Clean(s string) string { return plain.Text(bounded(s)) }

// CleanLines is plain.Lines, each line as Clean has it.
func CleanLines(s string) []string {
	lines := plain.Lines(s)
	for i, l := range lines {
		lines[i] = Clean(l)
	}
	return lines
}

// bounded may cut through a character, which then shows as one that is damaged.
func bounded(s string) string {
	if len(s) > longest {
		return s[:longest] + "…"
	}
	return s
}
