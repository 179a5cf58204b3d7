package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"phivault/crypto/secret"
	"phivault/tui/widget"
)

// noRecovery is said before a passphrase is chosen.
var noRecovery = []string{
	"There is no recovery: whoever loses this passphrase loses the records.",
	"Nobody can reset it, no code and no support opens the vault without it.",
}

const madeNow = "The vault is made. Nothing backs it up yet: \"phivault backup FILE\" does."

// create is the first run: a new vault under a passphrase given twice.
type create struct {
	commands
	place  Place
	form   form
	makes  lane
	judge  lane
	words  lane
	good   bool
	said   string  // what there is to say of the passphrase
	shown  string  // a generated one, shown until the vault is made
	insist bool    // a weak one was given and is to be taken all the same
	way    Joining // into a vault that is there already; nil: a new one
}

func newCreate(c commands, p Place) *create {
	s := &create{commands: c, place: p}
	s.form.fields = []*field{
		{label: "Passphrase", need: true, secret: &widget.Secret{}, hint: "several words that nobody would guess; Ctrl-G makes one"},
		{label: "The same again", need: true, secret: &widget.Secret{}, hint: "Enter makes the vault"},
	}
	return s
}

func (s *create) Init() tea.Cmd { return nil }

func (s *create) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		s.answered(msg)
	case tea.KeyPressMsg:
		if s.makes.busy {
			return nil
		}
		if s.form.key(msg) {
			return s.make()
		}
		return s.judged()
	case tea.PasteMsg:
		if !s.makes.busy && !s.form.paste(msg.Content) {
			s.fail("That is too long for a passphrase, or not one line of text.")
		}
		return s.judged()
	}
	return nil
}

// verdict is what Strength says.
type verdict struct {
	good  bool
	words string
}

func (s *create) answered(a answer) {
	switch v := a.value.(type) {
	case verdict:
		s.good, s.said = v.good, v.words
	case *secret.Bytes:
		// It has to be shown to be written down; the process that showed it
		// ends with the first lock.
		s.shown = string(v.Bytes())
		v.Destroy()
	case Session:
		s.shown = ""
		s.enter(v)
		s.say(madeNow)
	}
}

// judged asks how strong the passphrase is, when it may have become another one.
func (s *create) judged() tea.Cmd {
	s.insist = false
	if s.form.at != 0 {
		return nil
	}
	first := s.form.fields[0].secret
	if first.Len() == 0 {
		s.judge.end()
		s.said, s.good = "", false
		return nil
	}
	p := first.Copy()
	return s.ask(&s.judge, func(context.Context, func(int64)) (any, error) {
		defer p.Destroy()
		good, words := s.d.opener.Strength(p)
		return verdict{good, words}, nil
	})
}

func (s *create) generate() tea.Cmd {
	return s.ask(&s.words, func(context.Context, func(int64)) (any, error) { return s.d.opener.Generate() })
}

func (s *create) make() tea.Cmd {
	a, b := s.form.fields[0].secret.Copy(), s.form.fields[1].secret.Copy()
	same := a.Equal(b)
	b.Destroy()
	switch {
	case s.judge.busy: // it is weak until it is known not to be
		a.Destroy()
		s.form.fault = "Wait for the judgement of its strength."
		return nil
	case !same:
		a.Destroy()
		s.form.fault = "The two are not the same."
		s.form.fields[1].secret.Wipe()
		return nil
	case !s.good && !s.insist:
		a.Destroy()
		s.insist = true
		s.form.fault = "It is easy to guess. Enter again takes it all the same."
		return nil
	}
	if way := s.way; way != nil {
		s.way = nil
		s.replace(newEntering(s.commands, way, a))
		return nil
	}
	return s.ask(&s.makes, func(ctx context.Context, _ func(int64)) (any, error) {
		defer release(a)
		in, err := s.d.opener.Create(ctx, a)
		if err != nil {
			return nil, err
		}
		return in, nil
	})
}

func (s *create) View(w, h int) string {
	t := s.d.theme
	title := "  A new vault"
	if s.way != nil {
		title = "  This device's own copy, under a passphrase of its own"
	}
	lines := []string{"", t.Title.Render(title), "  " + t.Faint.Render(widget.Clean(s.place.Dir)), ""}
	if s.joins() {
		lines = append(lines, "  Does another device have your vault already? Ctrl-N joins it.", "")
	}
	for _, l := range noRecovery {
		lines = append(lines, "  "+l)
	}
	lines = append(lines, "")
	if s.makes.busy {
		return widget.Block(append(lines, "  Making the vault…"), w, h)
	}
	lines = append(lines, s.form.lines(w, 6, t)...)
	if s.said != "" {
		lines = append(lines, wrapped([]string{s.said}, "  ", "  ", w)...)
	}
	if s.shown != "" {
		lines = append(lines, "", "  Write this down, it is shown only now, then type it twice above:", "", "      "+t.Title.Render(s.shown))
	}
	return widget.Block(lines, w, h)
}

// joins reports whether a vault of another device's can be joined instead.
func (s *create) joins() bool {
	_, can := s.d.opener.(Joiner)
	return can && s.way == nil
}

func (s *create) About() about {
	a := about{name: "create", typing: true, keys: []binding{
		bind("ctrl+g", "make a passphrase for me", s.generate).foot(),
	}}
	if s.joins() {
		a.keys = append(a.keys, bind("ctrl+n", "join one that exists", func() tea.Cmd { s.open(newJoin(s.commands, s.place)); return nil }).foot())
	}
	if s.way != nil {
		a.name = "join passphrase"
	}
	return a
}

func (s *create) Wipe() {
	s.makes.end()
	s.judge.end()
	s.words.end()
	s.form.wipe()
	s.shown, s.said = "", ""
	if s.way != nil {
		s.way.Close()
		s.way = nil
	}
}
