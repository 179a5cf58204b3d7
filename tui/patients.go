package tui

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

const (
	// patientsFirst fill the first screen; the others come in pages behind it.
	patientsFirst = 60
	patientsPage  = 400
	// patientsMost are kept for the filter. In a larger vault the filter asks
	// the vault's index as well.
	patientsMost = 5000
	// openedWithin is how many entries of the log are looked through for whose
	// chart was opened last.
	openedWithin = 20_000
)

// patients lists everyone, last opened first, and filters while typing. With a
// single patient it opens the chart at once.
type patients struct {
	commands
	pages, recent, more lane
	all                 []patient // loaded
	have                map[vault.RecordID]bool
	opened              map[vault.RecordID]time.Time
	found               []patient // by the vault's index, for the filter
	order               []int     // places in all, as they are listed; behind all when there are more
	shown               []int     // places in all, then in found
	list                widget.List
	filter              widget.Input
	filtering           bool
	after               int64
	ended               bool
	single              bool // the only patient's chart was opened
}

func newPatients(c commands) *patients {
	return &patients{commands: c, have: map[vault.RecordID]bool{}, opened: map[vault.RecordID]time.Time{}}
}

func (s *patients) Init() tea.Cmd { return tea.Batch(s.next(), s.opening()) }

// patientsRead is a page of them.
type patientsRead struct {
	list  []patient
	ended bool
}

// waits: nobody is listed, or the order is not the one that stays.
func (s *patients) waits() bool { return s.pages.busy && len(s.all) == 0 || s.recent.busy }

func (s *patients) next() tea.Cmd {
	after, limit := s.after, patientsPage
	if after == 0 {
		limit = patientsFirst
	}
	return s.reading(&s.pages, func(ctx context.Context, in Session) (any, error) {
		out := patientsRead{}
		for r, err := range in.Records().Find(ctx, vault.Query{Type: "Patient", Sort: vault.Newest, Limit: limit, After: after}) {
			if err != nil {
				return nil, err
			}
			out.list = append(out.list, patientOf(&r))
		}
		out.ended = len(out.list) < limit
		return out, nil
	})
}

// opening reads from the audit trail whose chart was read when.
func (s *patients) opening() tea.Cmd {
	return s.reading(&s.recent, func(ctx context.Context, in Session) (any, error) {
		n, err := in.Survey().Counts(ctx)
		if err != nil {
			return nil, err
		}
		out := map[vault.RecordID]time.Time{}
		err = in.Survey().Audit(ctx, max(0, n.Entries-openedWithin), func(a vault.Audited) bool {
			if a.Kind != vault.KindAudit || a.Audit.Action != vault.ActionRead {
				return true
			}
			id, err := vault.ParseRecordID(a.Audit.Patient)
			at, terr := time.Parse(time.RFC3339, a.Audit.Last)
			if err == nil && terr == nil && at.After(out[id]) {
				out[id] = at
			}
			return true
		})
		return out, err
	})
}

// ask the vault's index for what the filter says, in a vault of very many.
func (s *patients) look() tea.Cmd {
	s.found = nil
	text := strings.TrimSpace(s.filter.Text())
	if s.ended || len(text) < 3 {
		s.more.end()
		return nil
	}
	return s.reading(&s.more, func(ctx context.Context, in Session) (any, error) {
		var out []patient
		for r, err := range in.Records().Find(ctx, vault.Query{Type: "Patient", Text: queryText(text), Limit: 50}) {
			if err != nil {
				return nil, err
			}
			out = append(out, patientOf(&r))
		}
		return out, nil
	})
}

func (s *patients) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		return s.answered(msg)
	case tea.KeyPressMsg:
		if s.filtering {
			switch msg.String() {
			case "up", "down", "pgup", "pgdown":
				s.list.Key(msg.String())
				return nil
			}
			if s.filter.Key(msg.String(), msg.Text) {
				return s.filtered()
			}
			return nil
		}
		s.list.Key(msg.String())
	case tea.PasteMsg:
		s.filtering = true
		if !s.filter.Paste(msg.Content) {
			s.fail("That is too long for a filter.")
		}
		return s.filtered()
	case click:
		if s.list.Click(msg.y - 2) {
			s.show()
		}
	}
	return nil
}

func (s *patients) filtered() tea.Cmd {
	s.list.At = 0
	s.arrange(false)
	return s.look()
}

func (s *patients) answered(a answer) tea.Cmd {
	switch v := a.value.(type) {
	case patientsRead:
		if a.lane != &s.pages {
			return nil
		}
		for _, p := range v.list {
			s.after = p.order
			if !s.have[p.id] {
				s.have[p.id] = true
				p.opened = s.opened[p.id]
				s.all = append(s.all, p)
			}
		}
		s.ended = v.ended
		s.arrange(true)
		if s.ended && len(s.all) == 1 && !s.single {
			s.single = true
			s.open(newChart(s.commands, s.all[0]))
			return nil
		}
		if !s.ended && len(s.all) < patientsMost {
			return s.next()
		}
	case map[vault.RecordID]time.Time:
		s.opened = v
		for i := range s.all {
			s.all[i].opened = v[s.all[i].id]
		}
		s.order = s.order[:0]
		s.arrange(true)
	case []patient:
		if a.lane == &s.more {
			for _, p := range v {
				if !s.have[p.id] {
					s.found = append(s.found, p)
				}
			}
			s.compare()
			s.arrange(true)
		}
	case imported:
		return s.again()
	case saved:
		if v.record.Resource.Type == "Patient" {
			return s.again()
		}
	}
	return nil
}

// again reads everything anew, after one was added or changed. Whoever has seen
// the list stays there, also when it comes to hold one patient.
func (s *patients) again() tea.Cmd {
	s.single = s.single || len(s.all) > 0
	s.all, s.order, s.found, s.after, s.ended = nil, nil, nil, 0, false
	clear(s.have)
	s.shown, s.list = nil, widget.List{}
	return s.next()
}

func (s *patients) show() tea.Cmd {
	s.filtering = false
	if p := s.selected(); p != nil {
		p.opened = s.d.now()
		if s.opened != nil {
			s.opened[p.id] = p.opened // stays when everyone is read anew
		}
		s.order = s.order[:0]
		s.open(newChart(s.commands, *p))
		s.arrange(true)
	}
	return nil
}

func (s *patients) View(w, h int) string {
	t := s.d.theme
	count := plural(len(s.shown), "patient")
	if !s.ended {
		count += ", more in the vault"
	}
	head := "  " + count + s.ordering()
	if s.filtering || s.filter.Text() != "" {
		var cursor func(string) string
		if s.filtering {
			cursor = t.Cursor.Render
		}
		head = widget.Fit("  Filter "+s.filter.Draw(40, cursor), w-28) + count
	}
	widths := []int{-1, 17, 10, 20}
	if w >= 100 {
		if slices.ContainsFunc(s.shown, func(i int) bool { return i < len(s.all) && s.all[i].apart != "" }) {
			widths[3] = 36
		}
		widths = append(widths, 11)
	}
	lines := []string{head, t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, widths, "Name", "Born", "Gender", "Id", "Opened"), w))}
	if len(s.shown) == 0 {
		text := "Nobody fits the filter."
		switch {
		case s.pages.busy:
			text = "Reading…"
		case len(s.all) == 0:
			text = "No patients yet. I imports a file, a adds a patient by hand."
		}
		return widget.Block(append(lines, "", "  "+text), w, h)
	}
	return widget.Block(append(lines, s.list.Draw(w, h-2, t.Selected.Render, func(i, w int) string {
		p := s.at(i)
		opened := ""
		if !p.opened.IsZero() {
			opened = p.opened.Local().Format("02-Jan-2006")
		}
		return widget.Columns(w, widths, p.shownName(), p.bornText(s.d.now()), stated(p.gender, "not stated"), p.number(), opened)
	})...), w, h)
}

// ordering says how the list is ordered.
func (s *patients) ordering() string {
	switch {
	case len(s.shown) < 2:
		return ""
	case slices.ContainsFunc(s.all, func(p patient) bool { return !p.opened.IsZero() }):
		return " · those opened last first, the others by name"
	}
	return " · by name"
}

func (s *patients) About() about {
	a := about{name: "patients", typing: s.filtering, holds: s.filtering || s.filter.Text() != ""}
	nobody := ""
	if len(s.shown) == 0 {
		nobody = "There is no patient to open."
	}
	a.keys = []binding{
		bind("enter", "open", s.show).unless(nobody).foot(),
		bind("f", "filter by name, birth date, id", func() tea.Cmd { s.filtering = true; return nil }).foot(),
		bind("a", "add a patient", func() tea.Cmd { s.open(newAdd(s.commands, nil, "Patient")); return nil }).foot(),
	}
	if a.holds {
		a.keys = append(a.keys, bind("esc", "end the filter", func() tea.Cmd {
			s.filtering = false
			s.filter.Wipe()
			return s.filtered()
		}).foot())
	}
	return a
}

func (s *patients) Wipe() {
	s.pages.end()
	s.recent.end()
	s.more.end()
	s.all, s.order, s.found, s.shown = nil, nil, nil, nil
	s.have, s.opened = map[vault.RecordID]bool{}, nil
	s.filter.Wipe()
	s.list = widget.List{}
}
