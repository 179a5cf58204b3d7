package widget

import (
	"strings"
	"unicode/utf8"
)

// Area is a text of several lines that is edited. Unlike Input it keeps every
// character as it was given, and cleans only what it draws.
type Area struct {
	Limit int // bytes; 0 is 512 KiB
	lines [][]rune
	row   int
	col   int
	top   int
	h     int
}

func (a *Area) limit() int {
	if a.Limit > 0 {
		return a.Limit
	}
	return 512 << 10
}

// Set replaces the text; ok is false, and nothing is changed, over the limit.
func (a *Area) Set(text string) (ok bool) {
	if len(text) > a.limit() {
		return false
	}
	a.lines = nil
	for l := range strings.SplitSeq(text, "\n") {
		a.lines = append(a.lines, []rune(l))
	}
	a.row, a.col, a.top = 0, 0, 0
	return true
}

// Text is the text as it stands.
func (a *Area) Text() string {
	var b strings.Builder
	for i, l := range a.lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(string(l))
	}
	return b.String()
}

func (a *Area) size() (n int) {
	for _, l := range a.lines {
		n += len(l) + 1
	}
	return n
}

// Paste inserts text at the cursor; ok is false when it does not fit.
func (a *Area) Paste(text string) (ok bool) {
	if len(text)+a.size() > a.limit() || !utf8.ValidString(text) {
		return false
	}
	a.ensure()
	rest := append([]rune{}, a.lines[a.row][a.col:]...)
	a.lines[a.row] = a.lines[a.row][:a.col:a.col]
	for i, part := range strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n") {
		if i > 0 {
			a.row++
			a.lines = append(a.lines[:a.row], append([][]rune{nil}, a.lines[a.row:]...)...)
		}
		a.lines[a.row] = append(a.lines[a.row], []rune(part)...)
		a.col = len(a.lines[a.row])
	}
	a.lines[a.row] = append(a.lines[a.row], rest...)
	return true
}

func (a *Area) ensure() {
	if len(a.lines) == 0 {
		a.lines = [][]rune{nil}
	}
}

// Go puts the cursor at a byte of the text, where an error was found.
func (a *Area) Go(offset int) {
	for i, l := range a.lines {
		n := len(string(l)) + 1
		if offset < n || i == len(a.lines)-1 {
			s := string(l)
			a.row, a.col = i, utf8.RuneCountInString(s[:max(0, min(offset, len(s)))])
			return
		}
		offset -= n
	}
}

// Key edits; done is false for keys that are not its own.
func (a *Area) Key(key, text string) (done bool) {
	a.ensure()
	switch key {
	case "up":
		a.move(-1)
	case "down":
		a.move(1)
	case "pgup":
		a.move(-max(a.h-1, 1))
	case "pgdown":
		a.move(max(a.h-1, 1))
	case "left":
		a.col = max(0, a.col-1)
	case "right":
		a.col = min(len(a.lines[a.row]), a.col+1)
	case "home", "ctrl+a":
		a.col = 0
	case "end", "ctrl+e":
		a.col = len(a.lines[a.row])
	case "enter":
		a.Paste("\n")
	case "backspace", "ctrl+h":
		a.rub()
	case "delete":
		if a.col < len(a.lines[a.row]) {
			a.col++
			a.rub()
		} else if a.row+1 < len(a.lines) {
			a.row, a.col = a.row+1, 0
			a.rub()
		}
	default:
		if text == "" {
			return false
		}
		a.Paste(text)
	}
	return true
}

func (a *Area) move(n int) {
	a.row = max(0, min(a.row+n, len(a.lines)-1))
	a.col = min(a.col, len(a.lines[a.row]))
}

// rub removes the character before the cursor, or the line break.
func (a *Area) rub() {
	switch {
	case a.col > 0:
		l := a.lines[a.row]
		a.lines[a.row] = append(l[:a.col-1], l[a.col:]...)
		a.col--
	case a.row > 0:
		above := a.lines[a.row-1]
		a.col = len(above)
		a.lines[a.row-1] = append(above, a.lines[a.row]...)
		a.lines = append(a.lines[:a.row], a.lines[a.row+1:]...)
		a.row--
	}
}

// Draw gives h lines of w columns with the cursor's in view.
func (a *Area) Draw(w, h int, cursor func(string) string) []string {
	a.ensure()
	a.h = h
	a.top = max(0, min(a.top, a.row))
	if a.row >= a.top+h {
		a.top = a.row - h + 1
	}
	out := make([]string, 0, h)
	for i := a.top; i < min(len(a.lines), a.top+h); i++ {
		if i != a.row || cursor == nil {
			out = append(out, Fit(Clean(string(a.lines[i])), w))
			continue
		}
		l := a.lines[i]
		from := max(0, a.col-w+8) // the cursor stays in view on a long line
		before, under, after := Clean(string(l[from:a.col])), " ", ""
		if a.col < len(l) {
			under, after = Clean(string(l[a.col])), Clean(string(l[a.col+1:min(len(l), a.col+1+w)]))
		}
		if Width(under) == 0 {
			under = "�"
		}
		before = Fit(before, min(Width(before), w-2))
		out = append(out, before+cursor(under)+Fit(after, max(0, w-Width(before)-Width(under))))
	}
	return out
}

// Place is the cursor's line, from 1.
func (a *Area) Place() int { return a.row + 1 }

// Wipe drops the text.
func (a *Area) Wipe() {
	for _, l := range a.lines {
		clear(l[:cap(l)])
	}
	*a = Area{Limit: a.Limit}
}
