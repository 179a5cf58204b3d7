package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"phivault/crypto/secret"
	"phivault/tui/theme"
)

// screen is one thing that fills the terminal. Its methods are called by the root
// only, and none of them reads, writes or waits.
type screen interface {
	// Init gives the first question to the vault.
	Init() tea.Cmd
	// Update takes a key that no binding has, a paste, a click, an answer.
	Update(msg tea.Msg) tea.Cmd
	// View draws exactly w columns and h lines.
	View(w, h int) string
	// About says what the root must know.
	About() about
	// Wipe drops everything decrypted and ends its questions.
	Wipe()
}

// about is what a screen says of itself.
type about struct {
	name    string // for help, and for tests
	patient *patient
	typing  bool // letters are text: only keys with Ctrl, and Esc, are the root's
	keys    []binding
	holds   bool // Esc is the screen's own
}

// click is a mouse click in row y of a screen's view.
type click struct{ x, y int }

// Result says how the interface ended.
type Result uint8

// How the interface ended. In each case the vault is closed.
const (
	Quit      Result = iota // for good
	Locked                  // to be begun anew, in a process that knows nothing
	Suspended               // the same, stopping itself first
)

// Least size of a terminal.
const (
	leastWidth  = 80
	leastHeight = 24
)

// Model sizes, routes and stacks screens, shows errors, and locks. Run gives it a
// terminal; a test can be one itself.
type Model struct {
	*desk
	cancel  context.CancelFunc
	explain func(error) string
	stack   []screen
	w, h    int
	line    string // told at the foot until the next key
	bad     bool   // line is an error
	help    *help
	last    time.Time // of the last key
	result  Result
	closing bool
	ending  Session // being closed; closed once more should the program fall before it is
}

var _ tea.Model = (*Model)(nil)

// New gives the interface with the vault locked.
func New(ctx context.Context, o Options) *Model {
	ctx, cancel := context.WithCancel(ctx)
	d := &desk{ctx: ctx, opener: o.Opener, now: o.Clock, colours: o.Colours, theme: theme.Named(o.Settings.Theme, o.Colours),
		settings: o.Settings, save: o.Save}
	if d.now == nil {
		d.now = time.Now
	}
	m := &Model{desk: d, cancel: cancel, explain: o.Explain, w: 80, h: 24}
	m.last = d.now()
	m.stack = []screen{newUnlock(commands{d}, o.Reason)}
	m.ending = o.Session
	return m
}

// Init begins with the session that was given, or at the locked vault.
func (m *Model) Init() tea.Cmd {
	if m.ending != nil {
		m.ahead.begin(nil)
		commands{m.desk}.enter(m.ending)
		return m.ask(nil)
	}
	return m.top().Init()
}

// Screen is the name of the screen that is shown.
func (m *Model) Screen() string {
	if m.help != nil {
		return "help"
	}
	return m.top().About().name
}

// Result says how the interface ended, once it quit.
func (m *Model) Result() Result { return m.result }

func (m *Model) top() screen { return m.stack[len(m.stack)-1] }

func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		return m, nil
	case closed:
		return m, tea.Quit
	case Leave:
		return m, m.end(Result(msg))
	case Tick:
		return m, m.idled()
	case answer:
		return m, m.unveiling(m.answered(msg))
	}
	if m.closing || m.dropped(msg) {
		return m, nil
	}
	switch msg := msg.(type) {
	case unveil:
		return m, m.rise()
	case Heard:
		return m, m.heard(msg)
	case progress:
		if msg.gen == msg.lane.gen {
			return m, m.ask(m.top().Update(msg))
		}
	case tea.KeyPressMsg:
		m.last = m.now()
		return m, m.key(msg)
	case tea.PasteMsg:
		m.last, m.line = m.now(), ""
		return m, m.ask(m.top().Update(msg))
	case tea.MouseWheelMsg:
		m.last = m.now()
		return m, m.wheel(msg.Mouse())
	case tea.MouseClickMsg:
		m.last = m.now()
		if e := msg.Mouse(); e.Button == tea.MouseLeft && m.help == nil {
			return m, m.ask(m.top().Update(click{e.X, e.Y - 1}))
		}
	}
	return m, nil
}

// answered gives an answer to every screen; each knows its own lanes. A stale
// one reaches nobody; a session that nobody waits for any more is closed.
func (m *Model) answered(a answer) tea.Cmd {
	if a.stale() || m.closing {
		switch v := a.value.(type) {
		case Session:
			return closing(v, nil)
		case *secret.Bytes:
			v.Destroy()
		case interface{ Close() }: // an invitation, or a way into a vault
			v.Close()
		}
		return nil
	}
	a.lane.busy = false
	if a.err != nil && !errors.Is(a.err, context.Canceled) {
		m.line, m.bad = explain(a.err, m.explain), true
	}
	var cmds []tea.Cmd
	switch v := a.value.(type) {
	case Standing:
		fresh := !m.quiet.known && v.Arrived > 0 // what a join fetched is nothing new to read
		m.quiet.now, m.quiet.known = v, true
		if fresh {
			cmds = append(cmds, m.again())
		}
	case saved, imported, renamed, forkEnded:
		cmds = append(cmds, m.changed())
	}
	for _, s := range append([]screen{}, m.stack...) {
		cmds = append(cmds, s.Update(a))
	}
	return m.ask(tea.Batch(cmds...))
}

// ask does what the screen asked for in passing.
func (m *Model) ask(cmd tea.Cmd) tea.Cmd {
	cmds := []tea.Cmd{cmd}
	for len(m.steps) > 0 {
		s := m.steps[0]
		m.steps = m.steps[1:]
		switch s.kind {
		case stepOpen:
			m.stack = append(m.stack, s.to)
			cmds = append(cmds, s.to.Init())
		case stepReplace:
			m.pop(1)
			m.stack = append(m.stack, s.to)
			cmds = append(cmds, s.to.Init())
		case stepBack:
			if len(m.stack) > 1 {
				m.pop(1)
			}
		case stepDrop:
			if i := slices.Index(m.stack, s.to); i > 0 {
				m.stack[i].Wipe()
				m.stack = slices.Delete(m.stack, i, i+1)
			}
		case stepHome:
			m.pop(len(m.stack) - 1)
		case stepSay:
			m.line, m.bad = s.text, false
		case stepFail:
			m.line, m.bad = s.text, true
		case stepEnter:
			m.session = s.in
			m.pop(len(m.stack))
			first := newPatients(commands{m.desk})
			m.stack = []screen{first}
			m.curtain.fall()
			cmds = append(cmds, first.Init(), m.share())
			if n, ok := s.in.(interface{ Notices() []string }); ok && len(n.Notices()) > 0 {
				m.line, m.bad = strings.Join(n.Notices(), " "), true
			}
		case stepLock:
			cmds = append(cmds, m.end(Locked))
		case stepStand:
			cmds = append(cmds, m.stand())
		}
	}
	return tea.Batch(cmds...)
}

// pop wipes and leaves n screens.
func (m *Model) pop(n int) {
	for range n {
		m.top().Wipe()
		m.stack = m.stack[:len(m.stack)-1]
	}
}

func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	m.line = ""
	if m.help != nil {
		if !m.help.key(key) {
			m.help = nil
		}
		return nil
	}
	a := m.top().About()
	table := append(append([]binding{}, a.keys...), m.keys(a)...)
	if b, ok := find(table, key); ok && b.do != nil && !(a.typing && k.Text != "") {
		if b.off != "" {
			m.line, m.bad = b.off, true
			return nil
		}
		return m.ask(b.do())
	}
	return m.ask(m.top().Update(k))
}

// keys are those that work on every screen.
func (m *Model) keys(a about) []binding {
	c := commands{m.desk}
	locked, home := "", ""
	if m.session == nil {
		locked = "The vault is locked."
	}
	if len(m.stack) < 2 {
		home = "There is nothing before this screen."
	}
	table := []binding{
		bind("ctrl+l", "lock now", func() tea.Cmd { c.lock(); return nil }).unless(locked),
		bind("ctrl+c", "leave the program", func() tea.Cmd { return m.end(Quit) }),
		bind("ctrl+z", "lock and suspend", func() tea.Cmd { return m.end(Suspended) }),
		bind("f1", "help", func() tea.Cmd { m.help = newHelp(m, a); return nil }),
	}
	if !a.holds {
		table = append(table, bind("esc", "back", func() tea.Cmd { c.back(); return nil }).unless(home))
	}
	if a.typing {
		return table
	}
	if _, search := m.top().(*search); !search {
		table = append(table, bind("/", "search", func() tea.Cmd { c.open(newSearch(c, a.patient)); return nil }).unless(locked).foot())
	}
	if m.sharing() != nil {
		table = append(table, m.sharedKeys()...)
	}
	return append(table,
		bind("?", "help", func() tea.Cmd { m.help = newHelp(m, a); return nil }).foot(),
		bind("q", "back", func() tea.Cmd {
			if len(m.stack) < 2 {
				return m.end(Quit)
			}
			c.back()
			return nil
		}).foot(),
		bind("P", "all patients", func() tea.Cmd { c.home(); return nil }).unless(home),
		bind("A", "audit trail", func() tea.Cmd { c.open(newAudit(c)); return nil }).unless(locked),
		bind("I", "import", func() tea.Cmd { c.open(newImport(c)); return nil }).unless(locked),
		bind("E", "export", func() tea.Cmd { c.open(newExport(c, a.patient)); return nil }).unless(locked),
		bind("S", "settings", func() tea.Cmd { c.open(newSettings(c)); return nil }))
}

func (m *Model) wheel(e tea.Mouse) tea.Cmd {
	key := tea.KeyPressMsg{Code: tea.KeyDown}
	if e.Button == tea.MouseWheelUp {
		key.Code = tea.KeyUp
	}
	if m.help != nil {
		m.help.key(key.String())
		return nil
	}
	var cmds []tea.Cmd
	for range 3 {
		cmds = append(cmds, m.ask(m.top().Update(key)))
	}
	return tea.Batch(cmds...)
}
