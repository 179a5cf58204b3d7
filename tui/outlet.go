package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// outlet exports records in the clear, after the passphrase was given again.
type outlet struct {
	commands
	p     *patient
	form  form
	runs  lane
	seen  int64
	words widget.Secret
}

const everyone = "everyone"

func newExport(c commands, p *patient) *outlet {
	s := &outlet{commands: c, p: p}
	whose := []string{everyone}
	if p != nil {
		whose = []string{"this patient", everyone}
	}
	s.form.fields = []*field{choice("Whose records", whose...), choice("Format", "bundle", "ndjson", "csv"),
		{label: "File", need: true, in: widget.NewInput("", 1000), hint: "a new file; it will not be encrypted"},
		{label: "Passphrase again", need: true, secret: &s.words, hint: "what leaves the vault in the clear is asked for again"}}
	return s
}

func (s *outlet) Init() tea.Cmd { return nil }

// exported says how many records were written.
type exported struct {
	n    int64
	path string
}

func (s *outlet) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case progress:
		if msg.lane == &s.runs {
			s.seen = msg.n
		}
	case answer:
		if msg.lane != &s.runs {
			return nil
		}
		if v, ok := msg.value.(exported); ok {
			s.drop(s)
			s.say(fmt.Sprintf("%s written, not encrypted, to %s", plural(int(v.n), "record"), v.path))
		}
	case tea.KeyPressMsg:
		if !s.runs.busy && s.form.key(msg) {
			return s.run()
		}
	case tea.PasteMsg:
		if !s.runs.busy && !s.form.paste(msg.Content) {
			s.fail("That is too long for this field.")
		}
	}
	return nil
}

func (s *outlet) run() tea.Cmd {
	in := s.form.values()
	out := Outlet{Format: in["Format"], Path: strings.TrimSpace(in["File"])}
	if in["Whose records"] != everyone {
		out.Patient = s.p.id
	}
	p, v := s.words.Copy(), s.d.session
	s.words.Wipe()
	if v == nil {
		p.Destroy()
		return nil
	}
	return s.ask(&s.runs, func(ctx context.Context, tell func(int64)) (any, error) {
		defer release(p)
		if err := v.Exchange().Check(ctx, p); err != nil {
			return nil, err
		}
		n, err := v.Exchange().Export(ctx, out, tell)
		return exported{n, out.Path}, err
	})
}

func (s *outlet) View(w, h int) string {
	lines := []string{s.d.theme.Title.Render("  Export, in the clear"), ""}
	if s.runs.busy {
		return widget.Block(append(lines, fmt.Sprintf("  Writing… %d records so far. Esc stops and removes the file.", s.seen)), w, h)
	}
	return widget.Block(append(lines, s.form.lines(w, min(h-2, 9), s.d.theme)...), w, h)
}

func (s *outlet) About() about {
	a := about{name: "export", patient: s.p, typing: true, holds: s.runs.busy,
		keys: []binding{{keys: []string{"enter"}, help: "next, and export", hint: true}, {keys: []string{"left", "right"}, help: "choose"}}}
	if s.runs.busy {
		a.keys = []binding{bind("esc", "stop", func() tea.Cmd { s.runs.end(); return nil }).foot()}
	}
	return a
}

func (s *outlet) Wipe() {
	s.runs.end()
	s.form.wipe()
	s.words.Wipe()
}
