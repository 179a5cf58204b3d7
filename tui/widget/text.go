package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width is the number of columns of a line, styles not counted. It is counted
// by character and not by cluster: no terminal takes more.
func Width(s string) int { return ansi.StringWidthWc(s) }

// Fit gives s in exactly n columns: padded, or cut with an ellipsis.
func Fit(s string, n int) string {
	if n <= 0 {
		return ""
	}
	w := Width(s)
	if w > n {
		s = head(s, n-1) + "…"
		w = Width(s)
	}
	return s + strings.Repeat(" ", max(0, n-w))
}

// head gives as much of the beginning of s as fits n columns. It goes by
// character: a cluster may be wider than what is left.
func head(s string, n int) string {
	if strings.IndexByte(s, 0x1b) >= 0 { // styled
		return ansi.TruncateWc(s, n, "")
	}
	for i, r := range s {
		w := 1
		if r >= 0x7f {
			w = ansi.StringWidthWc(string(r))
		}
		if n -= w; n < 0 {
			return s[:i]
		}
	}
	return s
}

// FitRight is Fit with the padding on the left, for numbers.
func FitRight(s string, n int) string {
	if w := Width(s); w < n {
		return strings.Repeat(" ", n-w) + s
	}
	return Fit(s, n)
}

// Wrap breaks a clean line at spaces into lines of at most n columns. Leading
// spaces are kept on the first.
func Wrap(s string, n int) []string {
	n = max(n, 1)
	if Width(s) <= n {
		return []string{s}
	}
	var lines []string
	line := ""
	lead := len(s) - len(strings.TrimLeft(s, " "))
	if lead < n/2 {
		line = s[:lead]
	}
	fresh := true
	for w := range strings.FieldsSeq(s) {
		switch {
		case fresh:
			line += w
		case Width(line)+1+Width(w) <= n:
			line += " " + w
		default:
			lines = append(lines, line)
			line = w
		}
		fresh = false
		for {
			first := head(line, n)
			if first == line || first == "" {
				break
			}
			lines = append(lines, first)
			line = line[len(first):]
		}
	}
	return append(lines, line)
}

// Columns sets cells side by side with two spaces between, in exactly w columns.
// A width below 0 takes what is left; several share it.
func Columns(w int, widths []int, cells ...string) string {
	left, open := w-2*(len(widths)-1), 0
	for _, n := range widths {
		if n < 0 {
			open++
		} else {
			left -= n
		}
	}
	var b strings.Builder
	for i, n := range widths {
		if i > 0 {
			b.WriteString("  ")
		}
		if n < 0 {
			n = max(left/max(open, 1), 1)
			left -= n
			open--
		}
		cell := ""
		if i < len(cells) {
			cell = cells[i]
		}
		b.WriteString(Fit(cell, n))
	}
	return Fit(b.String(), w)
}

// Block gives exactly h lines of w columns out of lines.
func Block(lines []string, w, h int) string {
	var b strings.Builder
	for i := range h {
		if i > 0 {
			b.WriteByte('\n')
		}
		l := ""
		if i < len(lines) {
			l = lines[i]
		}
		b.WriteString(Fit(l, w))
	}
	return b.String()
}
