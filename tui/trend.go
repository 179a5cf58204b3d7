package tui

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// trend draws one test over time. It is given the test, or asks for it by code.
type trend struct {
	commands
	p    *patient
	code string // what to ask for, when test is nil
	name string
	want string // the unit to begin with
	asks lane
	all  []*series // one a unit
	unit int       // which of all
	dots []widget.Dot
	from []int // the dots' places in the test's points
	at   int

	newest bool // of test there are older values that are not here
}

// newTrend draws t as it is now: the sheet that it is of may still grow.
func newTrend(c commands, p *patient, t *series) *trend {
	test := *t
	s := &trend{commands: c, p: p, all: []*series{&test}}
	s.lay()
	return s
}

// newTrendOf asks for all values of the test with the code, and begins with those of the unit;
// "" with the unit used most.
func newTrendOf(c commands, p *patient, code, name, unit string) *trend {
	return &trend{commands: c, p: p, code: code, name: name, want: unit}
}

func (s *trend) Init() tea.Cmd {
	if s.code == "" {
		return nil
	}
	q := vault.Query{Patient: s.p.id, Code: s.code}
	return s.reading(&s.asks, func(ctx context.Context, in Session) (any, error) {
		return in.Survey().Trend(ctx, q)
	})
}

func (s *trend) test() *series {
	if s.unit >= len(s.all) {
		return nil
	}
	return s.all[s.unit]
}

// lay makes the dots of the test that is shown.
func (s *trend) lay() {
	s.dots, s.from = nil, nil
	t := s.test()
	if t == nil {
		return
	}
	for i, p := range t.points {
		if p.day == math.MinInt32 || math.IsNaN(p.num) {
			continue
		}
		d := widget.Dot{X: float64(p.day), Y: p.num, Text: p.value, Low: p.low, High: p.high}
		if n := len(s.dots); n > 0 && len(p.date) > 9 && strings.HasPrefix(t.points[s.from[n-1]].date, p.date[:10]) {
			d.When = s.dots[n-1].When // of a day there may be hundreds
		} else {
			d.When = shortDay(p.date)
		}
		switch mark := flagText(p.flag); {
		case p.flag == "" || p.flag == "N":
		default:
			d.Mark = []rune(mark)[0]
		}
		s.dots, s.from = append(s.dots, d), append(s.from, i)
	}
	s.at = len(s.dots) - 1
}

func (s *trend) Update(msg tea.Msg) tea.Cmd {
	a, ok := msg.(answer)
	if !ok || a.lane != &s.asks || a.err != nil {
		return nil
	}
	s.all = nil
	for _, t := range a.value.([]vault.Trend) {
		x := &series{code: t.Code.System + "|" + t.Code.Code, name: stated(widget.Clean(t.Code.Display), s.name), unit: widget.Clean(t.Unit)}
		for _, p := range t.Points {
			day, ok := fhir.Day(p.Date)
			if !ok {
				day = math.MinInt32
			}
			x.points = append(x.points, point{day: day, at: instant(p.Date), date: widget.Clean(p.Date), value: widget.Clean(p.Value), flag: widget.Clean(p.Flag),
				ref: rangeText(p.Low, p.High, ""), low: number(p.Low), high: number(p.High), num: number(p.Value), record: p.Record})
		}
		slices.SortStableFunc(x.points, func(a, b point) int { return a.compare(&b) })
		if x.unit == s.want && s.want != "" {
			s.unit = len(s.all)
		}
		s.all = append(s.all, x)
	}
	s.lay()
	return nil
}

func (s *trend) View(w, h int) string {
	t := s.test()
	switch {
	case s.asks.busy:
		return widget.Block([]string{"", "  Reading…"}, w, h)
	case t == nil:
		return widget.Block([]string{"", "  No values that could be drawn."}, w, h)
	}
	th := s.d.theme
	lines := []string{th.Title.Render(widget.Fit("  "+testTitle(t), w))}
	plot := widget.Plot(s.dots, w-2, h-3, s.at)
	if plot == nil {
		lines = append(lines, "", fmt.Sprintf("  %d of %d values have a date and a number: too few to draw.", len(s.dots), len(t.points)), "")
		if len(s.dots) == 0 {
			return widget.Block(lines, w, h)
		}
	}
	for _, l := range plot {
		lines = append(lines, " "+l)
	}
	p := t.points[s.from[s.at]]
	flag := "flag " + flagged(th, p.flag)
	if p.flag == "" {
		flag = "no flag stated"
	}
	lines = append(lines, widget.Fit(fmt.Sprintf("  ◉ %s   %s   %s   %s", stated(dayText(p.date), "no date"), th.Title.Render(strings.TrimSpace(p.value+" "+t.unit)),
		flag, rangeWords(p.ref)), w))
	note := fmt.Sprintf("  %d of %d values", s.at+1, len(s.dots))
	if left := len(t.points) - len(s.dots); left > 0 {
		note += fmt.Sprintf(", %d more without a date or a number", left)
	}
	if s.newest {
		note += ", the newest; older ones are not drawn"
	}
	if len(s.all) > 1 {
		note += fmt.Sprintf(" · unit %d of %d, never drawn together: u", s.unit+1, len(s.all))
	}
	return widget.Block(append(lines, th.Faint.Render(note)), w, h)
}

func rangeWords(ref string) string {
	if ref == "" {
		return "no range supplied"
	}
	return "range " + ref
}

func (s *trend) move(n int) func() tea.Cmd {
	return func() tea.Cmd {
		s.at = max(0, min(s.at+n, len(s.dots)-1))
		return nil
	}
}

func (s *trend) About() about {
	none, one := "", ""
	if len(s.dots) == 0 {
		none = "There is no value."
	}
	if len(s.all) < 2 {
		one = "It was measured in one unit only."
	}
	return about{name: "trend", patient: s.p, keys: []binding{
		bind("left h", "the value before", s.move(-1)).unless(none).foot(),
		bind("right l", "the next value", s.move(1)).unless(none).foot(),
		bind("enter", "its record", func() tea.Cmd {
			s.open(newRecord(s.commands, s.p, s.test().points[s.from[s.at]].record))
			return nil
		}).unless(none).foot(),
		bind("u", "the next unit", func() tea.Cmd { s.unit = (s.unit + 1) % len(s.all); s.lay(); return nil }).unless(one),
	}}
}

func (s *trend) Wipe() {
	s.asks.end()
	s.all, s.dots, s.from = nil, nil, nil
}
