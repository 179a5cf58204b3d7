package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"phivault/crypto/secret"
	"phivault/tui/widget"
)

// unlock asks for the passphrase of the vault that is there, or begins the first
// run where there is none.
type unlock struct {
	commands
	reason string // why it was locked
	look   lane
	opens  lane
	place  Place
	known  bool
	in     widget.Secret
}

func newUnlock(c commands, reason string) *unlock { return &unlock{commands: c, reason: reason} }

func (s *unlock) Init() tea.Cmd {
	return s.ask(&s.look, func(ctx context.Context, _ func(int64)) (any, error) { return s.d.opener.Look(ctx) })
}

func (s *unlock) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case Place:
			s.place, s.known = v, true
			if !v.Exists {
				s.replace(newCreate(s.commands, v))
			}
		case Session:
			s.enter(v)
		}
		if msg.err != nil && msg.lane == &s.opens {
			s.in.Wipe()
			s.d.ahead = ahead{}
		}
	case tea.KeyPressMsg:
		if s.opens.busy {
			s.d.curtain.early = !s.d.ahead.take(msg)
			return nil
		}
		s.d.curtain.early = false
		s.in.Key(msg.String(), msg.Text)
	case tea.PasteMsg:
		if s.opens.busy {
			s.d.ahead.end()
			s.d.curtain.early = true
		} else if !s.in.Paste(msg.Content) {
			s.fail("That is too long for a passphrase, or not one line of text.")
		}
	}
	return nil
}

func (s *unlock) open() tea.Cmd {
	if s.d.curtain.early = s.opens.busy; s.opens.busy {
		s.d.ahead.end()
	}
	if s.in.Len() == 0 || s.opens.busy || !s.place.Exists {
		return nil
	}
	p := s.in.Copy()
	s.in.Wipe()
	s.d.ahead.begin(p.Bytes())
	return s.ask(&s.opens, func(ctx context.Context, _ func(int64)) (any, error) {
		defer release(p)
		in, err := s.d.opener.Open(ctx, p)
		if err != nil {
			return nil, err
		}
		return in, nil
	})
}

// release destroys a passphrase, and gives back what deriving from it took.
func release(p *secret.Bytes) {
	p.Destroy()
	secret.Release()
}

func (s *unlock) View(w, h int) string {
	t := s.d.theme
	lines := []string{"", ""}
	if s.reason != "" {
		lines = append(lines, "  "+s.reason, "")
	}
	switch {
	case !s.known && s.look.busy:
		lines = append(lines, "  Looking for the vault…")
	case s.opens.busy:
		lines = append(lines, "  "+t.Title.Render("Opening the vault…"), "", "  The passphrase is turned into keys on purpose slowly.")
	default:
		lines = append(lines, "  "+t.Title.Render("This vault is locked."), "", "  "+t.Faint.Render(widget.Clean(s.place.Dir)), "",
			"  Passphrase  "+s.in.Draw(min(48, w-16), t.Cursor.Render))
	}
	return widget.Block(lines, w, h)
}

func (s *unlock) About() about {
	return about{name: "unlock", typing: true, keys: []binding{
		bind("enter", "open the vault", s.open).foot(),
	}}
}

func (s *unlock) Wipe() {
	s.look.end()
	s.opens.end()
	s.in.Wipe()
}
