package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// values lists every value of one test, newest first.
type values struct {
	commands
	p    *patient
	test *series
	draw func(*series) *trend
	all  bool // of the test there are no more values
	list widget.List
}

// newValues lists a copy: the sheet that the test is of may still grow.
func newValues(c commands, p *patient, t *series, draw func(*series) *trend, all bool) *values {
	test := *t
	return &values{commands: c, p: p, test: &test, draw: draw, all: all, list: widget.List{N: len(t.points)}}
}

func (s *values) Init() tea.Cmd { return nil }

func (s *values) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		s.list.Key(msg.String())
	case click:
		if s.list.Click(msg.y - 3) {
			s.show()
		}
	}
	return nil
}

func (s *values) point() point { return s.test.points[len(s.test.points)-1-s.list.At] }

func (s *values) show() tea.Cmd {
	if len(s.test.points) > 0 {
		s.open(newRecord(s.commands, s.p, s.point().record))
	}
	return nil
}

func (s *values) View(w, h int) string {
	t := s.d.theme
	n := len(s.test.points)
	count := plural(n, "value")
	if !s.all {
		count = fmt.Sprintf("The newest %d values; older ones: t draws them all, and they stand in the tab All.", n)
	}
	lines := []string{t.Title.Render(widget.Fit("  "+testTitle(s.test), w)), t.Faint.Render(widget.Fit("  "+count, w)),
		t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, valueWidths, "Date", "Value", "Unit", "Flag", "Range"), w))}
	return widget.Block(append(lines, s.list.Draw(w, h-3, t.Selected.Render, func(i, w int) string {
		p := s.test.points[n-1-i]
		return widget.Columns(w, valueWidths, stated(dayText(p.date), "no date"), valueText(p), s.test.unit, flagText(p.flag), stated(p.ref, "no range supplied"))
	})...), w, h)
}

var valueWidths = []int{12, 24, 12, 5, -1}

// valueText is the value, or that there is none and why.
func valueText(p point) string {
	if p.value != "" {
		return p.value
	}
	return strings.TrimSuffix("no value: "+p.absent, ": ")
}

func testTitle(t *series) string {
	_, code, _ := strings.Cut(t.code, "|")
	return strings.TrimSpace(fmt.Sprintf("%s  %s  %s", t.name, stated(t.unit, "no unit"), widget.Clean(code)))
}

func (s *values) About() about {
	return about{name: "values", patient: s.p, keys: []binding{
		bind("enter", "the record", s.show).foot(),
		bind("t", "chart", func() tea.Cmd { s.open(s.draw(s.test)); return nil }).foot(),
	}}
}

func (s *values) Wipe() { s.test, s.list = &series{}, widget.List{} }

// uncut leaves the value before out where it would be cut: half a number is not one.
func uncut(value string, w int) string {
	if i := strings.LastIndex(value, " (was "); i > 0 && widget.Width(value) > w {
		return value[:i] + " …"
	}
	return value
}
