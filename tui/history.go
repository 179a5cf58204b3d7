package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

// history lists the versions of a record, newest first, and compares them.
type history struct {
	commands
	p     *patient
	id    vault.RecordID
	reads lane
	diffs lane
	list  widget.List
	all   []vault.Revision
	pager widget.Pager // the comparison
	title string       // of it; "" shows the list
}

func newHistory(c commands, p *patient, id vault.RecordID) *history {
	return &history{commands: c, p: p, id: id}
}

func (s *history) Init() tea.Cmd {
	id := s.id
	return s.reading(&s.reads, func(ctx context.Context, in Session) (any, error) { return in.Records().History(ctx, id) })
}

// compared is a comparison made ready to be shown.
type compared struct {
	title string
	lines []string
}

// contextLines stand around each change.
const contextLines = 3

// compare reads two versions and compares their JSON by lines.
func (s *history) compare() tea.Cmd {
	to := s.version()
	if to < 2 {
		return nil
	}
	from := s.parent(to)
	id := s.id
	return s.reading(&s.diffs, func(ctx context.Context, in Session) (any, error) {
		var texts [2][]string
		for i, n := range []int{from, to} {
			r, err := in.Records().At(ctx, id, n)
			if err != nil {
				return nil, err
			}
			if !r.Deleted {
				texts[i] = rawLines(r.Resource.JSON, r.Resource.Cuts)
			}
		}
		changes := widget.Diff(texts[0], texts[1])
		out := compared{title: fmt.Sprintf("Version %d against version %d", to, from)}
		last := -1
		for i, c := range changes {
			near := false
			for j := max(0, i-contextLines); j <= min(len(changes)-1, i+contextLines); j++ {
				near = near || changes[j].Op != ' '
			}
			if !near {
				continue
			}
			if last >= 0 && last != i-1 {
				out.lines = append(out.lines, "  …")
			}
			last = i
			out.lines = append(out.lines, string(c.Op)+" "+c.Text)
		}
		if len(out.lines) == 0 {
			out.lines = []string{"  Nothing differs but white space."}
		}
		return out, nil
	})
}

// parent is the version that version n followed.
func (s *history) parent(n int) int {
	for _, p := range s.all[n-1].Parents {
		for i, r := range s.all {
			if r.ID == p && i < n-1 {
				return i + 1
			}
		}
	}
	return n - 1
}

// version is the selected one, from 1.
func (s *history) version() int { return len(s.all) - s.list.At }

func (s *history) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case []vault.Revision:
			if msg.lane == &s.reads {
				s.all, s.list.N = v, len(v)
			}
		case compared:
			s.title = v.title
			s.pager.Set(v.lines)
		}
	case tea.KeyPressMsg:
		if s.title != "" {
			s.pager.Key(msg.String())
		} else {
			s.list.Key(msg.String())
		}
	case click:
		s.list.Click(msg.y - 3)
	}
	return nil
}

func (s *history) View(w, h int) string {
	t := s.d.theme
	if s.title != "" {
		lines := []string{t.Title.Render(widget.Fit(" "+s.title+"   - before  + after", w)), ""}
		for _, l := range s.pager.Draw(w-1, h-2) {
			switch {
			case len(l) > 0 && l[0] == '+':
				l = t.Added.Render(l)
			case len(l) > 0 && l[0] == '-':
				l = t.Removed.Render(l)
			}
			lines = append(lines, " "+l)
		}
		return widget.Block(lines, w, h)
	}
	widths := []int{8, 22, 8, 8, -1}
	lines := []string{t.Title.Render(widget.Fit("  "+plural(len(s.all), "version")+", as they came here, the last one first", w)), "",
		t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, widths, "Version", "Made or sent", "Device", "Act", "Content (SHA-256)"), w))}
	return widget.Block(append(lines, s.list.Draw(w, h-3, t.Selected.Render, func(i, w int) string {
		r := s.all[len(s.all)-1-i]
		act := "changed"
		switch {
		case r.Kind == vault.KindTombstone:
			act = "deleted"
		case r.Purge != nil:
			act = "purged"
		case r.Gone:
			act = "missing"
		case len(r.Parents) == 0:
			act = "new"
		case len(r.Parents) > 1:
			act = "merged"
		}
		return widget.Columns(w, widths, fmt.Sprint(len(s.all)-i), momentOf(r.At, r.Sent), s.d.called(idText(r.Device)), act, r.Payload.String()[:24])
	})...), w, h)
}

func (s *history) About() about {
	a := about{name: "history", patient: s.p}
	if s.title != "" {
		a.name, a.holds = "comparison", true
		a.keys = []binding{bind("esc q", "the versions", func() tea.Cmd { s.title = ""; s.pager.Wipe(); return nil }).foot()}
		return a
	}
	none, first := "", ""
	if len(s.all) == 0 {
		none = "There are no versions."
	} else if s.version() < 2 {
		first = "The first version has none before it."
	}
	a.keys = []binding{
		bind("enter", "what changed in it", s.compare).unless(none + first).foot(),
		bind("r", "read this version", func() tea.Cmd {
			r := newRecord(s.commands, s.p, s.id)
			r.at = s.version()
			s.open(r)
			return nil
		}).unless(none).foot(),
	}
	return a
}

func (s *history) Wipe() {
	s.reads.end()
	s.diffs.end()
	s.all, s.title = nil, ""
	s.pager.Wipe()
}
