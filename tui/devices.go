package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// devices lists who has the vault, and who had it.
type devices struct {
	commands
	list widget.List
}

func newDevices(c commands) *devices { return &devices{commands: c} }

func (s *devices) Init() tea.Cmd { s.stand(); return nil }

func (s *devices) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if v, ok := msg.value.(Standing); ok {
			s.list.N = len(v.Devices)
		}
	case tea.KeyPressMsg:
		s.list.Key(msg.String())
	case click:
		s.list.Click(msg.y - 4)
	}
	return nil
}

func (s *devices) selected() (Device, bool) {
	list := s.d.quiet.now.Devices
	if s.list.At >= len(list) {
		return Device{}, false
	}
	return list[s.list.At], true
}

// own is this device.
func (d *desk) own() (own Device) {
	for _, x := range d.quiet.now.Devices {
		if x.Self {
			own = x
		}
	}
	return own
}

func (s *devices) View(w, h int) string {
	t, st := s.d.theme, s.d.quiet.now
	lines := []string{t.Title.Render("  Devices"), "  Each has a copy of everything, under a passphrase of its own.", ""}
	if !s.d.quiet.known {
		return widget.Block(append(lines, "  Reading…"), w, h)
	}
	widths := []int{6, -1, 8, 30, 10}
	if w >= 100 {
		widths = []int{6, 28, 8, 30, 10, -1}
	}
	lines = append(lines, t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, widths, "Device", "", "Role", "Last news", "Id", "Up to date"), w)))
	forks := s.d.forkLines(w)
	lines = append(lines, s.list.Draw(w, min(len(st.Devices), max(h-8-len(forks), 1)), t.Selected.Render, func(i, w int) string {
		d := st.Devices[i]
		role := "member"
		switch {
		case d.Next != "":
			role = "now " + d.Next
		case d.Removed:
			role = "removed"
		case d.Owner:
			role = "owner"
		}
		return widget.Columns(w, widths, d.Letter, deviceLabel(d), role, s.news(d), d.ID[:min(len(d.ID), 8)], current(d, st))
	})...)
	lines = append(lines, forks...)
	how := "i invites the next one."
	if len(st.Remotes) == 0 {
		how = "They meet at a remote, and there is none yet: Y, then a."
	}
	lines = append(lines, "", "  An owner lets devices in and takes them out. "+how)
	if len(st.Devices) == 1 {
		lines = append(lines, "  A second device is also what stands in for this one when it is lost.")
	}
	return widget.Block(lines, w, h)
}

func (s *devices) About() about {
	st := s.d.quiet.now
	owner, place, which := "", "", ""
	if !s.d.own().Owner {
		owner = "Only an owner may do that; this device is a member."
	}
	if len(st.Remotes) == 0 {
		place = "Devices meet at a remote, and there is none yet: Y, then a."
	}
	d, ok := s.selected()
	naming := owner
	if d.Self {
		naming = ""
	}
	switch {
	case !ok:
		which = "There is no device."
	case d.Self:
		which = "This is the device itself: take it out on another one."
	case d.Next != "":
		which = "Its keys were replaced: it is device " + d.Next + " now."
	case d.Removed:
		which = "It was taken out already."
	}
	return about{name: "devices", keys: append([]binding{
		bind("i", "invite a device", func() tea.Cmd { s.open(newInvite(s.commands)); return nil }).unless(stated(owner, place)).foot(),
		bind("n", "name", func() tea.Cmd { s.open(newNaming(s.commands, d)); return nil }).unless(naming).foot(),
		bind("d", "take the device out", func() tea.Cmd { s.open(newRemoval(s.commands, d)); return nil }).unless(stated(owner, which)).foot(),
	}, s.forkKey(d.Letter)...)}
}

func (s *devices) Wipe() {}

// removal takes a device out, after what that means was read and the passphrase was
// given again.
type removal struct {
	commands
	dev  Device
	form form
	acts lane
}

func newRemoval(c commands, d Device) *removal {
	s := &removal{commands: c, dev: d}
	s.form.fields = []*field{{label: "Passphrase again", need: true, secret: &widget.Secret{}, hint: "Enter takes the device out, for good"}}
	return s
}

func (s *removal) Init() tea.Cmd { return nil }

// removed says that a device was taken out.
type removed struct{}

func (s *removal) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if msg.lane != &s.acts {
			return nil
		}
		s.stand()
		if _, ok := msg.value.(removed); ok {
			s.drop(s)
			s.say(takenOut(s.d.quiet.now, s.dev))
		}
	case tea.KeyPressMsg:
		if !s.acts.busy && s.form.key(msg) {
			return s.remove()
		}
	case tea.PasteMsg:
		if !s.acts.busy && !s.form.paste(msg.Content) {
			s.fail("That is too long for a passphrase, or not one line of text.")
		}
	}
	return nil
}

func (s *removal) remove() tea.Cmd {
	p := s.form.fields[0].secret.Copy()
	s.form.wipe()
	id, in := s.dev.ID, s.d.session
	return s.shared(&s.acts, func(ctx context.Context, sh Sharing, _ func(int64)) (any, error) {
		defer release(p)
		if err := in.Exchange().Check(ctx, p); err != nil {
			return nil, err
		}
		return removed{}, sh.Devices().Remove(ctx, id)
	})
}

func (s *removal) View(w, h int) string {
	t := s.d.theme
	lines := []string{t.Title.Render(widget.Fit("  Take out device "+s.dev.Letter+", "+deviceLabel(s.dev), w)), ""}
	for _, l := range removalMeans(s.d.quiet.now, s.dev) {
		for i, part := range widget.Wrap(l, w-8) {
			mark := "    "
			if i == 0 {
				mark = "  · "
			}
			lines = append(lines, mark+part)
		}
	}
	lines = append(lines, "")
	if s.acts.busy {
		return widget.Block(append(lines, "  Taking it out, and telling the remotes…"), w, h)
	}
	return widget.Block(append(lines[:min(len(lines), max(h-4, 1))], s.form.lines(w, 4, t)...), w, h)
}

func (s *removal) About() about {
	return about{name: "remove device", typing: true, keys: []binding{{keys: []string{"enter"}, help: "take it out", hint: true}}}
}

func (s *removal) Wipe() {
	s.acts.end()
	s.form.wipe()
}
