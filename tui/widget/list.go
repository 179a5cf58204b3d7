package widget

import "strings"

// List is a position in a list of N lines, of which a window is shown. The zero
// value is an empty list.
type List struct {
	N   int // lines there are
	At  int // the selected one
	top int // the first that is shown
	h   int // lines of the window when it was last drawn
}

// Key moves the selection; done is false for keys that are not its own.
func (l *List) Key(key string) (done bool) {
	page := max(l.h-1, 1)
	switch key {
	case "up", "k":
		l.Move(-1)
	case "down", "j":
		l.Move(1)
	case "pgup", "ctrl+b":
		l.Move(-page)
	case "pgdown", "ctrl+f", "space":
		l.Move(page)
	case "home", "g":
		l.At = 0
	case "end", "G":
		l.At = max(l.N-1, 0)
	default:
		return false
	}
	return true
}

// Move moves the selection by n lines, as far as there are any.
func (l *List) Move(n int) { l.At = max(0, min(l.At+n, l.N-1)) }

// Click selects the line in row y of the window.
func (l *List) Click(y int) (same bool) {
	if at := l.top + y; y >= 0 && at < l.N {
		same = at == l.At
		l.At = at
	}
	return same
}

// Near reports whether the end comes within the next window.
func (l *List) Near() bool { return l.At+2*max(l.h, 10) >= l.N }

// Window moves the window of h lines over the selection and gives its bounds.
func (l *List) Window(h int) (first, end int) {
	l.h = max(h, 1)
	l.At = max(0, min(l.At, l.N-1))
	if l.At < l.top {
		l.top = l.At
	}
	if l.At >= l.top+l.h {
		l.top = l.At - l.h + 1
	}
	l.top = max(0, min(l.top, l.N-l.h))
	return l.top, min(l.N, l.top+l.h)
}

// Draw draws h lines; row gives line i, without its mark, in w-2 columns. The
// selected one begins with a mark, so that it is told without styles too.
func (l *List) Draw(w, h int, mark func(string) string, row func(i, w int) string) []string {
	first, end := l.Window(h)
	lines := make([]string, 0, h)
	for i := first; i < end; i++ {
		text := Fit(row(i, w-2), w-2)
		if i == l.At {
			lines = append(lines, mark("› "+text))
			continue
		}
		lines = append(lines, "  "+text)
	}
	for len(lines) < h {
		lines = append(lines, strings.Repeat(" ", w))
	}
	return lines
}
