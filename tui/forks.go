package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// forked tells of two histories in one device's name, and ends them: after it was read
// what that means, and the passphrase was given again.
type forked struct {
	commands
	fork Fork
	outs []string // letters of those that can be removed, as the choices are
	ids  []string // theirs, as long as this is read: letters follow seniority, of which news may come
	form form
	acts lane
}

func newForked(c commands, f Fork) *forked {
	st := c.d.quiet.now
	s := &forked{commands: c, fork: f, outs: f.outs(st)}
	for _, l := range s.outs {
		s.ids = append(s.ids, idOf(st, l))
	}
	// Where nothing is proved nobody is blamed by default.
	if len(s.outs) > 1 || len(f.By) > 0 {
		x := &field{label: "Remove", need: true, hint: "← → choose", in: widget.NewInput("nobody yet", 80)}
		for _, l := range s.outs {
			x.choices = append(x.choices, deviceNamed(st, l))
		}
		s.form.fields = append(s.form.fields, x)
	}
	s.form.fields = append(s.form.fields, choice("Take over", adoptNot, adoptMine),
		&field{label: "Passphrase again", need: true, secret: &widget.Secret{}, hint: "Enter removes the device, for good"})
	return s
}

func (s *forked) Init() tea.Cmd { return nil }

// forkEnded says that a fork was ended.
type forkEnded struct{ out string }

func (s *forked) Update(msg tea.Msg) tea.Cmd {
	off := s.fork.cannotEnd(s.d.quiet.now) != "" || s.acts.busy
	switch msg := msg.(type) {
	case answer:
		if msg.lane != &s.acts {
			return nil
		}
		s.stand()
		if v, ok := msg.value.(forkEnded); ok {
			s.drop(s)
			s.say(forkEndedWords(v.out))
		}
	case tea.KeyPressMsg:
		if !off && s.form.key(msg) {
			return s.end()
		}
	case tea.PasteMsg:
		if !off && !s.form.paste(msg.Content) {
			s.fail("That is too long for a passphrase, or not one line of text.")
		}
	}
	return nil
}

// out is the letter of the device to be removed; "" while nobody is chosen.
func (s *forked) out() string {
	if x := s.form.fields[0]; x.label == "Remove" {
		i := slices.Index(x.choices, x.text())
		if i < 0 {
			return ""
		}
		return s.outs[i]
	}
	return s.fork.Device
}

func (s *forked) end() tea.Cmd {
	letter, in := s.out(), s.d.session
	i := slices.Index(s.outs, letter)
	if i < 0 || idOf(s.d.quiet.now, letter) != s.ids[i] {
		s.form.fields[len(s.form.fields)-1].secret.Wipe()
		s.fail("The devices have other letters since you opened this. Nobody was removed: Esc, and look again.")
		return nil
	}
	id := s.ids[i]
	last := len(s.form.fields) - 1
	p, adopt := s.form.fields[last].secret.Copy(), s.form.fields[last-1].text() == adoptMine
	s.form.fields[last].secret.Wipe()
	return s.shared(&s.acts, func(ctx context.Context, sh Sharing, _ func(int64)) (any, error) {
		defer release(p)
		if err := in.Exchange().Check(ctx, p); err != nil {
			return nil, err
		}
		return forkEnded{letter}, sh.Devices().EndFork(ctx, id, adopt)
	})
}

func (s *forked) View(w, h int) string {
	t, st := s.d.theme, s.d.quiet.now
	lines := []string{t.Title.Render(widget.Fit("  Two histories of "+deviceNamed(st, s.fork.Device), w))}
	lines = append(lines, wrapped(s.fork.story(st), "  ", "  ", w)...)
	why := s.fork.cannotEnd(st)
	switch out := s.out(); {
	case why != "":
		lines = append(lines, "", t.Error.Render(widget.Fit("  ! "+why, w)))
	case out == "":
		lines = append(lines, "", "  Which one is to be removed? The other goes on.")
	default:
		lines = append(append(lines, ""), wrapped([]string{s.fork.question(st, out)}, "  ", "  ", w)...)
		lines = append(lines, wrapped(s.fork.means(st, out), "  · ", "    ", w)...)
	}
	switch {
	case s.acts.busy:
		lines = append(lines, "", "  Ending it…")
	case why == "":
		n := len(s.form.fields)
		lines = append(lines[:min(len(lines), max(h-n-3, 1))], s.form.lines(w, n+3, t)...)
	}
	for _, l := range wrapped([]string{"(" + widget.Clean(s.fork.Words) + ")"}, "  ", "  ", w) {
		lines = append(lines, t.Faint.Render(l))
	}
	return widget.Block(lines, w, h)
}

// wrapped breaks sentences between words, each with a mark before its first line.
func wrapped(texts []string, mark, rest string, w int) (out []string) {
	for _, text := range texts {
		at := mark
		for _, l := range widget.Wrap(text, w-2-widget.Width(mark)) {
			out = append(out, at+l)
			at = rest
		}
	}
	return out
}

func (s *forked) About() about {
	return about{name: "two histories", typing: true, keys: []binding{{keys: []string{"enter"}, help: "next, and end it", hint: true},
		{keys: []string{"left", "right"}, help: "choose", hint: true}}}
}

func (s *forked) Wipe() {
	s.acts.end()
	s.form.wipe()
}

// forkLines are the forks that nobody has ended, a sentence each, and the key for more and for its end.
func (d *desk) forkLines(w int) (out []string) {
	for _, f := range d.quiet.now.Forks {
		for _, l := range wrapped([]string{f.short(d.quiet.now) + " Press x."}, "  ! ", "    ", w) {
			out = append(out, d.theme.Error.Render(widget.Fit(l, w)))
		}
	}
	return out
}

// forkKey opens the fork in which a device has a part, else the first.
func (c commands) forkKey(letter string) []binding {
	list := c.d.quiet.now.Forks
	if len(list) == 0 {
		return nil
	}
	at := max(0, slices.IndexFunc(list, func(f Fork) bool { return f.with(letter) }))
	return []binding{bind("x", "two histories", func() tea.Cmd { c.open(newForked(c, list[at])); return nil }).foot()}
}
