package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Leave ends the interface from outside, as a signal does.
type Leave Result

// closed says that the vault is closed and everything may end.
type closed struct{}

// Tick asks whether the user is still there. Run sends one every few seconds,
// because a machine that slept wakes with a timer that did not run.
type Tick struct{}

// end drops every screen with what it holds, then closes the vault, then quits.
// From here on no key is taken and nothing is drawn but that it ends.
func (m *Model) end(how Result) tea.Cmd {
	if m.closing {
		return nil
	}
	m.closing, m.result, m.help, m.line = true, how, nil, ""
	m.pop(len(m.stack) - 1)
	m.top().Wipe()
	m.steps, m.ahead = nil, ahead{}
	m.cancel() // ends every question that is open
	m.ending, m.session, m.quiet = m.session, nil, quiet{}
	return closing(m.ending, closed{})
}

// closing closes a vault; then is what follows.
func closing(s Session, then tea.Msg) tea.Cmd {
	return func() tea.Msg {
		if s != nil {
			_ = s.Close(context.Background()) // the next opening reports what is wrong with it
		}
		return then
	}
}

// idled locks when the user was away for long enough.
func (m *Model) idled() tea.Cmd {
	if m.closing {
		return nil
	}
	limit := time.Duration(m.settings.Idle) * time.Minute
	// The wall clock, not the monotonic one, which stands still in sleep.
	if m.session != nil && limit > 0 && m.now().Round(0).Sub(m.last.Round(0)) >= limit {
		return m.end(Locked)
	}
	return nil
}
