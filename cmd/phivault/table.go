package main

import (
	"slices"
	"strings"

	"phivault/tui/plain"
	"phivault/tui/widget"
)

// column is one column of a table. Text that does not fit is cut only on a
// terminal, and only in columns that may shrink. The last one, where it may not, is
// broken between words there.
type column struct {
	title  string
	right  bool
	shrink int  // its share when there is too little room: 0 keeps its width
	most   int  // widest it gets on a terminal; 0: no limit
	once   bool // said once above the table where all rows say the same and the room does not suffice
}

// table writes rows in aligned columns. It looks at the first rows to choose
// the widths and then writes as it gets them, so that a listing of any length
// takes the same memory. Cells are cleaned here and nowhere else.
type table struct {
	out    *sink
	cols   []column
	widths []int
	held   [][]string
	failed error
}

// tableLook is how many rows choose the widths.
const tableLook = 256

func newTable(out *sink, cols ...column) *table { return &table{out: out, cols: cols} }

func (t *table) row(cells ...string) error {
	for i := range cells {
		cells[i] = clean(cells[i])
	}
	if t.widths != nil {
		return t.write(cells, false)
	}
	t.held = append(t.held, cells)
	if len(t.held) < tableLook {
		return nil
	}
	return t.release()
}

// close writes what is still held. A table without rows writes nothing.
func (t *table) close() error {
	if t.widths == nil && len(t.held) > 0 {
		t.shorten() // now that all rows are here
		return t.release()
	}
	return t.failed
}

// shorten takes columns that say the same in every row out of a table that is too
// wide, the last one first, and says it once.
func (t *table) shorten() {
	said := ""
	for i := len(t.cols) - 1; i >= 0 && t.out.tty && t.out.cols > 0 && t.natural() > t.out.cols; i-- {
		first := t.held[0][i]
		if !t.cols[i].once || slices.ContainsFunc(t.held, func(r []string) bool { return r[i] != first }) {
			continue
		}
		if first != "" {
			said = "  " + t.cols[i].title + ": " + first + said
		}
		t.cols = slices.Delete(slices.Clone(t.cols), i, i+1)
		for n := range t.held {
			t.held[n] = slices.Delete(t.held[n], i, i+1)
		}
	}
	if said != "" {
		_, t.failed = t.out.Write([]byte(strings.TrimPrefix(said, "  ") + "\n"))
	}
}

// natural is how wide the table is where nothing is cut.
func (t *table) natural() int {
	total := 2 * (len(t.cols) - 1)
	for i, c := range t.cols {
		w := widget.Width(c.title)
		for _, r := range t.held {
			w = max(w, widget.Width(r[i]))
		}
		total += w
	}
	return total
}

func (t *table) release() error {
	t.widths = t.choose()
	head := make([]string, len(t.cols))
	for i, c := range t.cols {
		head[i] = c.title
	}
	t.write(head, true)
	for _, r := range t.held {
		t.write(r, false)
	}
	t.held = nil
	return t.failed
}

func (t *table) choose() []int {
	w := make([]int, len(t.cols))
	total := 2 * (len(w) - 1)
	for i, c := range t.cols {
		w[i] = widget.Width(c.title)
		for _, r := range t.held {
			w[i] = max(w[i], widget.Width(r[i]))
		}
		if t.out.tty && c.most > 0 {
			w[i] = min(w[i], max(c.most, widget.Width(c.title)))
		}
		total += w[i]
	}
	for t.out.tty && t.out.cols > 0 && total > t.out.cols {
		widest := -1
		for i, c := range t.cols {
			if c.shrink > 0 && w[i] > 8 && (widest < 0 || w[i]*t.cols[widest].shrink > w[widest]*c.shrink) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		w[widest]--
		total--
	}
	if last := len(w) - 1; t.out.tty && t.out.cols > 0 && total > t.out.cols && t.breaks() {
		w[last] = max(w[last]-(total-t.out.cols), min(w[last], lastLeast))
	}
	return w
}

// lastLeast is the narrowest last column whose text is broken within it; where there is
// less room it has lines of its own.
const lastLeast = 24

// breaks reports whether the text of the last column may be broken.
func (t *table) breaks() bool {
	c := t.cols[len(t.cols)-1]
	return !c.right && c.shrink == 0
}

func (t *table) write(cells []string, head bool) error {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteString("  ")
		}
		w := t.widths[i]
		if !t.out.tty {
			w = max(w, widget.Width(c)) // nothing is cut where a program may read
		}
		if i == len(cells)-1 && t.breaks() && widget.Width(c) > w {
			b.WriteString(t.broken(c, widget.Width(b.String()), w))
			continue
		}
		b.WriteString(fit(c, w, t.cols[i].right))
	}
	line := strings.TrimRight(b.String(), " ")
	if head {
		line = t.out.sgr("1", line)
	}
	if _, err := t.out.Write([]byte(line + "\n")); err != nil {
		t.failed = err
	}
	return t.failed
}

// broken is the text of the last column, which begins at start and is w wide, over
// several lines.
func (t *table) broken(text string, start, w int) string {
	if start+w > t.out.cols {
		return "\n    " + strings.ReplaceAll(wrap(text, t.out.cols-4), "\n", "\n    ")
	}
	return strings.ReplaceAll(wrap(text, w), "\n", "\n"+strings.Repeat(" ", start))
}

// fields writes "name  value" lines, the names aligned and long values wrapped
// on a terminal.
func writeFields(out *sink, pairs [][2]string) error {
	w := 0
	for _, p := range pairs {
		w = max(w, widget.Width(p[0]))
	}
	for _, p := range pairs {
		lines := plain.Lines(p[1])
		if out.tty && out.cols > w+12 {
			var short []string
			for _, l := range lines {
				short = append(short, widget.Wrap(l, out.cols-w-2)...)
			}
			lines = short
		}
		name := p[0]
		for _, l := range lines {
			if _, err := out.Write([]byte(strings.TrimRight(fit(name, w, false)+"  "+l, " ") + "\n")); err != nil {
				return err
			}
			name = ""
		}
	}
	return nil
}
