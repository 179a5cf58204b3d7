package widget

import (
	"math"
	"strings"
)

// Dot is one value of a chart.
type Dot struct {
	X    float64 // place in time, in any unit; ascending
	Y    float64
	Text string // the value as written: what an axis shows
	When string // the date as it is to be shown
	Mark rune   // drawn in its place; 0 is ●
	Low  float64
	High float64 // limits of the reference range it came with; NaN where none was supplied
}

// Plot draws values over time with both axes, in exactly w columns and h lines.
// Each number at an axis is a value as it was written: the least, the greatest,
// the selected one (-1: none) and one between where there is room. It gives nil
// for fewer than two values or too little room.
func Plot(dots []Dot, w, h, selected int) []string {
	if len(dots) < 2 || h < 6 {
		return nil
	}
	p := newPlot(dots, w, h-3)
	if p == nil {
		return nil
	}
	p.ranges()
	p.joints()
	for _, d := range dots {
		p.cells[p.row(d.Y)][p.col(d.X)] = '●'
	}
	for _, d := range dots { // above the others, however many share a place
		if d.Mark != 0 {
			p.cells[p.row(d.Y)][p.col(d.X)] = d.Mark
		}
	}
	if selected >= 0 && selected < len(dots) {
		d := dots[selected]
		p.cells[p.row(d.Y)][p.col(d.X)] = '◉'
	}
	return p.lines(w, selected)
}

type plot struct {
	dots        []Dot
	cells       [][]rune
	label       int // columns of the numbers at the left
	bottom, top float64
	least, most int
}

func newPlot(dots []Dot, w, h int) *plot {
	p := &plot{dots: dots}
	for i, d := range dots {
		if d.Y < dots[p.least].Y {
			p.least = i
		}
		if d.Y > dots[p.most].Y {
			p.most = i
		}
		if len(d.Text) > p.label { // no character is wider than its bytes
			p.label = max(p.label, Width(d.Text))
		}
	}
	p.label = min(p.label, max(12, w/6))
	p.bottom, p.top = dots[p.least].Y, dots[p.most].Y
	cols := w - p.label - 2
	if cols < 16 {
		return nil
	}
	for range h {
		p.cells = append(p.cells, []rune(strings.Repeat(" ", cols)))
	}
	return p
}

func (p *plot) col(x float64) int {
	first, last := p.dots[0].X, p.dots[len(p.dots)-1].X
	if last <= first {
		return len(p.cells[0]) / 2
	}
	return int(math.Round((x - first) / (last - first) * float64(len(p.cells[0])-1)))
}

func (p *plot) row(y float64) int {
	h := len(p.cells) - 1
	if p.bottom == p.top {
		return h / 2
	}
	share := (y/2 - p.bottom/2) / (p.top/2 - p.bottom/2)
	return h - int(math.Round(max(0, min(1, share))*float64(h)))
}

// ranges draws the limits of the reference range that each value came with, up
// to the next one. A limit beyond the values is not drawn.
func (p *plot) ranges() {
	for i, d := range p.dots {
		end := len(p.cells[0]) - 1
		if i+1 < len(p.dots) {
			end = p.col(p.dots[i+1].X)
		}
		for _, y := range []float64{d.Low, d.High} {
			if math.IsNaN(y) || y < p.bottom || y > p.top {
				continue
			}
			for x := p.col(d.X); x <= end; x++ {
				p.cells[p.row(y)][x] = '┄'
			}
		}
	}
}

func (p *plot) joints() {
	for i := 1; i < len(p.dots); i++ {
		a, b := p.dots[i-1], p.dots[i]
		from, to := p.col(a.X), p.col(b.X)
		for x := from + 1; x < to; x++ {
			share := float64(x-from) / float64(to-from)
			p.cells[p.row(a.Y*(1-share)+b.Y*share)][x] = '·'
		}
	}
}

func (p *plot) lines(w, selected int) (out []string) {
	labels := map[int]string{}
	name := func(i int) {
		row := p.row(p.dots[i].Y)
		for _, near := range []int{row - 1, row, row + 1} {
			if labels[near] != "" {
				return
			}
		}
		labels[row] = p.dots[i].Text
	}
	if selected >= 0 && selected < len(p.dots) {
		name(selected)
	}
	name(p.most)
	name(p.least)
	for i := range p.dots {
		if len(labels) < 4 && len(p.cells) > 8 {
			name(i)
		}
	}
	for row, cells := range p.cells {
		tick := "│"
		if labels[row] != "" {
			tick = "┤"
		}
		out = append(out, Fit(FitRight(labels[row], p.label)+" "+tick+string(cells), w))
	}
	cols := len(p.cells[0])
	axis := []rune(strings.Repeat("─", cols))
	for _, d := range p.dots {
		axis[p.col(d.X)] = '┬'
	}
	out = append(out, Fit(strings.Repeat(" ", p.label+1)+"└"+string(axis), w))
	return append(out, Fit(strings.Repeat(" ", p.label+2)+p.dates(cols), w), Fit("", w))
}

// dates writes the first and the last date under the axis, and others between
// where they have room.
func (p *plot) dates(cols int) string {
	line := []rune(strings.Repeat(" ", cols))
	free := func(from, to int) bool {
		for x := max(0, from-2); x < min(cols, to+2); x++ {
			if line[x] != ' ' {
				return false
			}
		}
		return true
	}
	put := func(i int) {
		if x := p.col(p.dots[i].X); line[max(0, min(x, cols-1))] != ' ' {
			return
		}
		text := []rune(p.dots[i].When)
		from := max(0, min(p.col(p.dots[i].X)-len(text)/2, cols-len(text)))
		if len(text) <= cols && free(from, from+len(text)) {
			copy(line[from:], text)
		}
	}
	put(0)
	put(len(p.dots) - 1)
	for i := range p.dots {
		put(i)
	}
	return string(line)
}
