package tui

import (
	"context"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

const (
	auditStep = 20_000 // entries of the log that are looked through at a time
	auditMost = 2000   // lines that are kept of them
)

// audit shows who did what, newest first.
type audit struct {
	commands
	reads lane
	list  widget.List
	rows  []auditRow
	from  int64 // entry from which the trail was read
	ended bool
}

type auditRow struct {
	at            time.Time
	act, who, say string
	device        string
}

func newAudit(c commands) *audit { return &audit{commands: c, from: -1} }

// auditRead is a stretch of the trail, newest first.
type auditRead struct {
	rows []auditRow
	from int64
}

func (s *audit) Init() tea.Cmd {
	before := s.from
	return s.reading(&s.reads, func(ctx context.Context, in Session) (any, error) { return readAudit(ctx, in, before) })
}

// readAudit gives what was noted in a stretch before an entry; -1: up to now.
func readAudit(ctx context.Context, in Session, before int64) (auditRead, error) {
	end := before
	if end < 0 {
		n, err := in.Survey().Counts(ctx)
		if err != nil {
			return auditRead{}, err
		}
		end = n.Entries + 1000 // asking writes entries of its own
	}
	out := auditRead{from: max(0, end-auditStep)}
	var list []vault.Audited
	err := in.Survey().Audit(ctx, out.from, func(a vault.Audited) bool {
		if a.Entry >= end {
			return false
		}
		if a.Kind == vault.KindAudit && a.Audit.Action == vault.ActionImport {
			return true // the import's own entry says the same, and what became of it
		}
		if list = append(list, a); len(list) > 2*auditMost {
			list = slices.Delete(list, 0, auditMost)
		}
		return true
	})
	if err != nil {
		return auditRead{}, err
	}
	slices.Reverse(list)
	for _, a := range list[:min(len(list), auditMost)] {
		r := auditRow{at: a.Began(), device: idText(a.Device)}
		if a.Kind == vault.KindImport {
			r.act, r.say = "import", fmt.Sprintf("%d new, %d same, %d changed, %d refused; source %s",
				a.Import.New, a.Import.Same, a.Import.Changed, a.Import.Refused, widget.Clean(a.Import.Source))
		} else {
			r.act = widget.Clean(string(a.Audit.Action))
			if a.Audit.Count > 1 {
				r.say = fmt.Sprintf("%d times", a.Audit.Count)
			}
			if id, err := vault.ParseRecordID(a.Audit.Patient); err == nil {
				r.who = stated(widget.Clean(in.Survey().PatientName(ctx, id)), "record "+a.Audit.Patient)
			}
		}
		out.rows = append(out.rows, r)
	}
	return out, nil
}

func (s *audit) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if v, ok := msg.value.(auditRead); ok && msg.lane == &s.reads {
			s.rows = append(s.rows, v.rows...)
			s.list.N, s.from, s.ended = len(s.rows), v.from, v.from == 0
		}
	case tea.KeyPressMsg:
		if s.list.Key(msg.String()) && s.list.Near() && !s.ended && !s.reads.busy {
			return s.Init()
		}
	case click:
		s.list.Click(msg.y - 3)
	}
	return nil
}

func (s *audit) View(w, h int) string {
	t := s.d.theme
	widths := []int{17, 10, 24, -1, 8}
	switch {
	case w < 100:
		widths = widths[:4]
	case w > 110:
		widths[2] = 48
	}
	lines := []string{t.Title.Render("  Audit trail, newest first"), "",
		t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, widths, "When", "Act", "About", "", "Device"), w))}
	if len(s.rows) == 0 {
		text := "Nothing is noted yet."
		if s.reads.busy {
			text = "Reading…"
		}
		return widget.Block(append(lines, "  "+text), w, h)
	}
	return widget.Block(append(lines, s.list.Draw(w, h-3, t.Selected.Render, func(i, w int) string {
		r := s.rows[i]
		return widget.Columns(w, widths, moment(r.at), r.act, r.who, r.say, s.d.called(r.device))
	})...), w, h)
}

func (s *audit) About() about { return about{name: "audit"} }

func (s *audit) Wipe() {
	s.reads.end()
	s.rows, s.list = nil, widget.List{}
}
