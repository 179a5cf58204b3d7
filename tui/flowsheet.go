package tui

import (
	"context"
	"fmt"
	"math"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

// sheetFirst results are shown while the others are read, page by page.
const sheetFirst = 400

// flowsheet shows tests as rows and days as columns.
type flowsheet struct {
	commands
	p         *patient
	pages     lane
	sheet     *sheet
	goal      int // results to read before it asks again
	read      int
	rows      []*series // that fit the filter
	list      widget.List
	shift     int  // days from the newest to the last column
	own       bool // the columns are the days of the selected test
	filter    widget.Input
	filtering bool
}

func newFlowsheet(c commands, p *patient) *flowsheet {
	return &flowsheet{commands: c, p: p, sheet: newSheet(), goal: resultsMost, own: true}
}

func (s *flowsheet) Init() tea.Cmd { return s.next() }

// sheetRead is a page of results.
type sheetRead struct {
	list  []reading
	void  int
	n     int
	after int64
	ended bool
}

func (s *flowsheet) next() tea.Cmd {
	q := vault.Query{Type: "Observation", Patient: s.p.id, Limit: resultsPage, After: s.sheet.after}
	if s.read == 0 {
		q.Limit = sheetFirst
	}
	return s.reading(&s.pages, func(ctx context.Context, in Session) (any, error) {
		out := sheetRead{after: q.After}
		for r, err := range in.Records().Rows(ctx, q) {
			if err != nil {
				return nil, err
			}
			list, void := readingsOf(&r)
			out.list = append(out.list, list...)
			if void {
				out.void++
			}
			out.n++
			out.after = r.Order
		}
		out.ended = out.n < q.Limit
		return out, nil
	})
}

func (s *flowsheet) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if msg.lane != &s.pages || msg.err != nil {
			return nil
		}
		v := msg.value.(sheetRead)
		s.sheet.add(v.list)
		s.sheet.left += v.void
		s.sheet.after, s.sheet.ended = v.after, v.ended
		s.read += v.n
		s.arrange(true)
		if !v.ended && s.read < s.goal {
			return s.next()
		}
	case tea.KeyPressMsg:
		if s.filtering {
			switch msg.String() {
			case "up", "down":
				s.list.Key(msg.String())
			default:
				if s.filter.Key(msg.String(), msg.Text) {
					s.arrange(false)
				}
			}
			return nil
		}
		s.list.Key(msg.String())
	case tea.PasteMsg:
		if s.filtering && !s.filter.Paste(msg.Content) {
			s.fail("That is too long for a filter.")
		}
		s.arrange(false)
	case click:
		if s.list.Click(msg.y - 2) {
			s.drill()
		}
	}
	return nil
}

// arrange applies the filter; with keep the selected test stays selected.
func (s *flowsheet) arrange(keep bool) {
	was := s.test()
	terms := strings.Fields(strings.ToLower(s.filter.Text()))
	s.rows = s.rows[:0]
	for _, t := range s.sheet.tests {
		_, code, _ := strings.Cut(t.code, "|")
		if fit(strings.ToLower(t.name+" "+t.unit+" "+code), terms) > 0 {
			s.rows = append(s.rows, t)
		}
	}
	s.list.N = len(s.rows)
	touched := s.list.At > 0
	s.list.Move(0)
	for i, t := range s.rows {
		if keep && touched && t == was {
			s.list.At = i
		}
	}
	if !keep {
		s.list.At = 0
	}
}

func (s *flowsheet) test() *series {
	if s.list.At >= len(s.rows) {
		return nil
	}
	return s.rows[s.list.At]
}

func (s *flowsheet) drill() tea.Cmd {
	if t := s.test(); t != nil {
		s.open(newValues(s.commands, s.p, t, s.trendOf, s.sheet.ended && t.older == 0))
	}
	return nil
}

// trendOf draws a test of which everything is here, or asks for all of it.
func (s *flowsheet) trendOf(t *series) *trend {
	if t.code == "" || s.sheet.ended && t.older == 0 {
		c := newTrend(s.commands, s.p, t)
		c.newest = !s.sheet.ended || t.older > 0
		return c
	}
	return newTrendOf(s.commands, s.p, t.code, t.name, t.unit)
}

func (s *flowsheet) chart() tea.Cmd {
	if t := s.test(); t != nil {
		s.open(s.trendOf(t))
	}
	return nil
}

// days are the columns there could be: all days with a value, or the days of
// the selected test.
func (s *flowsheet) days() []int32 {
	t := s.test()
	if !s.own || t == nil {
		return s.sheet.days
	}
	var out []int32
	for _, p := range t.points {
		if n := len(out); p.day != math.MinInt32 && (n == 0 || out[n-1] != p.day) {
			out = append(out, p.day)
		}
	}
	return out
}

func (s *flowsheet) View(w, h int) string {
	t := s.d.theme
	if len(s.rows) == 0 {
		text := "No results."
		switch {
		case s.pages.busy:
			text = "Reading…"
		case s.filter.Text() != "" && !s.sheet.ended:
			text = fmt.Sprintf("No test among the newest %d results fits the filter. Older results: m", s.read)
		case s.filter.Text() != "":
			text = "No test fits the filter."
		}
		return widget.Block([]string{s.head(w), "", "  " + text}, w, h)
	}
	name, unit, ref, flag, spark := 16, 7, 9, 4, 6
	if w > 110 {
		name, unit, ref, flag, spark = 26, 10, 11, 5, 10
	}
	if w >= 150 {
		name = 36
	}
	const col = 9
	days := s.days()
	n := max(1, (w-2-name-unit-ref-flag-spark-4)/(col+1))
	s.shift = max(0, min(s.shift, len(days)-n))
	end := len(days) - s.shift
	days = days[max(0, end-n):end]
	head := widget.Fit("Test", name) + " " + widget.Fit("Unit", unit)
	for _, d := range days {
		head += " " + widget.FitRight(shortDay(s.sheet.names[d]), col)
	}
	head += " " + widget.FitRight("Range", ref) + " " + widget.Fit("Flag", flag) + " Trend"
	lines := []string{s.head(w), t.Faint.Render(widget.Fit("  "+head, w))}
	body := s.list.Draw(w, h-4, t.Selected.Render, func(i, w int) string {
		x := s.rows[i]
		line := widget.Fit(x.short, name) + " " + widget.Fit(stated(x.unit, "–"), unit)
		for _, d := range days {
			line += " " + cell(x, d, col)
		}
		last := x.last()
		return line + " " + widget.FitRight(x.lastRange(), ref) + " " + widget.Fit(flagText(last.flag), flag) + " " + widget.Spark(x.numbers(spark), spark)
	})
	lines = append(lines, body...)
	last, left := s.note()
	return widget.Block(append(lines, t.Faint.Render(widget.Fit("  "+last, w)), t.Faint.Render(widget.Fit("  "+left, w))), w, h)
}

// cell is the value of a test on a day; one that does not fit is cut visibly.
func cell(t *series, day int32, w int) string {
	p, more, ok := t.on(day)
	if !ok {
		return widget.FitRight("·", w)
	}
	text := p.value
	if text == "" {
		text = "none"
	}
	switch {
	case p.flag != "" && p.flag != "N":
		text += " " + strings.TrimLeft(flagText(p.flag), "◆")
	}
	if more {
		text += "+"
	}
	return widget.FitRight(text, w)
}

func (s *flowsheet) head(w int) string {
	if s.filtering || s.filter.Text() != "" {
		var cursor func(string) string
		if s.filtering {
			cursor = s.d.theme.Cursor.Render
		}
		return "  Filter " + s.filter.Draw(w-30, cursor) + widget.FitRight(plural(len(s.rows), "test"), 19)
	}
	days := "all days"
	if s.own {
		days = "days of the selected test"
	}
	if s.sheet.left > 0 {
		days += fmt.Sprintf(" · %d entered in error or cancelled left out", s.sheet.left)
	}
	return s.d.theme.Faint.Render(widget.Fit("  "+plural(len(s.rows), "test")+", "+days, w))
}

// note says of the selected test what its row has no room for: its name, its last
// value in full; and what is not shown at all.
func (s *flowsheet) note() (last, left string) {
	parts := []string{}
	if t := s.test(); t != nil {
		last = t.name
		parts = append(parts, fmt.Sprintf("last %s on %s", strings.TrimSpace(stated(t.last().value, "without a value")+" "+t.unit),
			stated(dayText(t.last().date), "no date")))
		if t.last().ref == "" {
			parts = append(parts, "no range supplied")
		}
	}
	switch {
	case s.sheet.ended:
	case s.pages.busy:
		parts = append(parts, fmt.Sprintf("%d results so far, older ones are still being read", s.read))
	default:
		parts = append(parts, fmt.Sprintf("of the newest %d results, older ones: m", s.read))
	}
	return last, strings.Join(parts, " · ")
}

func (s *flowsheet) About() about {
	a := about{name: "labs", patient: s.p, typing: s.filtering, holds: s.filtering || s.filter.Text() != ""}
	none, all := "", ""
	if len(s.rows) == 0 {
		none = "There is no test here."
	}
	if s.sheet.ended {
		all = "Everything is read."
	}
	a.keys = []binding{
		bind("t", "chart", s.chart).unless(none).foot(),
		bind("enter", "values", s.drill).unless(none).foot(),
		bind("f", "filter", func() tea.Cmd { s.filtering = true; return nil }).foot(),
		bind("left h", "earlier days", func() tea.Cmd { s.shift++; return nil }),
		bind("right l", "later days", func() tea.Cmd { s.shift--; return nil }),
		bind("d", "days of the selected test, or all", func() tea.Cmd { s.own, s.shift = !s.own, 0; return nil }),
		bind("m", "read older results", func() tea.Cmd { s.goal = s.read + resultsMost; return s.next() }).unless(all),
	}
	if s.filtering {
		a.keys[1] = bind("enter", "use the filter", func() tea.Cmd { s.filtering = false; return nil }).foot()
	}
	if a.holds {
		a.keys = append(a.keys, bind("esc", "end the filter", func() tea.Cmd {
			s.filtering = false
			s.filter.Wipe()
			s.arrange(false)
			return nil
		}).foot())
	}
	return a
}

func (s *flowsheet) Wipe() {
	s.pages.end()
	s.sheet, s.rows, s.read = newSheet(), nil, 0
	s.filter.Wipe()
	s.list = widget.List{}
}
