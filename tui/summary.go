package tui

import (
	"context"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

const summaryMost = 300 // records of a type that are looked at

// summary is what a clinician looks at first: allergies, problems, medications,
// and the newest result of each test.
type summary struct {
	commands
	p     *patient
	reads lane
	older lane
	found *recents
	parts [4]section // allergies, problems, medications, results
	at    int        // the part that has the selection
	ready bool
	spots [4]spot // where the parts were drawn
}

// spot is a place on the screen: its first column and line, and its lines.
type spot struct{ x, y, h int }

// section is one part of it.
type section struct {
	title string // with its count
	empty string
	rows  []row
	most  bool // more than were looked at
	list  widget.List
}

func newSummary(c commands, p *patient) *summary { return &summary{commands: c, p: p, at: 1} }

func (s *summary) Init() tea.Cmd {
	id := s.p.id
	return s.reading(&s.reads, func(ctx context.Context, in Session) (any, error) { return readSummary(ctx, in.Records(), id) })
}

func (s *summary) waits() bool { return s.reads.busy && !s.ready }

// summaryRead is what the vault said.
type summaryRead struct {
	parts [4]section
	found *recents // the newest results; there may be more
}

// next reads older results behind those that are shown.
func (s *summary) next() tea.Cmd {
	id, at := s.p.id, recents{after: s.found.after}
	return s.reading(&s.older, func(ctx context.Context, in Session) (any, error) { return at.next(ctx, in.Records(), id) })
}

// results puts the tests that were found into their part.
func (s *section) results(found *recents, reading bool) {
	var was vault.RecordID
	if s.list.At < len(s.rows) {
		was = s.rows[s.list.At].id
	}
	s.rows, s.title, s.empty = found.rows(), found.title(reading), "No results."
	if reading {
		s.empty = "Reading…"
	}
	s.list.N = len(s.rows)
	for i := range s.rows {
		if s.list.At > 0 && s.rows[i].id == was {
			s.list.At = i
		}
	}
}

func readSummary(ctx context.Context, in Records, id vault.RecordID) (out summaryRead, err error) {
	var most [4]bool
	find := func(part int, typ string, limit int, keep func(*row, *vault.Row) bool) {
		n := 0
		for r, e := range in.Rows(ctx, vault.Query{Type: typ, Patient: id, Limit: limit}) {
			if e != nil {
				err = e
				return
			}
			n++
			if x := rowOf(&r); keep(&x, &r) {
				out.parts[part].rows = append(out.parts[part].rows, x)
			}
		}
		most[part] = most[part] || n == limit
	}
	void := map[string]bool{"entered-in-error": true, "refuted": true}
	total := [4]int{}
	active := func(part int, ok ...string) func(*row, *vault.Row) bool {
		return func(r *row, _ *vault.Row) bool {
			total[part]++
			return slices.Contains(ok, r.status)
		}
	}
	n := 0
	for r, e := range in.Find(ctx, vault.Query{Type: "AllergyIntolerance", Patient: id, Limit: summaryMost}) {
		if e != nil {
			return summaryRead{}, e
		}
		n++
		total[0]++
		w := r.Row()
		if x := rowOf(&w); !void[x.status] { // an inactive one is shown with its status
			x.passage = riskOf(r.Resource.JSON)
			out.parts[0].rows = append(out.parts[0].rows, x)
		}
	}
	most[0] = n == summaryMost
	// A status that is not stated may be an active one.
	find(1, "Condition", summaryMost, active(1, "active", "recurrence", "relapse", "provisional", "confirmed", "unknown", ""))
	for _, typ := range []string{"MedicationRequest", "MedicationStatement"} {
		find(2, typ, summaryMost, active(2, "active", "on-hold", "intended", "unknown", ""))
	}
	if err != nil {
		return summaryRead{}, err
	}
	out.found = newRecents()
	if err := out.found.read(ctx, in, id, recentFirst); err != nil {
		return summaryRead{}, err
	}
	out.parts[3].results(out.found, out.found.more())
	slices.SortStableFunc(out.parts[2].rows, func(a, b row) int {
		switch {
		case a.order > b.order:
			return -1
		case a.order < b.order:
			return 1
		}
		return 0
	})
	for i, name := range []string{"ALLERGIES", "PROBLEMS", "MEDICATIONS"} {
		p := &out.parts[i]
		p.most = most[i]
		p.list.N = len(p.rows)
		of := "active"
		if i == 0 {
			of = "recorded"
		}
		p.title = fmt.Sprintf("%s (%d %s", name, len(p.rows), of)
		if more := total[i] - len(p.rows); more > 0 {
			p.title += fmt.Sprintf(", %d not", more)
		}
		p.title += ")"
		if p.most {
			p.title += " of the newest"
		}
	}
	out.parts[0].empty = "No allergy records. That is not \"no known allergies\"."
	out.parts[1].empty = "No active problem is recorded."
	out.parts[2].empty = "No active medication is recorded."
	return out, nil
}

func (s *summary) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case summaryRead:
			if msg.lane != &s.reads {
				return nil
			}
			s.parts, s.found, s.ready = v.parts, v.found, true
			s.at = 1
			for i := range s.parts {
				if len(s.parts[s.at].rows) == 0 {
					s.at = (1 + i) % 4
				}
			}
		case *recents:
			if msg.lane != &s.older {
				return nil
			}
			s.found.join(v)
			s.parts[3].results(s.found, s.found.more())
		default:
			if msg.lane == &s.older && msg.err != nil {
				s.parts[3].results(s.found, false) // and the title says that there are more
			}
			return nil
		}
		if s.found.more() {
			return s.next()
		}
	case tea.KeyPressMsg:
		s.move(msg.String())
	case click:
		s.click(msg)
	}
	return nil
}

// click selects a line of a part, and reads what is selected already.
func (s *summary) click(c click) {
	for i := 3; i >= 0; i-- { // of two beside each other the right one begins later
		p := s.spots[i]
		if c.x < p.x || c.y <= p.y || c.y >= p.y+p.h || c.y-p.y-1 >= len(s.parts[i].rows) {
			continue
		}
		was := s.at
		s.at = i
		if s.parts[i].list.Click(c.y-p.y-1) && was == i {
			s.open(newRecord(s.commands, s.p, s.selected().id))
		}
		return
	}
}

// move goes through the lines of a part, and on to the next part at its end.
func (s *summary) move(key string) {
	l := &s.parts[s.at].list
	before := l.At
	if !l.Key(key) || l.At != before {
		return
	}
	switch key {
	case "down", "j":
		s.step(1)
	case "up", "k":
		s.step(-1)
	}
}

// step goes to the next part that has lines, and stays where there is none.
func (s *summary) step(by int) {
	for i := s.at + by; i >= 0 && i < 4; i += by {
		if len(s.parts[i].rows) == 0 {
			continue
		}
		s.at = i
		l := &s.parts[i].list
		l.At = 0
		if by < 0 {
			l.At = l.N - 1
		}
		return
	}
}

func (s *summary) selected() *row {
	p := &s.parts[s.at]
	if p.list.At >= len(p.rows) {
		return nil
	}
	return &p.rows[p.list.At]
}

func (s *summary) View(w, h int) string {
	if !s.ready {
		return widget.Block([]string{"", "  Reading…"}, w, h)
	}
	allergies := s.part(0, w, min(4, 1+max(1, len(s.parts[0].rows))))
	rest := h - len(allergies) - 1
	recent := min(1+max(1, len(s.parts[3].rows)), max(5, rest/2))
	middle := rest - recent
	if need := 1 + max(1, len(s.parts[1].rows), len(s.parts[2].rows)); need < middle {
		middle = need
		recent = min(1+max(1, len(s.parts[3].rows)), rest-middle)
	}
	half := (w - 2) / 2
	left, right := s.part(1, half, middle), s.part(2, w-2-half, middle)
	s.spots = [4]spot{{0, 0, len(allergies)}, {0, len(allergies), middle}, {half + 2, len(allergies), middle}, {0, len(allergies) + middle + 1, recent}}
	lines := append([]string{}, allergies...)
	for i := range left {
		lines = append(lines, left[i]+"  "+right[i])
	}
	lines = append(lines, s.d.theme.Faint.Render(widget.Fit("    "+s.whole(w, half), w)))
	return widget.Block(append(lines, s.part(3, w, recent)...), w, h)
}

// whole is what the selected line had to cut off, in a chart w columns wide with two
// parts beside each other in its middle.
func (s *summary) whole(w, half int) string {
	r := s.selected()
	if r == nil {
		return ""
	}
	if s.at == 1 || s.at == 2 {
		w = half
	}
	text := whole(r, summaryLine(s.at, r, w-2))
	if s.at == 0 && text != "" && r.passage != "" {
		text += ", " + r.passage
	}
	if s.at == 3 && text != "" && r.passage != "" {
		text += ", " + r.passage
	}
	return text
}

// part draws one part in h lines.
func (s *summary) part(i, w, h int) []string {
	p, t := &s.parts[i], s.d.theme
	title := p.title
	if i == s.at {
		title = "▸ " + title
	} else {
		title = "  " + title
	}
	first, end := p.list.Window(h - 1)
	if hidden := len(p.rows) - (end - first); hidden > 0 {
		title += fmt.Sprintf("  +%d more ↓", hidden)
	}
	lines := []string{t.Title.Render(widget.Fit(title, w))}
	if len(p.rows) == 0 {
		lines = append(lines, widget.Fit("    "+p.empty, w))
	} else {
		mark := t.Selected.Render
		if i != s.at {
			mark = func(text string) string { return "  " + text[len("› "):] }
		}
		lines = append(lines, p.list.Draw(w, h-1, mark, func(n, w int) string { return summaryLine(i, &p.rows[n], w) })...)
	}
	for len(lines) < h {
		lines = append(lines, widget.Fit("", w))
	}
	return lines[:max(h, 1)]
}

func summaryLine(part int, r *row, w int) string {
	date := stated(dayText(r.date), "no date")
	title := stated(r.title, "without a title")
	if r.conflict {
		title = "! " + title // the name first: where there is little room it is what counts
	}
	switch part {
	case 0:
		const status, day = 18, 11
		return widget.Columns(w, []int{-1, status, day}, risky(title, r.passage, w-status-day-4), "status "+stated(r.status, "not stated"), date)
	case 3:
		value := stated(r.value, "no value")
		if w > 110 {
			return widget.Columns(w, []int{11, -1, max(30, w*3/10), 4, 22}, date, title, uncut(value, max(30, w*3/10)), flagText(r.flag), r.passage)
		}
		return widget.Columns(w, []int{9, -1, 24, 4, 17}, stated(shortDay(r.date), "no date"), shortName(title), uncut(value, 24), flagText(r.flag), r.passage)
	}
	if r.status == "active" {
		return widget.Columns(w, []int{-1, 11}, title, date)
	}
	// What is not plainly active says so, however long its title is.
	status := "(" + stated(r.status, "no status") + ")"
	room := w - 11 - 2 - 1 - widget.Width(status)
	return widget.Fit(widget.Fit(title, min(room, widget.Width(title)))+" "+status, w-13) + "  " + widget.Fit(date, 11)
}

// noneHere is why nothing can be read where no record is selected: one may come yet.
func noneHere(busy bool) string {
	if busy {
		return "The records are still being read."
	}
	return "There is no record here."
}

func (s *summary) About() about {
	a := about{name: "summary", patient: s.p}
	none, flat := "", "Only a measured value can be drawn."
	r := s.selected()
	if r == nil {
		none = noneHere(s.waits())
	} else if r.trends {
		flat = ""
	}
	hop := func(by int) func() tea.Cmd { return func() tea.Cmd { s.step(by); return nil } }
	a.keys = []binding{
		bind("enter", "read", func() tea.Cmd { s.open(newRecord(s.commands, s.p, r.id)); return nil }).unless(none).foot(),
		bind("t", "chart of this test", func() tea.Cmd { s.open(newTrendOf(s.commands, s.p, r.code, r.title, "")); return nil }).unless(flat).foot(),
		bind("right l", "next part", hop(1)),
		bind("left h", "part before", hop(-1)),
	}
	return a
}

func (s *summary) Wipe() {
	s.reads.end()
	s.older.end()
	s.parts, s.found, s.ready = [4]section{}, nil, false
}
