package tui

import (
	"context"
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// deciding shows the versions of a record that count, two side by side, field by
// field, and ends the conflict with what was chosen. Nothing is chosen for anyone.
type deciding struct {
	commands
	id          vault.RecordID
	reads, acts lane
	now         vault.Record
	who         *patient // nil: about nobody known here
	heads       []Head
	parts       []part
	differ      int // of them, the first ones
	at          int
	left, right int    // the versions that are shown
	whole       int    // the version that was chosen as a whole; undecided: none
	why         string // why only a version as a whole can be chosen; "" when fields can
	pager       widget.Pager
	result      []byte // what is shown before it is kept; nil: nothing
	reviewing   bool
	top, seen   int  // first line of the comparison that is shown, and how many are
	follow      bool // the selected field is kept in sight
	standing    standing
}

func newDeciding(c commands, id vault.RecordID) *deciding {
	return &deciding{commands: c, id: id, whole: undecided}
}

// versions are a record and the versions of it that count.
type versions struct {
	now   vault.Record
	who   *patient
	heads []Head
	parts []part
}

func (s *deciding) Init() tea.Cmd {
	s.standing.begin(s.d.quiet.now.Arrived)
	id := s.id
	in := s.d.session
	return s.shared(&s.reads, func(ctx context.Context, sh Sharing, _ func(int64)) (any, error) {
		var v versions
		var err error
		if v.now, err = in.Records().Get(ctx, id); err != nil && !errors.Is(err, vault.ErrDeleted) {
			return nil, err
		}
		whose := v.now.Patient
		if v.now.Resource.Type == "Patient" {
			whose = v.now.ID
		}
		if p, err := in.Records().Get(ctx, whose); err == nil {
			about := known(ctx, in.Records(), patientOf(&p))
			v.who = &about
		}
		if v.heads, err = sh.Conflicts().Heads(ctx, id); err != nil {
			return nil, err
		}
		if len(v.heads) > 0 {
			v.parts = partsOf(v.heads)
		}
		return v, nil
	})
}

func (s *deciding) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case Standing:
			return s.look(v)
		case []Head:
			if msg.lane == &s.standing.looks {
				s.standing.compare(s.heads, v)
			}
		case versions:
			if msg.lane == &s.reads {
				s.take(v)
			}
		case saved:
			if msg.lane == &s.acts || v.record.ID == s.id {
				s.drop(s)
				s.say("Decided. The other versions stay in its history; other devices follow when they sync.")
			}
		}
		if msg.err != nil && msg.lane == &s.acts && errors.Is(msg.err, vault.ErrChanged) {
			s.reviewing = false
			return s.Init()
		}
	case tea.KeyPressMsg:
		s.key(msg.String())
	}
	return nil
}

func (s *deciding) key(key string) {
	if s.reviewing {
		s.pager.Key(key)
		return
	}
	s.follow = true
	switch key {
	case "up", "k":
		s.at = max(0, s.at-1)
	case "down", "j":
		s.at = max(0, min(s.at+1, len(s.parts)-1))
	case "home", "g":
		s.at = 0
	case "end", "G":
		s.at = max(0, len(s.parts)-1)
	case "pgdown", "space", "ctrl+f":
		s.top, s.follow = s.top+s.seen-1, false
	case "pgup", "ctrl+b":
		s.top, s.follow = s.top-s.seen+1, false
	}
}

func (s *deciding) take(v versions) {
	s.now, s.who, s.heads, s.parts = v.now, v.who, v.heads, v.parts
	s.at, s.left, s.right, s.whole, s.why, s.differ = 0, 0, min(1, max(0, len(v.heads)-1)), undecided, "", 0
	for _, p := range s.parts {
		if p.differs {
			s.differ++
		}
	}
	for _, h := range s.heads {
		switch {
		case h.Deleted:
			s.why = "One of them is a deletion: choose one version as a whole."
		case len(h.Resource.Cuts) > 0:
			s.why = "One of them has a large attachment: choose one version as a whole."
		}
	}
}

// choose takes the selected field from a version.
func (s *deciding) choose(v int) tea.Cmd {
	if s.at < s.differ {
		s.parts[s.at].pick, s.whole, s.follow = v, undecided, true
		if s.at < s.differ-1 {
			s.at++
		}
	}
	return nil
}

// all takes a version as a whole.
func (s *deciding) all(v int) tea.Cmd {
	s.whole = v
	for i := range s.parts[:s.differ] {
		s.parts[i].pick = v
	}
	return nil
}

// open questions are the fields that nobody decided yet.
func (s *deciding) undecided() (n int) {
	for _, p := range s.parts[:s.differ] {
		if p.pick == undecided {
			n++
		}
	}
	return n
}

// review shows what will be kept.
func (s *deciding) review() tea.Cmd {
	s.settleWhole()
	var lines []string
	switch {
	case s.whole != undecided && s.heads[s.whole].Deleted:
		lines = []string{"The record is deleted. Its history stays."}
	case s.whole != undecided:
		s.result = s.heads[s.whole].Resource.JSON
	default:
		s.result = merged(s.heads, s.parts)
	}
	if lines == nil {
		res := vault.Resource{JSON: s.result}
		if s.whole != undecided {
			res.Cuts = s.heads[s.whole].Resource.Cuts
		}
		for _, l := range fhir.ViewSaid(&res, fhir.Said{Date: readableText}) {
			lines = append(lines, viewLine(l))
		}
	}
	s.pager.Set(lines)
	s.reviewing = true
	return nil
}

// settleWhole finds that all fields were taken from one version.
func (s *deciding) settleWhole() {
	if s.whole != undecided || s.differ == 0 {
		return
	}
	first := s.parts[0].pick
	if !slices.ContainsFunc(s.parts[:s.differ], func(p part) bool { return p.pick != first }) {
		s.whole = first
	}
}

// uneditable says why the result cannot be edited as JSON; "" when it can.
func (s *deciding) uneditable() string {
	switch {
	case s.whole == undecided:
	case s.heads[s.whole].Deleted:
		return "A deletion has nothing to edit."
	case len(s.heads[s.whole].Resource.Cuts) > 0:
		return "A record with a large attachment is edited on the command line: phivault edit."
	}
	return ""
}

// edit opens the result as JSON; saving it ends the conflict.
func (s *deciding) edit() tea.Cmd {
	from := s.now
	from.Resource.JSON, from.Resource.Cuts = s.result, nil
	e := newEditor(s.commands, s.who, &from)
	e.ends = true
	s.open(e)
	return nil
}

// keep ends the conflict with what was reviewed.
func (s *deciding) keep() tea.Cmd {
	old, whole, result := s.now, s.whole, s.result
	var head Head
	if whole != undecided {
		head = s.heads[whole]
	}
	in := s.d.session
	return s.shared(&s.acts, func(ctx context.Context, sh Sharing, _ func(int64)) (any, error) {
		var err error
		var out saved
		switch {
		case whole != undecided && head.Deleted:
			out.record, err = old, in.Editor().Delete(ctx, old)
			out.record.Deleted = true
		case whole != undecided:
			out.record, err = sh.Conflicts().Keep(ctx, old, &head.Resource)
		default:
			out.record, err = sh.Conflicts().Merge(ctx, old, result)
		}
		return out, err
	})
}

func (s *deciding) About() about {
	a := about{name: "conflict", patient: s.who}
	none, fields, open := "", s.why, ""
	if len(s.heads) < 2 {
		none = "There is nothing to decide."
	}
	if s.at >= s.differ {
		fields = stated(fields, "That is the same in all versions.")
	}
	switch n := s.undecided(); {
	case s.whole != undecided:
	case s.why != "" || s.differ == 0:
		open = "Choose with 1 or 2 first."
	case n > 0:
		open = plural(n, "field") + " not decided yet: ← and → choose, 1 and 2 take a whole side."
	}
	if s.standing.moved {
		a.keys = []binding{bind("enter", "read it as it is now", func() tea.Cmd { s.reviewing = false; return s.Init() }).foot()}
		return a
	}
	if s.reviewing {
		a.name, a.holds = "conflict result", true
		busy := ""
		if s.acts.busy {
			busy = "It is being kept."
		}
		a.keys = []binding{bind("enter", "keep it", s.keep).unless(busy).foot(),
			bind("e", "edit it first", s.edit).unless(stated(busy, s.uneditable())).foot(),
			bind("esc", "choose again", func() tea.Cmd { s.reviewing = false; return nil }).foot()}
		return a
	}
	field := bind("left h", "take the left field", func() tea.Cmd { return s.choose(s.left) }).unless(none + fields).foot()
	side := bind("1", "take all of the left", func() tea.Cmd { return s.all(s.left) }).unless(none).foot()
	field.as, side.as = "← → a field", "1 2 a whole side"
	a.keys = []binding{field, side,
		bind("right l", "take the right field", func() tea.Cmd { return s.choose(s.right) }).unless(none + fields),
		bind("2", "take all of the right", func() tea.Cmd { return s.all(s.right) }).unless(none),
		bind("enter", "go on", s.review).unless(none + open).foot(),
	}
	if len(s.heads) > 2 {
		a.keys = append(a.keys, bind("tab", "another version", func() tea.Cmd {
			for {
				if s.right = (s.right + 1) % len(s.heads); s.right != s.left {
					return nil
				}
			}
		}).foot())
	}
	return a
}

func (s *deciding) Wipe() {
	s.reads.end()
	s.acts.end()
	s.standing.looks.end()
	s.heads, s.parts, s.result, s.who, s.now = nil, nil, nil, nil, vault.Record{}
	s.differ, s.at, s.reviewing = 0, 0, false
	s.pager.Wipe()
}

func (s *deciding) View(w, h int) string {
	t := s.d.theme
	switch {
	case len(s.heads) == 0 && s.reads.busy:
		return widget.Block([]string{"", "  Reading…"}, w, h)
	case len(s.heads) < 2:
		return widget.Block([]string{"", "  This record is in no conflict any more."}, w, h)
	}
	title := words(s.now.Resource.Type) + ": " + stated(widget.Clean(s.now.Resource.Title), "without a title")
	lines := []string{t.Title.Render(widget.Fit("  "+title, w))}
	if s.standing.moved {
		lines = append(lines, s.told(w)...)
	}
	if s.reviewing {
		if !s.standing.moved {
			lines = append(lines, "  This is what stays. Nothing is saved yet: Enter keeps it, Esc goes back.", "")
		}
		room := h - len(lines)
		for _, l := range s.pager.Draw(w-4, room) {
			lines = append(lines, "  "+l)
		}
		return widget.Block(lines, w, h)
	}
	lines = append(lines, s.heading(w)...)
	lines = append(lines, s.body(w, h-len(lines))...)
	return widget.Block(lines, w, h)
}
