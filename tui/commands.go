package tui

import (
	"context"
	"errors"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/theme"
	"phivault/vault"
)

// desk is what the root model lends to its screens.
type desk struct {
	ctx      context.Context // ends when the vault is locked
	opener   Opener
	session  Session // nil while locked
	now      vault.Clock
	theme    theme.Theme
	colours  bool
	settings Settings
	save     func(Settings) error
	send     func(tea.Msg) // from commands that tell how far they are; nil: nobody listens
	quiet    quiet
	curtain  curtain
	ahead    ahead

	steps []step // what the screen that is being asked wants of the root
}

// step is one thing that a screen asks of the root, done when its Update returns
// and before another key is looked at.
type step struct {
	kind stepKind
	to   screen
	text string
	in   Session
}

type stepKind uint8

const (
	stepOpen    stepKind = iota // stack a screen
	stepReplace                 // put a screen in place of this one
	stepBack                    // leave the screen
	stepDrop                    // leave one screen of the stack
	stepHome                    // leave all but the first
	stepSay                     // tell something that was done
	stepFail                    // tell what went wrong
	stepEnter                   // go on with an open vault
	stepLock
	stepStand // ask anew how things stand with remotes and devices
)

// commands is all that a screen can act through: there is no other way to a
// tea.Cmd, so no screen reads or writes while it answers a key.
type commands struct{ d *desk }

func (c commands) open(s screen)    { c.d.steps = append(c.d.steps, step{kind: stepOpen, to: s}) }
func (c commands) replace(s screen) { c.d.steps = append(c.d.steps, step{kind: stepReplace, to: s}) }
func (c commands) back()            { c.d.steps = append(c.d.steps, step{kind: stepBack}) }

// drop leaves the screen s, wherever in the stack it is by now.
func (c commands) drop(s screen)    { c.d.steps = append(c.d.steps, step{kind: stepDrop, to: s}) }
func (c commands) home()            { c.d.steps = append(c.d.steps, step{kind: stepHome}) }
func (c commands) say(text string)  { c.d.steps = append(c.d.steps, step{kind: stepSay, text: text}) }
func (c commands) fail(text string) { c.d.steps = append(c.d.steps, step{kind: stepFail, text: text}) }
func (c commands) lock()            { c.d.steps = append(c.d.steps, step{kind: stepLock}) }
func (c commands) stand()           { c.d.steps = append(c.d.steps, step{kind: stepStand}) }
func (c commands) enter(s Session)  { c.d.steps = append(c.d.steps, step{kind: stepEnter, in: s}) }

// lane is one kind of question of a screen. Only the reply to the newest one
// counts: asking again, and wiping, end the one before.
type lane struct {
	gen  uint64
	stop context.CancelFunc
	busy bool
}

// end drops the question that is open, if there is one.
func (l *lane) end() {
	l.gen++
	l.busy = false
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}

// answer is a reply as a screen gets it. value is nil with an err.
type answer struct {
	lane  *lane
	gen   uint64
	value any
	err   error
}

// progress is how far a long question is.
type progress struct {
	lane *lane
	gen  uint64
	n    int64
}

// stale reports whether a newer question was asked in its lane.
func (a answer) stale() bool { return a.gen != a.lane.gen }

// errFault is what a screen's question panicked with; what it was is never shown,
// since it may hold a record.
var errFault = errors.New("a fault in this program")

// next has msg come as the message after this one.
func (commands) next(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }

// ask runs do outside of the key handling and has its result come back as an
// answer in lane l. It is for this file's neighbours that read and write; what
// they need of a screen they take as arguments.
func (c commands) ask(l *lane, do func(ctx context.Context, tell func(int64)) (any, error)) tea.Cmd {
	l.end()
	ctx, stop := context.WithCancel(c.d.ctx)
	l.stop, l.busy = stop, true
	gen, send := l.gen, c.d.send
	tell := func(n int64) {
		if send != nil && ctx.Err() == nil {
			send(progress{l, gen, n})
		}
	}
	return func() (msg tea.Msg) {
		defer stop()
		defer func() {
			if recover() != nil {
				msg = answer{lane: l, gen: gen, err: errFault}
			}
		}()
		v, err := do(ctx, tell)
		if err != nil {
			v = nil
		}
		return answer{lane: l, gen: gen, value: v, err: err}
	}
}

// reading is ask for questions to the open vault.
func (c commands) reading(l *lane, do func(ctx context.Context, s Session) (any, error)) tea.Cmd {
	s := c.d.session
	if s == nil {
		return nil
	}
	return c.ask(l, func(ctx context.Context, _ func(int64)) (any, error) { return do(ctx, s) })
}

// explain puts an error into one line. The program's own explanation comes
// first, as it knows the errors of what it wired.
func explain(err error, known func(error) string) string {
	if errors.Is(err, errFault) {
		return "A fault in this program stopped that. Nothing was changed by it."
	}
	if known != nil {
		return known(err)
	}
	return fmt.Sprintf("That did not work: %v", err)
}
