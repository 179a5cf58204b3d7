package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"phivault/tui/widget"
	"phivault/vault"
)

// plotted is a point that has a place in time and a number.
type plotted struct {
	at   time.Time
	y    float64
	text string // as written
	date string
	flag string
	lo   float64 // NaN when no range was supplied
	hi   float64
}

// plot draws one trend in w columns and h lines of drawing, plus its axes. Every
// number at an axis is a value as it was written, never a rounded one. It gives
// nil when fewer than two points have a date and a number; left is how many
// points it could not draw.
func plot(t *vault.Trend, w, h int, ascii bool) (lines []string, left int) {
	points := plottable(t.Points)
	left = len(t.Points) - len(points)
	if len(points) < 2 {
		return nil, len(t.Points)
	}
	least, most := extremes(points)
	labelWidth := max(widget.Width(least.text), widget.Width(most.text))
	cols := w - labelWidth - 3
	if cols < 16 || h < 3 {
		return nil, len(t.Points)
	}
	c := newCanvas(cols, h, points, least.y, most.y, ascii)
	c.ranges(points)
	c.points(points)
	for row := range h {
		label := ""
		switch row {
		case 0:
			label = most.text
		case h - 1:
			label = least.text
		}
		if least.y == most.y && row != h/2 {
			label = ""
		} else if least.y == most.y {
			label = most.text
		}
		tick := c.sign("│", "|")
		if label != "" {
			tick = c.sign("┤", "+")
		}
		lines = append(lines, strings.TrimRight(fit(label, labelWidth, true)+" "+tick+string(c.cells[row]), " "))
	}
	axis := strings.Repeat(" ", labelWidth) + " " + c.sign("└", "+") + strings.Repeat(c.sign("─", "-"), cols)
	first, last := day(points[0].date), day(points[len(points)-1].date)
	under := strings.Repeat(" ", labelWidth+2) + first
	if gap := cols - widget.Width(first) - widget.Width(last); gap > 0 && first != last {
		under += strings.Repeat(" ", gap) + last
	}
	return append(lines, axis, under), left
}

// canvas maps dates and values to cells.
type canvas struct {
	cells       [][]rune
	from, to    time.Time
	bottom, top float64
	ascii       bool
}

func newCanvas(w, h int, points []plotted, bottom, top float64, ascii bool) *canvas {
	c := &canvas{from: points[0].at, to: points[len(points)-1].at, bottom: bottom, top: top, ascii: ascii}
	for range h {
		c.cells = append(c.cells, []rune(strings.Repeat(" ", w)))
	}
	return c
}

func (c *canvas) sign(u, a string) string {
	if c.ascii {
		return a
	}
	return u
}

func (c *canvas) col(at time.Time) int {
	span := c.to.Sub(c.from)
	if span <= 0 {
		return len(c.cells[0]) / 2
	}
	return int(math.Round(float64(at.Sub(c.from)) / float64(span) * float64(len(c.cells[0])-1)))
}

// row gives the line of a value within the axis. Halves, because the distance of
// two numbers may be no number any more.
func (c *canvas) row(y float64) int {
	h := len(c.cells) - 1
	if c.bottom == c.top {
		return (h + 1) / 2
	}
	share := (y/2 - c.bottom/2) / (c.top/2 - c.bottom/2)
	return h - int(math.Round(max(0, min(1, share))*float64(h)))
}

// ranges draws the limits of the reference range that each point came with,
// from it to the next one.
func (c *canvas) ranges(points []plotted) {
	mark := []rune(c.sign("┄", "."))[0]
	for i, p := range points {
		end := len(c.cells[0]) - 1
		if i+1 < len(points) {
			end = c.col(points[i+1].at)
		}
		for _, y := range []float64{p.lo, p.hi} {
			if math.IsNaN(y) || y < c.bottom || y > c.top {
				continue
			}
			for x := c.col(p.at); x <= end; x++ {
				c.cells[c.row(y)][x] = mark
			}
		}
	}
}

// points draws the values joined by light dots, a flagged one as its sign.
func (c *canvas) points(points []plotted) {
	dot := []rune(c.sign("·", "'"))[0]
	for i := 1; i < len(points); i++ {
		x0, x1 := c.col(points[i-1].at), c.col(points[i].at)
		for x := x0 + 1; x < x1; x++ {
			share := float64(x-x0) / float64(x1-x0)
			y := points[i-1].y*(1-share) + points[i].y*share
			c.cells[c.row(y)][x] = dot
		}
	}
	for _, p := range points {
		sign := c.sign("●", "*")
		switch {
		case strings.HasPrefix(p.flag, "H"):
			sign = c.sign("▲", "H")
		case strings.HasPrefix(p.flag, "L"):
			sign = c.sign("▼", "L")
		case p.flag != "" && p.flag != "N":
			sign = c.sign("◆", "!")
		}
		c.cells[c.row(p.y)][c.col(p.at)] = []rune(sign)[0]
	}
}

func plottable(points []vault.Point) (out []plotted) {
	for _, p := range points {
		at, ok := instant(p.Date)
		y, err := strconv.ParseFloat(p.Value, 64)
		if !ok || err != nil || math.IsInf(y, 0) || math.IsNaN(y) {
			continue
		}
		out = append(out, plotted{at: at, y: y, text: clean(p.Value), date: p.Date, flag: p.Flag, lo: number(p.Low), hi: number(p.High)})
	}
	slices.SortStableFunc(out, func(a, b plotted) int { return a.at.Compare(b.at) })
	return out
}

func number(s string) float64 {
	if y, err := strconv.ParseFloat(s, 64); err == nil {
		return y
	}
	return math.NaN()
}

func extremes(points []plotted) (least, most plotted) {
	least, most = points[0], points[0]
	for _, p := range points {
		if p.y < least.y {
			least = p
		}
		if p.y > most.y {
			most = p
		}
	}
	return least, most
}

// instant reads a FHIR date or dateTime (datatypes.html#dateTime), a partial one
// as its first day.
func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02", "2006-01", "2006", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// day is the date of a FHIR dateTime as written.
func day(s string) string {
	if len(s) > 10 {
		return clean(s[:10])
	}
	return clean(s)
}
