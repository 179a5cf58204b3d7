package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// syncing shows where the vault's ciphertext lies, who else has the vault, and what
// is on its way.
type syncing struct {
	commands
	runs, acts lane
	list       widget.List
	seen       int64  // objects of the exchange that runs
	acting     string // what is asked of a remote right now
	sure       bool   // the next d forgets the remote
	first      int    // the line in which the first remote was drawn
}

func newSyncing(c commands) *syncing { return &syncing{commands: c} }

func (s *syncing) Init() tea.Cmd { s.stand(); return nil }

// synced is what an exchange came to.
type synced []Round

// remotesChanged says that a remote was added, tested or forgotten.
type remotesChanged struct{ say string }

func (s *syncing) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case progress:
		if msg.lane == &s.runs {
			s.seen = msg.n
		}
	case answer:
		return s.answered(msg)
	case tea.KeyPressMsg:
		s.sure = false
		s.list.Key(msg.String())
	case click:
		s.list.Click(msg.y - s.first)
	}
	return nil
}

func (s *syncing) answered(a answer) tea.Cmd {
	if a.lane == &s.runs || a.lane == &s.acts {
		s.acting = ""
		s.stand()
	}
	switch v := a.value.(type) {
	case Standing:
		s.list.N = len(v.Remotes)
	case synced:
		if a.lane == &s.runs {
			s.tell(v)
		}
	case remotesChanged:
		s.say(v.say)
		s.stand()
	}
	return nil
}

// tell says what an exchange came to, the gravest first.
func (s *syncing) tell(list []Round) {
	worst, sent, got := Round{}, 0, 0
	for _, r := range list {
		s.d.quiet.rounds[r.Remote] = r
		sent, got = sent+r.Pushed, got+r.Pulled
		if r.Trouble > worst.Trouble {
			worst = r
		}
	}
	if worst.Trouble != TroubleNone {
		s.fail(worst.Words)
		return
	}
	s.say(fmt.Sprintf("Synced. %s sent, %d received.", entries(sent), got))
}

// entries counts what the log gained: changes, and what the audit trail notes.
func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func (s *syncing) sync() tea.Cmd {
	s.seen = 0
	return s.shared(&s.runs, func(ctx context.Context, in Sharing, tell func(int64)) (any, error) {
		r, err := in.Sync().Now(ctx, tell)
		return synced(r), err
	})
}

func (s *syncing) remote() (Remote, bool) {
	list := s.d.quiet.now.Remotes
	if s.list.At >= len(list) {
		return Remote{}, false
	}
	return list[s.list.At], true
}

func (s *syncing) test() tea.Cmd {
	r, ok := s.remote()
	if !ok {
		return nil
	}
	s.acting = "Asking " + r.Name + "…"
	return s.shared(&s.acts, func(ctx context.Context, in Sharing, _ func(int64)) (any, error) {
		return remotesChanged{r.Name + " answers."}, in.Remotes().Test(ctx, r.Name)
	})
}

func (s *syncing) forget() tea.Cmd {
	r, ok := s.remote()
	if !ok {
		return nil
	}
	if !s.sure {
		s.sure = true
		s.fail("d again forgets " + r.Name + " and its credentials. What lies there stays there.")
		return nil
	}
	s.sure = false
	return s.shared(&s.acts, func(ctx context.Context, in Sharing, _ func(int64)) (any, error) {
		return remotesChanged{r.Name + " is forgotten. What lies there stays there."}, in.Remotes().Remove(ctx, r.Name)
	})
}

// shared is ask for what concerns remotes and other devices.
func (c commands) shared(l *lane, do func(ctx context.Context, in Sharing, tell func(int64)) (any, error)) tea.Cmd {
	in := c.d.sharing()
	if in == nil {
		return nil
	}
	return c.ask(l, func(ctx context.Context, tell func(int64)) (any, error) { return do(ctx, in, tell) })
}

func (s *syncing) View(w, h int) string {
	t, q := s.d.theme, &s.d.quiet
	lines := append([]string{t.Title.Render(widget.Fit("  Sync", w))}, wrapped([]string{s.headline()}, "  ", "  ", w)...)
	lines = append(lines, "")
	s.first = len(lines) + 1
	if !q.known {
		return widget.Block(lines, w, h)
	}
	if len(q.now.Remotes) == 0 {
		lines = append(lines, "  There is no remote yet: this machine has the only copy, besides backups.",
			"  A remote is any place that keeps files: a stick, a network or cloud folder, a",
			"  host of your own. It gets nothing but ciphertext. a adds one.")
	} else {
		lines = append(lines, s.remotes(w)...)
	}
	lines = append(lines, "")
	lines = append(lines, s.devices(w)...)
	lines = append(lines, "")
	var end []string
	if code := q.now.Code; code != "" {
		end = append(end, widget.Fit("  Code of this device  "+t.Title.Render(spaced(code)), w),
			t.Faint.Render(widget.Fit("  v compares the other device's: both then know that they saw the same history.", w)))
	}
	end = append(append(end, s.d.forkLines(w)...), s.trouble(w)...)
	lines = lines[:min(len(lines), max(4, h-len(end)))]
	return widget.Block(append(lines, end...), w, h)
}

// headline says how things stand, in a sentence.
func (s *syncing) headline() string {
	q := &s.d.quiet
	switch {
	case s.runs.busy && s.seen == 0:
		return "Syncing…"
	case s.runs.busy:
		return fmt.Sprintf("Syncing… %s so far.", plural(int(s.seen), "object"))
	case s.acting != "":
		return s.acting
	case !q.known:
		return "Reading…"
	}
	var parts []string
	cheats := ""
	for _, r := range q.now.Remotes {
		if s.d.round(r).Trouble.Cheats() {
			cheats = r.Name
		}
	}
	switch n := int(q.now.Pending); {
	case cheats != "":
		parts = append(parts, cheats+" cannot be trusted: nothing is sent there.")
	case len(q.now.Remotes) == 0:
	case q.now.Out:
		parts = append(parts, "This device was removed: nothing is exchanged any more.")
	case n == 0:
		parts = append(parts, "Nothing waits to be sent.")
	case n == 1:
		parts = append(parts, "1 change waits to be sent.")
	default:
		parts = append(parts, fmt.Sprintf("%d changes wait to be sent.", n))
	}
	if n := int(q.now.Conflicts); n > 0 {
		parts = append(parts, plural(n, "record")+" in conflict: C.")
	}
	if q.now.Waiting > 0 {
		parts = append(parts, "Some history has not arrived yet.")
	}
	if q.now.SetAside > 0 {
		parts = append(parts, "What a removed device wrote later is set aside.")
	}
	return strings.Join(parts, " ")
}

func (s *syncing) remotes(w int) []string {
	t, q := s.d.theme, &s.d.quiet
	widths := []int{16, 30, 8, -1}
	out := []string{t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, widths, "Remote", "Last sync", "To send", "State"), w))}
	return append(out, s.list.Draw(w, min(len(q.now.Remotes), 4), t.Selected.Render, func(i, w int) string {
		r := q.now.Remotes[i]
		return widget.Columns(w, widths, widget.Clean(r.Name), when(s.d.now(), r.Synced, "never"), fmt.Sprint(r.Pending), stateOf(r, s.d.round(r)))
	})...)
}

func (s *syncing) devices(w int) []string {
	t, q := s.d.theme, &s.d.quiet
	widths := deviceWidths(w)
	out := []string{t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, widths, "Device", "", "Last news", "Up to date"), w))}
	for _, d := range q.now.Devices {
		if !d.Removed {
			out = append(out, "  "+widget.Columns(w-2, widths, d.Letter, deviceLabel(d), s.news(d), current(d, q.now)))
		}
	}
	return out
}

// deviceWidths keeps what belongs together together on a wide terminal.
func deviceWidths(w int) []int {
	if w < 100 {
		return []int{6, -1, 30, 13}
	}
	return []int{6, 28, 30, -1}
}

// news says when a device last wrote.
func (c commands) news(d Device) string {
	if d.Self {
		return ""
	}
	return when(c.d.now(), d.Seen, "none yet")
}

// current says whether a device is known to have what was sent from here.
func current(d Device, st Standing) string {
	switch {
	case d.Self || d.Removed:
		return ""
	case d.Current:
		return "yes"
	}
	return "not known yet"
}

func deviceLabel(d Device) string {
	name := widget.Clean(d.Name)
	switch {
	case d.Self && name == "":
		return "this device"
	case d.Self:
		return name + " (this one)"
	case name == "":
		return "the first device"
	}
	return name
}

// spaced sets the digits of a code in groups.
func spaced(code string) string {
	f := strings.Fields(widget.Clean(code))
	if len(f) != 3 {
		return strings.Join(f, " ")
	}
	out := f[:2:2]
	for d := f[2]; d != ""; d = d[min(len(d), 5):] {
		out = append(out, d[:min(len(d), 5)])
	}
	return strings.Join(out, " ")
}

func (s *syncing) About() about {
	none, busy := "", ""
	if len(s.d.quiet.now.Remotes) == 0 {
		none = "There is no remote yet: a adds one."
	}
	if s.runs.busy || s.acts.busy {
		busy = "Wait for what is going on."
	}
	forget := "forget the remote"
	if s.sure {
		forget = "again forgets it; any other key does not"
	}
	a := about{name: "sync", keys: append(s.forkKey(""), []binding{
		bind("enter y", "sync now", s.sync).unless(none + busy).foot(),
		bind("a", "add a remote", func() tea.Cmd { s.open(newAddRemote(s.commands)); return nil }).unless(busy).foot(),
		bind("t", "test the remote", s.test).unless(none + busy).foot(),
		bind("d", forget, s.forget).unless(none + busy).foot(),
		bind("v", "compare codes", func() tea.Cmd { s.open(newComparing(s.commands)); return nil }).foot(),
	}...)}
	if s.runs.busy || s.acts.busy {
		a.holds = true
		a.keys = []binding{bind("esc", "stop", func() tea.Cmd {
			s.runs.end()
			s.acts.end()
			s.acting = ""
			s.say("Stopped. What was finished is kept.")
			return nil
		}).foot()}
	}
	return a
}

func (s *syncing) Wipe() {
	s.runs.end()
	s.acts.end()
}
