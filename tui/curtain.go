package tui

import (
	"io"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// curtain keeps keys from what nobody has seen. From the moment a vault is open
// until its first screen, with what was read for it, is written to the terminal,
// everything typed is dropped, but for a search (see ahead): Enter, pressed while a key was derived, must never
// open a chart, nor q leave. The keys at the foot appear as it rises.
type curtain struct {
	state   atomic.Int32
	watched bool // there is a terminal, whose writes count; otherwise View is what shows
	early   bool // something was typed that nobody took
}

const (
	risen  int32 = iota // keys act
	fallen              // the first screen is not in any frame yet
	ready               // it is, and the next write brings the frame or what follows it
)

// unveil comes after the frame that first holds what was read.
type unveil struct{}

const (
	tooEarly    = "What was typed while the vault opened was not taken."
	tooEarlyBut = "Of what was typed while the vault opened, the search alone was taken."
)

func (c *curtain) fall()      { c.state.Store(fallen) }
func (c *curtain) down() bool { return c.state.Load() != risen }

// blank is the foot of a frame in which no key acts yet, whatever is written.
func (c *curtain) blank() bool { return c.state.Load() == fallen }

// shows is called before something is written to the terminal.
func (c *curtain) shows() { c.state.CompareAndSwap(ready, risen) }

// rise goes on once the first screen has what it asked for. Between the answer and
// this message a frame was drawn with it.
func (m *Model) rise() tea.Cmd {
	if !m.curtain.blank() {
		return nil
	}
	m.curtain.state.Store(ready)
	cmd := m.catchUp()
	if m.curtain.early && m.line == "" {
		m.line, m.bad = tooEarly, true
		if !m.curtain.down() {
			m.line = tooEarlyBut
		}
	}
	return cmd
}

// waits reports whether the first screen has nothing to show yet.
func waits(s screen) bool {
	w, ok := s.(interface{ waits() bool })
	return ok && w.waits()
}

// unveiling asks for the curtain to rise when there is something to see.
func (m *Model) unveiling(cmd tea.Cmd) tea.Cmd {
	if !m.curtain.blank() || waits(m.top()) {
		return cmd
	}
	return tea.Batch(cmd, commands{m.desk}.next(unveil{}))
}

// dropped reports whether msg is the user's and comes too early. Leaving and
// locking always work.
func (m *Model) dropped(msg tea.Msg) bool {
	if !m.curtain.down() {
		return false
	}
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		switch msg.String() {
		case "ctrl+c", "ctrl+z", "ctrl+l":
			return false
		}
		m.last = m.now()
		if m.ahead.take(msg) {
			return true
		}
	case tea.PasteMsg, tea.MouseClickMsg:
		m.ahead.end()
	case tea.MouseWheelMsg:
		return true
	default:
		return false
	}
	m.curtain.early = true
	return true
}

// file is a terminal as the program writes to it.
type file interface {
	io.ReadWriteCloser
	Fd() uintptr
}

// seenFile and seenWriter tell the curtain of what they write.
type seenFile struct {
	file
	c *curtain
}

type seenWriter struct {
	io.Writer
	c *curtain
}

func (s seenFile) Write(b []byte) (int, error)   { s.c.shows(); return s.file.Write(b) }
func (s seenWriter) Write(b []byte) (int, error) { s.c.shows(); return s.Writer.Write(b) }

// watch gives the way out in place of w.
func (c *curtain) watch(w io.Writer) io.Writer {
	c.watched = true
	if f, ok := w.(file); ok {
		return seenFile{f, c}
	}
	return seenWriter{w, c}
}

// foot gives the last two lines of a frame.
func (m *Model) foot(a about) (said []string, foot string) {
	if m.curtain.blank() {
		return []string{widget.Fit("", m.w)}, widget.Fit("", m.w)
	}
	if !m.curtain.watched {
		m.curtain.shows()
	}
	return m.told(a)
}
