package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/crypto/secret"
	"phivault/tui/widget"
)

// invitationMost is the longest invitation, in bytes.
const invitationMost = 4096

// join takes an invitation of another device's.
type join struct {
	commands
	place Place
	form  form
	reads lane
}

func newJoin(c commands, p Place) *join {
	s := &join{commands: c, place: p}
	s.form.fields = []*field{
		{label: "Invitation", need: true, secret: &widget.Secret{Limit: invitationMost}, hint: "paste all of it, or type the 12 words; it is not shown"},
		{label: "Address", in: widget.NewInput("", 1000), hint: "with 12 words, or where the remote lies elsewhere on this machine: folder:/media/stick/vault"},
	}
	return s
}

func (s *join) Init() tea.Cmd { return nil }

func (s *join) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if v, ok := msg.value.(Joining); ok && msg.lane == &s.reads {
			next := newCreate(s.commands, s.place)
			next.way = v
			s.replace(next)
		}
	case tea.KeyPressMsg:
		if !s.reads.busy && s.form.key(msg) {
			return s.read()
		}
	case tea.PasteMsg:
		text := msg.Content
		if s.form.at == 0 && len(text) <= 2*invitationMost { // copied from a screen, it has line breaks
			text = strings.Join(strings.Fields(text), " ")
		}
		if !s.reads.busy && !s.form.paste(text) {
			s.fail("That is too long to be an invitation.")
		}
	}
	return nil
}

func (s *join) read() tea.Cmd {
	p, address := s.form.fields[0].secret.Copy(), s.form.fields[1].text()
	in, ok := s.d.opener.(Joiner)
	if !ok {
		p.Destroy()
		return nil
	}
	return s.ask(&s.reads, func(context.Context, func(int64)) (any, error) {
		defer p.Destroy()
		return in.Join(p, address)
	})
}

func (s *join) View(w, h int) string {
	t := s.d.theme
	lines := []string{"", t.Title.Render("  Join a vault that another device has"), "  " + t.Faint.Render(widget.Clean(s.place.Dir)), "",
		"  There: D, then i, makes an invitation. It counts once, for ten minutes.", ""}
	return widget.Block(append(lines, s.form.lines(w, 5, t)...), w, h)
}

func (s *join) About() about {
	return about{name: "join", typing: true, keys: []binding{{keys: []string{"enter"}, help: "next", hint: true}}}
}

func (s *join) Wipe() {
	s.reads.end()
	s.form.wipe()
}

// entering asks to be let in, shows the words to type on the other device, and
// fetches the vault.
type entering struct {
	commands
	way        Joining
	passphrase *secret.Bytes // nil once it was given on
	asks, gets lane
	words      string
	seen       int64
}

func newEntering(c commands, way Joining, p *secret.Bytes) *entering {
	return &entering{commands: c, way: way, passphrase: p}
}

// checkWords are what the other device asks for.
type checkWords string

func (s *entering) Init() tea.Cmd {
	way := s.way
	return s.ask(&s.asks, func(ctx context.Context, _ func(int64)) (any, error) {
		w, err := way.Ask(ctx)
		return checkWords(w), err
	})
}

func (s *entering) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case progress:
		if msg.lane == &s.gets {
			s.seen = msg.n
		}
	case answer:
		switch v := msg.value.(type) {
		case checkWords:
			if msg.lane == &s.asks {
				s.words = string(v)
				return s.finish()
			}
		case Session:
			if msg.lane == &s.gets {
				s.enter(v)
				s.say("This device has the vault now.")
			}
		}
		if msg.err != nil && !errors.Is(msg.err, context.Canceled) && (msg.lane == &s.asks || msg.lane == &s.gets) {
			s.drop(s) // the invitation is used up; what happened is told
		}
	}
	return nil
}

func (s *entering) finish() tea.Cmd {
	way, p := s.way, s.passphrase
	s.passphrase = nil
	return s.ask(&s.gets, func(ctx context.Context, tell func(int64)) (any, error) {
		defer release(p)
		in, err := way.Finish(ctx, p, tell)
		if err != nil {
			return nil, err
		}
		return in, nil
	})
}

func (s *entering) View(w, h int) string {
	t := s.d.theme
	lines := []string{"", "  " + t.Title.Render("Joining"), ""}
	switch {
	case s.words == "":
		lines = append(lines, "  Asking at the remote…")
	case s.seen > 0:
		lines = append(lines, "  Let in. Fetching everything…", "", fmt.Sprintf("  %s so far.", plural(int(s.seen), "object")))
	default:
		lines = append(lines, "  Type these words on the inviting device; four letters of each are enough:", "")
		for _, l := range numbered(s.words, 4) {
			lines = append(lines, t.Title.Render(l))
		}
		lines = append(lines, "", "  They prove that it is this device that is let in, and nobody who read the",
			"  invitation on its way. Waiting to be let in…")
	}
	return widget.Block(lines, w, h)
}

func (s *entering) About() about {
	return about{name: "joining", typing: true, keys: []binding{}}
}

func (s *entering) Wipe() {
	s.asks.end()
	s.gets.end()
	if s.passphrase != nil {
		s.passphrase.Destroy()
		s.passphrase = nil
	}
	if s.way != nil {
		s.way.Close()
		s.way = nil
	}
	s.words = ""
}
