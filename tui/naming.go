package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// naming gives a device a name.
type naming struct {
	commands
	dev  Device
	form form
	acts lane
}

// nameMost is the longest name, in characters.
const nameMost = 60

func newNaming(c commands, d Device) *naming {
	s := &naming{commands: c, dev: d}
	s.form.fields = []*field{{label: "Name", need: true, in: widget.NewInput(d.Name, nameMost), hint: "all devices show it: kitchen laptop, say"},
		{label: "Passphrase again", need: true, secret: &widget.Secret{}, hint: "Enter gives the name"}}
	return s
}

func (s *naming) Init() tea.Cmd { return nil }

// renamed says that a device has a name.
type renamed struct{ name string }

func (s *naming) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if v, ok := msg.value.(renamed); ok && msg.lane == &s.acts {
			s.drop(s)
			s.say("Device " + s.dev.Letter + " is now called " + v.name + ".")
		}
	case tea.KeyPressMsg:
		if !s.acts.busy && s.form.key(msg) {
			return s.rename()
		}
	case tea.PasteMsg:
		if !s.acts.busy && !s.form.paste(msg.Content) {
			s.fail("That is too long for this field.")
		}
	}
	return nil
}

func (s *naming) rename() tea.Cmd {
	p, name := s.form.fields[1].secret.Copy(), s.form.fields[0].text()
	s.form.fields[1].secret.Wipe()
	id, in := s.dev.ID, s.d.session
	return s.shared(&s.acts, func(ctx context.Context, sh Sharing, _ func(int64)) (any, error) {
		defer release(p)
		if err := in.Exchange().Check(ctx, p); err != nil {
			return nil, err
		}
		return renamed{name}, sh.Devices().Rename(ctx, id, name)
	})
}

func (s *naming) View(w, h int) string {
	t := s.d.theme
	lines := []string{t.Title.Render(widget.Fit("  Name device "+s.dev.Letter+", "+deviceLabel(s.dev), w)), ""}
	return widget.Block(append(lines, s.form.lines(w, 5, t)...), w, h)
}

func (s *naming) About() about {
	return about{name: "name device", typing: true, keys: []binding{{keys: []string{"enter"}, help: "next, and name", hint: true}}}
}

func (s *naming) Wipe() {
	s.acts.end()
	s.form.wipe()
}
