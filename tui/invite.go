package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// invite lets a new device in: an invitation to pass on, the device that asks, and
// the words that prove it to be the one that was meant.
type invite struct {
	commands
	form               form
	makes, waits, acts lane
	made               Invitation // nil: not made yet
	card               Card
	until              string
	asks               *Candidate // nil: nobody asked yet
	shows              showing
	swapped            bool // dark and light of the QR code
	typed              form
	remotes            []string
	who                string // of the candidate, clean
}

// showing is how an invitation is shown.
type showing uint8

const (
	asWords showing = iota
	asQR
	asText
)

const roleMember, roleOwner = "member: reads and writes", "owner: also lets devices in and out"

func newInvite(c commands) *invite {
	s := &invite{commands: c}
	for _, r := range c.d.quiet.now.Remotes {
		s.remotes = append(s.remotes, r.Name)
	}
	s.form.fields = []*field{choice("Meet at", s.remotes...), choice("It will be", roleMember, roleOwner),
		{label: "Passphrase again", need: true, secret: &widget.Secret{}, hint: "Enter makes the invitation; whoever joins can read ALL records"}}
	s.form.at = 2
	return s
}

func (s *invite) Init() tea.Cmd { return nil }

// admitted says that a device was let in.
type admitted struct{}

func (s *invite) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		return s.answered(msg)
	case tea.KeyPressMsg:
		switch {
		case s.made == nil && !s.makes.busy && s.form.key(msg):
			return s.make()
		case s.asks != nil && !s.acts.busy && s.typed.key(msg):
			return s.admit()
		}
	case tea.PasteMsg:
		ok := true
		switch {
		case s.made == nil && !s.makes.busy:
			ok = s.form.paste(msg.Content)
		case s.asks != nil && !s.acts.busy:
			ok = s.typed.paste(msg.Content)
		}
		if !ok {
			s.fail("That is too long for this field.")
		}
	}
	return nil
}

func (s *invite) answered(a answer) tea.Cmd {
	switch v := a.value.(type) {
	case Invitation:
		if a.lane == &s.makes {
			s.made, s.card = v, v.Card()
			s.until = s.d.now().Add(s.card.Valid).Local().Format("15:04")
			return s.wait()
		}
	case Candidate:
		if a.lane == &s.waits {
			s.asks, s.who = &v, stated(widget.Clean(v.Name), "a device without a name")
			s.typed.fields = []*field{{label: "Its words", need: true, in: widget.NewInput("", 200), hint: "the 8 words that it shows; four letters of each are enough"}}
		}
	case admitted:
		if a.lane == &s.acts {
			s.drop(s)
			s.say(letIn(s.who, s.d.quiet.now))
			s.stand()
		}
	}
	if a.err != nil && !errors.Is(a.err, context.Canceled) && (a.lane == &s.waits || a.lane == &s.acts) {
		if errors.Is(a.err, ErrWords) {
			s.typed.fault = "Those are not its words. Look again, on its screen."
			s.fail("Nobody was let in yet. Type the words again, or Esc lets nobody in.")
			return nil
		}
		s.drop(s) // the invitation is used up; what happened is told
	}
	return nil
}

func (s *invite) make() tea.Cmd {
	in := s.form.values()
	p, session := s.form.fields[2].secret.Copy(), s.d.session
	s.form.fields[2].secret.Wipe()
	return s.shared(&s.makes, func(ctx context.Context, sh Sharing, _ func(int64)) (any, error) {
		defer release(p)
		if err := session.Exchange().Check(ctx, p); err != nil {
			return nil, err
		}
		v, err := sh.Devices().Invite(ctx, in["Meet at"], in["It will be"] == roleOwner)
		if err == nil && ctx.Err() != nil { // nobody waits for it any more
			v.Close()
			err = ctx.Err()
		}
		return v, err
	})
}

func (s *invite) wait() tea.Cmd {
	v := s.made
	return s.shared(&s.waits, func(ctx context.Context, _ Sharing, _ func(int64)) (any, error) { return v.Wait(ctx) })
}

func (s *invite) admit() tea.Cmd {
	v, typed := s.made, s.typed.fields[0].text()
	s.typed.fields[0].in.Wipe()
	return s.shared(&s.acts, func(ctx context.Context, _ Sharing, _ func(int64)) (any, error) {
		return admitted{}, v.Admit(ctx, typed)
	})
}

func (s *invite) View(w, h int) string {
	t := s.d.theme
	switch {
	case s.makes.busy:
		return widget.Block([]string{"", "  Making the invitation…"}, w, h)
	case s.made == nil:
		lines := append([]string{t.Title.Render("  Invite a device"), ""}, wrapped([]string{
			"It will have a copy of everything, under a passphrase of its own. You pass the invitation on, by camera, by voice or by hand; then the new device shows 8 words that you type here. Only the words tell it from whoever reads along."},
			"  ", "  ", w)...)
		lines = append(lines, "")
		return widget.Block(append(lines, s.form.lines(w, 6, t)...), w, h)
	case s.asks != nil:
		return widget.Block(s.question(w), w, h)
	}
	switch s.shows {
	case asQR:
		return s.code(w, h)
	case asText:
		return widget.Block(s.text(w), w, h)
	}
	return widget.Block(s.words(w), w, h)
}

// words shows what can be read aloud.
func (s *invite) words(w int) []string {
	t := s.d.theme
	lines := []string{t.Title.Render("  An invitation"), "", "  On the new device: phivault, then Ctrl-N. It counts once, until " + s.until + ".", ""}
	if s.card.Alone {
		lines = append(lines, "  These 12 words, and the address where it finds the remote:", "")
		lines = append(lines, numbered(s.card.Words, 4)...)
		lines = append(lines, "", "      "+t.Title.Render(widget.Fit(widget.Clean(s.card.Meet), w-8)), "", "  r shows it as a QR code, t as text to copy: both say all of it.")
	} else {
		lines = append(lines, "  This remote needs a credential, which words are too short for:",
			"  r shows the invitation as a QR code, t as text to copy.")
	}
	return append(lines, s.waiting()...)
}

// waiting says what goes on, and what ends it unasked.
func (s *invite) waiting() []string {
	lines := []string{"", "  Waiting for the new device…"}
	if n := s.d.settings.Idle; n > 0 {
		lines = append(lines, "", fmt.Sprintf("  Press a key now and then: after %s without one the vault locks,", plural(n, "minute")), "  and the invitation counts no more.")
	}
	return lines
}

// numbered sets words in rows of n, each with its number.
func numbered(text string, n int) (out []string) {
	line := ""
	for i, w := range strings.Fields(widget.Clean(text)) {
		line += fmt.Sprintf("%4d %-11s", i+1, w)
		if i%n == n-1 {
			out = append(out, "  "+line)
			line = ""
		}
	}
	if line != "" {
		out = append(out, "  "+line)
	}
	return out
}

// code shows the invitation to a camera, with as much margin as there is room for.
func (s *invite) code(w, h int) string {
	var lines []string
	var err error
	for quiet := 4; quiet >= 2; quiet-- {
		if lines, err = widget.QR(s.card.Text, quiet); err == nil && len(lines) <= h && widget.Width(lines[0]) <= w {
			break
		}
	}
	switch {
	case err != nil:
		return widget.Block([]string{"", "  This invitation is too long for a QR code: t shows it as text."}, w, h)
	case len(lines) > h || widget.Width(lines[0]) > w:
		return widget.Block(append([]string{""}, wrapped([]string{fmt.Sprintf("The QR code needs a window of %d columns and %d lines; this one has %d and %d.",
			max(leastWidth, widget.Width(lines[0])), len(lines)+3, w, h+3), "Make it larger, or its letters smaller; it is drawn as soon as it fits.",
			"Or t shows the invitation as text to copy."}, "  ", "  ", w)...), w, h)
	}
	paper := s.d.theme.Paper
	if s.swapped {
		paper = ""
	}
	side := []string{"", "For the new device's camera.", "", "It counts once, until " + s.until + ".", "", "No luck? i swaps dark and light;", "w shows words, t text.", "", "Waiting for the new device…"}
	for i, l := range lines {
		l = paper.Render(l)
		if room := w - widget.Width(l) - 3; room >= 20 {
			note := ""
			if i < len(side) {
				note = side[i]
			}
			l += "   " + widget.Fit(note, room)
		}
		lines[i] = l
	}
	return widget.Block(lines, w, h)
}

// text shows all of it, to be copied: without margins, as it has no spaces.
func (s *invite) text(w int) []string {
	lines := []string{"  All of the invitation. Copy it as it stands; line breaks do not count.", "  Whoever reads it can ask to join until " + s.until + ".", ""}
	lines = append(lines, widget.Wrap(widget.Clean(s.card.Text), w)...)
	return append(lines, s.waiting()...)
}

// question asks whether the device that came is the one that was meant.
func (s *invite) question(w int) []string {
	t := s.d.theme
	lines := []string{"", "  " + t.Title.Render(widget.Fit("“"+s.who+"” asks to join.", w-2)),
		t.Faint.Render(widget.Fit("  That name is its own word for itself. Its id: "+widget.Clean(s.asks.ID), w)), "",
		"  " + t.Title.Render("It will be able to read ALL records."), "",
		"  Is it yours? Then it shows 8 words now. Type them here; do not have them sent",
		"  the way the invitation went. If you did not expect it, Esc lets nobody in.", ""}
	if s.acts.busy {
		return append(lines, "  Letting it in…")
	}
	return append(lines, s.typed.lines(w, 4, t)...)
}

func (s *invite) About() about {
	a := about{name: "invite", typing: s.made == nil || s.asks != nil}
	show := func(to showing) func() tea.Cmd { return func() tea.Cmd { s.shows = to; return nil } }
	switch {
	case s.made == nil:
		a.keys = []binding{{keys: []string{"enter"}, help: "next, and invite", hint: true}, {keys: []string{"left", "right"}, help: "choose", hint: true}}
	case s.asks != nil:
		a.name, a.holds = "admit", true
		a.keys = []binding{{keys: []string{"enter"}, help: "let it in", hint: true},
			bind("esc", "let nobody in", func() tea.Cmd { s.drop(s); s.say("Nobody was let in. The invitation is used up."); return nil }).foot()}
	default:
		a.name, a.holds = "invitation", true
		a.keys = []binding{
			bind("r", "QR code", show(asQR)).foot(), bind("w", "words", show(asWords)).foot(), bind("t", "text", show(asText)).foot(),
			bind("i", "swap dark and light", func() tea.Cmd { s.swapped = !s.swapped; return nil }),
			bind("esc q", "take it back", func() tea.Cmd { s.drop(s); s.say("The invitation is taken back."); return nil }).foot()}
	}
	return a
}

func (s *invite) Wipe() {
	s.makes.end()
	s.waits.end()
	s.acts.end()
	s.form.wipe()
	s.typed.wipe()
	if s.made != nil {
		s.made.Close()
	}
	s.made, s.card, s.asks = nil, Card{}, nil
}

// letIn is told of a device that came in. Two of one name are hard to tell apart.
func letIn(who string, st Standing) string {
	text := "Let in: " + who + ". It fetches everything now."
	n := 0
	for _, d := range st.Devices {
		if !d.Removed && widget.Clean(d.Name) == who {
			n++
		}
	}
	if n > 0 {
		text += " Another device has that name: give one of them another, under Devices."
	}
	return text
}
