package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// comparing compares the code of another device with what is here.
type comparing struct {
	commands
	form form
	asks lane
}

func newComparing(c commands) *comparing {
	s := &comparing{commands: c}
	s.form.fields = []*field{{label: "Its code", need: true, in: widget.NewInput("", 60), hint: "as it is shown there; how the digits are grouped does not count"}}
	return s
}

func (s *comparing) Init() tea.Cmd { return nil }

// same says that two devices saw the same history.
type same struct{}

func (s *comparing) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if _, ok := msg.value.(same); ok && msg.lane == &s.asks {
			s.drop(s)
			s.say("The same: both devices saw the same history up to that code.")
		}
	case tea.KeyPressMsg:
		if !s.asks.busy && s.form.key(msg) {
			code := s.form.fields[0].text()
			return s.shared(&s.asks, func(ctx context.Context, in Sharing, _ func(int64)) (any, error) {
				return same{}, in.Sync().Compare(ctx, code)
			})
		}
	case tea.PasteMsg:
		if !s.form.paste(msg.Content) {
			s.fail("That is too long for a code.")
		}
	}
	return nil
}

func (s *comparing) View(w, h int) string {
	t := s.d.theme
	lines := []string{t.Title.Render("  Compare codes"), "",
		"  A remote that lies could show your devices different histories. It cannot make",
		"  their codes agree. Open Sync on the other device, and type what it shows, or",
		"  have this one's typed there:", "", "      " + t.Title.Render(stated(spaced(s.d.quiet.now.Code), "no code before the first sync")), ""}
	return widget.Block(append(lines, s.form.lines(w, 4, t)...), w, h)
}

func (s *comparing) About() about {
	return about{name: "compare", typing: true, keys: []binding{{keys: []string{"enter"}, help: "compare", hint: true}}}
}

func (s *comparing) Wipe() {
	s.asks.end()
	s.form.wipe()
}
