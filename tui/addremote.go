package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/crypto/secret"
	"phivault/tui/widget"
)

// addRemote adds a remote: first where it is, then what it takes to get in.
type addRemote struct {
	commands
	form  form
	asks  lane
	adds  lane
	needs []Need
	step  int // 0: where, 1: the credentials
	name  string
	where string
}

func newAddRemote(c commands) *addRemote {
	s := &addRemote{commands: c}
	name := widget.NewInput("main", 32)
	if len(c.d.quiet.now.Remotes) > 0 {
		name = widget.NewInput("", 32)
	}
	s.form.fields = []*field{{label: "Name", need: true, in: name, hint: "what you call it: a-z, 0-9, - and _"},
		{label: "Address", need: true, in: widget.NewInput("", 1000), hint: "folder:/media/stick/vault, say; a password does not belong here"}}
	return s
}

func (s *addRemote) Init() tea.Cmd { return nil }

// needed is what an address takes.
type needed []Need

func (s *addRemote) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case needed:
			if msg.lane == &s.asks {
				return s.credentials(v)
			}
		case remotesChanged:
			if msg.lane == &s.adds {
				s.drop(s)
			}
		}
	case tea.KeyPressMsg:
		if s.asks.busy || s.adds.busy || !s.form.key(msg) {
			return nil
		}
		if s.step == 0 {
			return s.look()
		}
		return s.add()
	case tea.PasteMsg:
		if !s.adds.busy && !s.form.paste(msg.Content) {
			s.fail("That is too long for this field, or not one line of text.")
		}
	}
	return nil
}

// look asks what the address takes.
func (s *addRemote) look() tea.Cmd {
	in := s.form.values()
	s.name, s.where = strings.TrimSpace(in["Name"]), strings.TrimSpace(in["Address"])
	where := s.where
	return s.shared(&s.asks, func(_ context.Context, in Sharing, _ func(int64)) (any, error) {
		n, err := in.Remotes().Needs(where)
		return needed(n), err
	})
}

// credentials asks for them, and for the pin of a place in the network.
func (s *addRemote) credentials(needs []Need) tea.Cmd {
	s.needs, s.step = needs, 1
	if strings.HasPrefix(s.where, "folder:") {
		return s.add()
	}
	s.form.wipe()
	s.form = form{}
	for _, n := range needs {
		label := strings.ReplaceAll(n.Name, "-", " ")
		f := &field{label: strings.ToUpper(label[:1]) + label[1:], need: n.Must, secret: &widget.Secret{}, hint: "typed hidden, kept in the encrypted vault only"}
		if n.Name == "token" {
			f.hint = "as who runs the host gave it; it counts once and is not kept"
		}
		s.form.fields = append(s.form.fields, f)
	}
	s.form.fields = append(s.form.fields, &field{label: "Pin", secret: &widget.Secret{},
		hint: "as phivault-host prints it; empty where a known authority signed its certificate"})
	return nil
}

// add has the remote tried and kept.
func (s *addRemote) add() tea.Cmd {
	r := NewRemote{Name: s.name, Address: s.where, Credentials: map[string]*secret.Bytes{}}
	for i, n := range s.needs {
		if i < len(s.form.fields) && s.form.fields[i].secret != nil {
			r.Credentials[n.Name] = s.form.fields[i].secret.Copy()
		}
	}
	if last := s.form.fields[len(s.form.fields)-1]; last.secret != nil {
		pin := last.secret.Copy()
		r.Pin = strings.TrimSpace(string(pin.Bytes()))
		pin.Destroy()
	}
	return s.shared(&s.adds, func(ctx context.Context, in Sharing, _ func(int64)) (any, error) {
		defer func() {
			for _, c := range r.Credentials {
				c.Destroy()
			}
		}()
		made, err := in.Remotes().Add(ctx, r)
		return remotesChanged{added(r.Name, made)}, err
	})
}

// added is told of a remote that was added. A folder that was not there was expected to
// be, mostly: a stick that is not plugged in.
func added(name, made string) string {
	text := name + " answers, and is kept."
	if made != "" {
		text += " The folder was not there: made " + widget.Clean(made) + "."
	}
	return text
}

func (s *addRemote) View(w, h int) string {
	t := s.d.theme
	lines := []string{t.Title.Render("  Add a remote"), ""}
	if s.step == 0 || len(s.form.fields) == 0 || s.form.fields[0].secret == nil {
		lines = append(lines, "  folder:PATH                  a folder: a stick, a network or cloud drive",
			"  https://HOST:PORT            a phivault-host", "  s3://HOST/BUCKET[/PREFIX]    any S3 store",
			"  webdavs://HOST/PATH          a WebDAV share", "")
	} else {
		lines = append(lines, "  "+widget.Clean(s.where), "")
	}
	if s.adds.busy {
		return widget.Block(append(lines, "  Asking whether it answers…"), w, h)
	}
	return widget.Block(append(lines, s.form.lines(w, len(s.form.fields)+3, t)...), w, h)
}

func (s *addRemote) About() about {
	a := about{name: "add remote", typing: true, holds: s.adds.busy || s.step == 1,
		keys: []binding{{keys: []string{"enter"}, help: "next, and add", hint: true}}}
	if a.holds {
		a.keys = append(a.keys, bind("esc", "the address", func() tea.Cmd {
			s.adds.end()
			s.form.wipe()
			again := newAddRemote(s.commands)
			again.form.fields[0].in.Set(s.name)
			again.form.fields[1].in.Set(s.where)
			again.form.at = 1
			s.replace(again)
			return nil
		}).foot())
	}
	return a
}

func (s *addRemote) Wipe() {
	s.asks.end()
	s.adds.end()
	s.form.wipe()
}
