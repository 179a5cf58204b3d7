package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

// inbox lists the records that two devices changed apart, until someone decides.
type inbox struct {
	commands
	reads lane
	rows  []row
	list  widget.List
	ready bool
}

// inboxMost is how many are shown; deciding makes room for others.
const inboxMost = 200

func newInbox(c commands) *inbox { return &inbox{commands: c} }

// inboxRead is what is in conflict.
type inboxRead []row

func (s *inbox) Init() tea.Cmd {
	return s.reading(&s.reads, func(ctx context.Context, in Session) (any, error) {
		out := inboxRead{}
		for r, err := range in.Records().Rows(ctx, vault.Query{Conflicts: true, Limit: inboxMost}) {
			if err != nil {
				return nil, err
			}
			x := rowOf(&r)
			whose := r.Patient
			if r.Type == "Patient" {
				whose = r.ID
			}
			x.who = widget.Clean(in.Survey().PatientName(ctx, whose))
			out = append(out, x)
		}
		return out, nil
	})
}

func (s *inbox) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case inboxRead:
			if msg.lane == &s.reads {
				s.take(v)
			}
		case Standing: // the list says what the banner says
			if s.ready && int(v.Conflicts) != len(s.rows) && min(int(v.Conflicts), len(s.rows)) < inboxMost {
				return s.Init()
			}
		case saved, imported:
			return s.Init()
		}
	case tea.KeyPressMsg:
		s.list.Key(msg.String())
	case click:
		if s.list.Click(msg.y - 5) {
			s.show()
		}
	}
	return nil
}

// take keeps the record that was selected under the cursor.
func (s *inbox) take(rows inboxRead) {
	if s.list.At < len(s.rows) {
		was := s.rows[s.list.At].id
		s.list.At = max(0, slices.IndexFunc(rows, func(r row) bool { return r.id == was }))
	}
	s.rows, s.list.N, s.ready = rows, len(rows), true
}

func (s *inbox) show() tea.Cmd {
	if s.list.At < len(s.rows) {
		s.open(newDeciding(s.commands, s.rows[s.list.At].id))
	}
	return nil
}

func (s *inbox) View(w, h int) string {
	t := s.d.theme
	lines := []string{t.Title.Render("  Conflicts"), "  What two devices changed apart, until someone decides. All versions are kept.", ""}
	switch {
	case !s.ready:
		return widget.Block(append(lines, "  Reading…"), w, h)
	case len(s.rows) == 0:
		return widget.Block(append(lines, "  Nothing is in conflict."), w, h)
	}
	lines = append(lines, "", t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, inboxWidths, "Patient", "Date", "Kind", "Record"), w)))
	return widget.Block(append(lines, s.list.Draw(w, h-5, t.Selected.Render, func(i, w int) string {
		r := &s.rows[i]
		return widget.Columns(w, inboxWidths, stated(r.who, "no patient"), stated(dayText(r.date), "no date"), words(r.typ), stated(r.title, "without a title"))
	})...), w, h)
}

var inboxWidths = []int{22, 11, 18, -1}

func (s *inbox) About() about {
	none := ""
	if len(s.rows) == 0 {
		none = "Nothing is in conflict."
	}
	return about{name: "conflicts", keys: []binding{bind("enter", "compare and decide", s.show).unless(none).foot()}}
}

func (s *inbox) Wipe() {
	s.reads.end()
	s.rows, s.list, s.ready = nil, widget.List{}, false
}
