package main

import (
	"strings"

	"phivault/tui/widget"
)

// wrapLeast is the narrowest terminal for which text is broken here.
const wrapLeast = 20

// wrap breaks text between words into lines of at most cols columns. A word that is
// longer stays whole: the terminal breaks it, and what is copied from there is right.
// cols is 0 where no person looks on: programs get their line as it is.
func wrap(text string, cols int) string {
	if cols < wrapLeast {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if widget.Width(l) > cols {
			lines[i] = wrapLine(l, cols)
		}
	}
	return strings.Join(lines, "\n")
}

func wrapLine(l string, cols int) string {
	var out []string
	line, text := "", false
	for part := range strings.SplitAfterSeq(l, " ") {
		word := strings.TrimRight(part, " ")
		if text && word != "" && widget.Width(line+word) > cols {
			out, line = append(out, strings.TrimRight(line, " ")), ""
		}
		line, text = line+part, text || word != ""
	}
	return strings.Join(append(out, line), "\n")
}

// wrap breaks what a person reads.
func (s *sink) wrap(text string) string {
	if !s.tty {
		return text
	}
	return wrap(text, s.cols)
}
