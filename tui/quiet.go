package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Heard says what exchanges in the background came to. Run sends it.
type Heard []Round

// quiet is what the interface knows of remotes and devices without being asked.
type quiet struct {
	watches lane
	stands  lane
	arrived lane          // of no question: stands for what came by itself
	wake    chan struct{} // holds one: something was saved
	known   bool
	now     Standing
	rounds  map[string]Round // the last with each remote
	shown   int64            // of what arrived, as much as the screens have read
}

// sharing gives what an open vault can share with; nil while locked, or where it
// cannot.
func (d *desk) sharing() Sharing {
	s, _ := d.session.(Sharing)
	return s
}

// share begins to exchange in the background. It ends when the vault is locked.
func (m *Model) share() tea.Cmd {
	s := m.sharing()
	if s == nil {
		return nil
	}
	m.quiet = quiet{wake: make(chan struct{}, 1), rounds: map[string]Round{}}
	wake, send := m.quiet.wake, m.send
	watch := commands{m.desk}.ask(&m.quiet.watches, func(ctx context.Context, _ func(int64)) (any, error) {
		return nil, s.Sync().Watch(ctx, wake, func(r []Round) {
			if send != nil && ctx.Err() == nil {
				send(Heard(r))
			}
		})
	})
	return tea.Batch(watch, m.stand())
}

// stand asks how things stand now.
func (m *Model) stand() tea.Cmd {
	s := m.sharing()
	if s == nil {
		return nil
	}
	return commands{m.desk}.ask(&m.quiet.stands, func(ctx context.Context, _ func(int64)) (any, error) { return s.Sync().Standing(ctx) })
}

// changed has what was just saved sent out soon.
func (m *Model) changed() tea.Cmd {
	select {
	case m.quiet.wake <- struct{}{}:
	default: // nil, or one waits already
	}
	return m.stand()
}

// heard takes in what an exchange came to. What arrived is not put under the
// reader's eyes: Ctrl-R does that.
func (m *Model) heard(list []Round) tea.Cmd {
	if m.sharing() == nil {
		return nil
	}
	for _, r := range list {
		was := m.quiet.rounds[r.Remote]
		m.quiet.rounds[r.Remote] = r
		if r.Trouble.Cheats() && r.Trouble != was.Trouble {
			m.line, m.bad = r.Remote+" cannot be trusted. Nothing here was changed: Y says more.", true
		} else if r.Trouble == TroubleFork && r.Trouble != was.Trouble {
			m.line, m.bad = "A device has two histories, or another says so: Y says more.", true
		}
	}
	return m.stand()
}

// status is the quiet word in the banner; bad calls for attention.
func (d *desk) status() (text string, bad bool) {
	q := &d.quiet
	if !q.known || len(q.now.Remotes) == 0 && q.now.Conflicts == 0 {
		return "", false
	}
	var parts []string
	if n := int(q.now.Conflicts); n > 0 {
		bad = true
		parts = append(parts, plural(n, "conflict"))
	}
	switch {
	case q.now.Out:
		return "removed from the vault", true
	case q.now.Ended:
		return "keys replaced elsewhere: sends nothing", true
	case q.now.Restored:
		return "an older copy: sends nothing", true
	case len(q.now.Forks) > 0:
		return "two histories: Y", true
	}
	var last time.Time
	down := 0
	for _, r := range q.now.Remotes {
		if t := d.round(r).Trouble; t.Cheats() {
			return r.Name + " cannot be trusted", true
		} else if t != TroubleNone {
			down++
		}
		if r.Synced.After(last) {
			last = r.Synced
		}
	}
	switch {
	case q.now.Arrived > q.shown:
		parts = append(parts, fmt.Sprintf("%d new: Ctrl-R", q.now.Arrived-q.shown))
	case len(q.now.Remotes) == 0:
	case down == len(q.now.Remotes) && q.now.Pending > 0:
		parts = append(parts, fmt.Sprintf("offline, %d waiting", q.now.Pending))
	case down == len(q.now.Remotes):
		parts = append(parts, "offline")
	case q.now.Pending > 0:
		parts = append(parts, fmt.Sprintf("%d waiting to send", q.now.Pending))
	case last.IsZero():
		parts = append(parts, "never synced")
	default:
		parts = append(parts, "synced "+ago(d.now(), last))
	}
	return strings.Join(parts, " · "), bad
}

// round is what the last exchange with a remote came to; of one before the vault was
// opened, as much as was kept. One that does not answer has shown nothing: what it did
// before still counts.
func (d *desk) round(r Remote) Round { return roundOf(r, d.quiet.rounds) }

func roundOf(r Remote, rounds map[string]Round) Round {
	x, ok := rounds[r.Name]
	switch {
	case !ok:
		return Round{Remote: r.Name, Trouble: r.Trouble}
	case x.Trouble != TroubleNone && r.Trouble > x.Trouble:
		x.Trouble = r.Trouble
	}
	return x
}

// stateOf is a remote's state in few words.
func stateOf(r Remote, round Round) string {
	if round.Trouble == TroubleNone && r.Synced.IsZero() {
		return "never synced"
	}
	return troubleNames[round.Trouble]
}

// ago says how long something is past, roughly.
func ago(now, then time.Time) string {
	switch d := now.Sub(then); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours())/24)
	}
}

// when is a moment and how long ago it was.
func when(now, then time.Time, never string) string {
	if then.IsZero() {
		return never
	}
	return moment(then) + ", " + ago(now, then)
}

// momentOf says what time that of a version is. What another device made comes with
// the time it was sent: nothing follows from which of two is the later one.
func momentOf(t time.Time, sent bool) string {
	if sent {
		return "sent " + moment(t)
	}
	return "made " + moment(t)
}

// moment writes a time as the reader's clock has it, not as the writer's had.
func moment(t time.Time) string { return t.Local().Format("02-Jan-2006 15:04") }

// sharedKeys are the keys for what concerns other devices, on every screen.
func (m *Model) sharedKeys() []binding {
	c := commands{m.desk}
	return []binding{
		bind("Y", "sync", func() tea.Cmd { c.open(newSyncing(c)); return nil }),
		bind("D", "devices", func() tea.Cmd { c.open(newDevices(c)); return nil }),
		bind("C", "conflicts", func() tea.Cmd { c.open(newInbox(c)); return nil }),
		bind("ctrl+r", "read what arrived from other devices", func() tea.Cmd { return m.again() }),
	}
}

// again has every screen read anew.
func (m *Model) again() tea.Cmd {
	m.quiet.shown = m.quiet.now.Arrived
	var cmds []tea.Cmd
	for _, s := range append([]screen{}, m.stack...) {
		cmds = append(cmds, s.Update(answer{lane: &m.quiet.arrived, value: imported{}}))
	}
	return tea.Batch(cmds...)
}
