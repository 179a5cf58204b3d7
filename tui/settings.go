package tui

import (
	"context"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/theme"
	"phivault/tui/widget"
)

// settings changes how the interface behaves.
type settings struct {
	commands
	form  form
	saves lane
	asks  lane
	said  []string // how the vault is backed up
}

var idleTimes = []string{"1", "2", "5", "10", "15", "30", "60", "never"}

func newSettings(c commands) *settings {
	s := &settings{commands: c}
	idle := choice("Lock after minutes without a key", idleTimes...)
	if n := c.d.settings.Idle; n > 0 {
		idle.in.Set(strconv.Itoa(n))
	} else {
		idle.in.Set("never")
	}
	look := choice("Theme", "colour", "plain")
	look.in.Set(c.d.theme.Name)
	if !c.d.colours {
		look.hint = "this terminal is asked to be without colours (NO_COLOR)"
	}
	s.form.fields = []*field{idle, look}
	return s
}

func (s *settings) Init() tea.Cmd {
	now := s.d.now()
	return s.reading(&s.asks, func(ctx context.Context, in Session) (any, error) { return backupWords(ctx, in, now) })
}

// settled says that settings are kept.
type settled struct{}

func (s *settings) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if text, ok := msg.value.([]string); ok && msg.lane == &s.asks {
			s.said = text
		}
		if _, ok := msg.value.(settled); ok && msg.lane == &s.saves {
			s.drop(s)
			s.say("The settings are kept.")
		}
	case tea.KeyPressMsg:
		if s.form.key(msg) {
			return s.keep()
		}
	}
	return nil
}

// keep uses the settings at once, and keeps them for the next time.
func (s *settings) keep() tea.Cmd {
	in := s.form.values()
	minutes, _ := strconv.Atoi(in["Lock after minutes without a key"]) // "never" is 0
	s.d.settings = Settings{Idle: minutes, Theme: in["Theme"]}
	s.d.theme = theme.Named(in["Theme"], s.d.colours)
	keep, now := s.d.save, s.d.settings
	if keep == nil {
		s.drop(s)
		return nil
	}
	return s.ask(&s.saves, func(context.Context, func(int64)) (any, error) { return settled{}, keep(now) })
}

func (s *settings) View(w, h int) string {
	lines := []string{s.d.theme.Title.Render("  Settings"), ""}
	lines = append(lines, s.form.lines(w, min(h-2, 8), s.d.theme)...)
	return widget.Block(append(lines, wrapped(s.said, "  ", "  ", w)...), w, h)
}

func (s *settings) About() about {
	return about{name: "settings", typing: true, keys: []binding{
		{keys: []string{"enter"}, help: "next, and keep", hint: true}, {keys: []string{"left", "right"}, help: "choose", hint: true}}}
}

func (s *settings) Wipe() {
	s.saves.end()
	s.asks.end()
}
