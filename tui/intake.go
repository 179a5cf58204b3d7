package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

// intake imports: it asks what, shows what would happen, and does it only then.
type intake struct {
	commands
	form    form
	reads   lane
	what    Intake
	review  *Outcome // what would happen
	result  *Outcome // what happened
	seen    int64
	refused widget.Pager
}

func newImport(c commands) *intake {
	s := &intake{commands: c}
	s.form.fields = []*field{
		{label: "File or folder", need: true, in: widget.NewInput("", 1000), hint: "FHIR JSON, NDJSON, zip or gzip, or a folder of them"},
		{label: "Source", in: widget.NewInput("", 60), hint: "a name for where it comes from; one per origin keeps their ids apart"},
	}
	return s
}

func (s *intake) Init() tea.Cmd { return nil }

func (s *intake) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case progress:
		if msg.lane == &s.reads {
			s.seen = msg.n
		}
	case answer:
		if v, ok := msg.value.(Outcome); ok && msg.lane == &s.reads {
			s.take(&v)
			return s.tell(v)
		}
	case tea.KeyPressMsg:
		switch {
		case s.reads.busy:
		case s.review == nil && s.result == nil:
			if s.form.key(msg) {
				in := s.form.values()
				s.what = Intake{Path: strings.TrimSpace(in["File or folder"]), Source: strings.TrimSpace(in["Source"]), Review: true}
				return s.run()
			}
		default:
			s.refused.Key(msg.String())
		}
	case tea.PasteMsg:
		if s.review == nil && !s.reads.busy && !s.form.paste(msg.Content) {
			s.fail("That is too long for this field.")
		}
	}
	return nil
}

func (s *intake) take(v *Outcome) {
	if s.what.Review {
		s.review = v
	} else {
		s.result = v
	}
	var lines []string
	for _, r := range v.Refusals {
		lines = append(lines, refusedWords(&r))
	}
	if more := v.Refused - int64(len(v.Refusals)); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	s.refused.Set(lines)
}

// refusedWords says what was refused, where in it, why, and what else there is to do.
func refusedWords(r *vault.Refusal) string {
	text := r.Input
	if r.Place != "" {
		text += ", " + r.Place
	}
	text += ": " + r.Reason
	if name := strings.ToLower(r.Input); strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv") {
		text += "; a CSV needs a mapping of its columns: phivault import --map"
	}
	return widget.Clean(text)
}

// imported says that any record may have changed.
type imported struct{ Outcome }

// tell has the screens below read anew once something came in.
func (s *intake) tell(v Outcome) tea.Cmd {
	if s.what.Review {
		return nil
	}
	var l lane
	return s.ask(&l, func(context.Context, func(int64)) (any, error) { return imported{v}, nil })
}

func (s *intake) run() tea.Cmd {
	s.seen = 0
	what, in := s.what, s.d.session
	if in == nil {
		return nil
	}
	return s.ask(&s.reads, func(ctx context.Context, tell func(int64)) (any, error) {
		out, err := in.Exchange().Import(ctx, what, tell)
		return out, err
	})
}

func (s *intake) View(w, h int) string {
	t := s.d.theme
	lines := []string{t.Title.Render("  Import"), ""}
	switch {
	case s.reads.busy && s.what.Review:
		lines = append(lines, fmt.Sprintf("  Reading… %d records so far. Nothing is changed yet; Esc stops.", s.seen))
	case s.reads.busy:
		lines = append(lines, fmt.Sprintf("  Importing… %d records so far. Esc stops; what came in stays.", s.seen))
	case s.result != nil:
		lines = append(lines, "  "+t.Good.Render("Done."), "")
		lines = append(lines, counts(*s.result)...)
	case s.review != nil:
		lines = append(lines, "  This is what would happen. Nothing is changed yet.", "")
		lines = append(lines, counts(*s.review)...)
		lines = append(lines, "", "  "+t.Title.Render("Enter imports it, Esc does not."))
	default:
		return widget.Block(append(lines, s.form.lines(w, min(h-2, 8), t)...), w, h)
	}
	if p := s.refused.Draw(w-4, max(1, h-len(lines)-3)); len(p) > 0 && !s.reads.busy {
		lines = append(lines, "", t.Title.Render("  Refused"))
		for _, l := range p {
			lines = append(lines, "  "+l)
		}
	}
	return widget.Block(lines, w, h)
}

func counts(o Outcome) []string {
	lines := []string{fmt.Sprintf("  %8d new", o.New), fmt.Sprintf("  %8d same, skipped", o.Same), fmt.Sprintf("  %8d changed, a new version each", o.Changed),
		fmt.Sprintf("  %8d refused", o.Refused)}
	if o.StaysDeleted > 0 {
		lines = append(lines, fmt.Sprintf("  %8d of the same were deleted here and stay so", o.StaysDeleted))
	}
	return lines
}

func (s *intake) About() about {
	a := about{name: "import", holds: s.reads.busy}
	switch {
	case s.reads.busy:
		a.keys = []binding{bind("esc", "stop", func() tea.Cmd {
			s.reads.end()
			s.fail("Stopped. Importing the same again goes on where it was.")
			return nil
		}).foot()}
	case s.result != nil:
		a.keys = []binding{bind("enter", "all patients", func() tea.Cmd { s.home(); return nil }).foot()}
	case s.review != nil:
		none := ""
		if s.review.New+s.review.Changed == 0 {
			none = "There is nothing new in it."
		}
		a.keys = []binding{bind("enter", "import", func() tea.Cmd {
			s.what.Review, s.review = false, nil
			return s.run()
		}).unless(none).foot()}
	default:
		a.typing = true
		a.keys = []binding{{keys: []string{"enter"}, help: "next, and review", hint: true}}
	}
	return a
}

func (s *intake) Wipe() {
	s.reads.end()
	s.form.wipe()
	s.refused.Wipe()
	s.review, s.result = nil, nil
}
