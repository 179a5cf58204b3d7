package widget

import "strings"

// Pager shows lines that are longer than its window. The zero value is empty.
type Pager struct {
	lines []string // clean
	top   int
	w, h  int
	wraps []string // lines at width w
}

// Set gives the text, clean lines but for a tab that may end a label, and goes to its beginning.
func (p *Pager) Set(lines []string) {
	p.lines, p.wraps, p.top = lines, nil, 0
}

// Key scrolls; done is false for keys that are not its own.
func (p *Pager) Key(key string) (done bool) {
	switch key {
	case "up", "k":
		p.top--
	case "down", "j":
		p.top++
	case "pgup", "ctrl+b":
		p.top -= max(p.h-1, 1)
	case "pgdown", "ctrl+f", "space":
		p.top += max(p.h-1, 1)
	case "home", "g":
		p.top = 0
	case "end", "G":
		p.top = len(p.wraps)
	default:
		return false
	}
	p.top = max(0, min(p.top, len(p.wraps)-p.h))
	return true
}

// Draw gives h lines of w columns.
func (p *Pager) Draw(w, h int) []string {
	if p.wraps == nil || p.w != w {
		p.wraps = p.wraps[:0]
		for _, l := range p.lines {
			p.wraps = append(p.wraps, hang(l, w)...)
		}
	}
	p.w, p.h = w, h
	p.top = max(0, min(p.top, len(p.wraps)-h))
	out := make([]string, 0, h)
	for i := p.top; i < min(len(p.wraps), p.top+h); i++ {
		out = append(out, Fit(p.wraps[i], w))
	}
	return out
}

// hang wraps a line. What stands before a tab is a label: the lines that follow
// the first stand beneath the text after it.
func hang(l string, w int) []string {
	label, text, ok := strings.Cut(l, "\t")
	if !ok {
		return Wrap(l, w)
	}
	n := Width(label)
	if w-n < 20 { // no room beside the label
		return append(Wrap(label, w), Wrap(text, w)...)
	}
	lines := Wrap(text, w-n)
	for i := range lines {
		if i == 0 {
			lines[i] = label + lines[i]
		} else {
			lines[i] = strings.Repeat(" ", n) + lines[i]
		}
	}
	return lines
}

// Place tells how much of the text is above the window's end, in percent.
func (p *Pager) Place() int {
	if len(p.wraps) <= p.h {
		return 100
	}
	return min(100, (p.top+p.h)*100/len(p.wraps))
}

// Wipe drops the text.
func (p *Pager) Wipe() { *p = Pager{} }
