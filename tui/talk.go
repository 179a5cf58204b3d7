package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"phivault/crypto/secret"
	"phivault/tui/widget"
)

// Console is where the line mode speaks and listens: a terminal or pipes.
type Console interface {
	// Say writes a line, clean and without its end.
	Say(line string)
	// Ask gives the line that follows the prompt, io.EOF at the end of input.
	Ask(ctx context.Context, prompt string) (string, error)
	// AskSecret is Ask for a passphrase, which a terminal does not show; the
	// caller's from then on.
	AskSecret(ctx context.Context, prompt string) (*secret.Bytes, error)
}

// talk is the interface in plain lines, for screen readers and for terminals that
// cannot place text: one question at a time, numbered choices, full words. It
// reads and writes through the same Session as the screens.
type talk struct {
	c       Console
	o       Options
	ctx     context.Context
	session Session
	typed   atomic.Int64 // when something was last typed, Unix seconds
	arrived atomic.Int64 // changes from other devices since the last menu
	wake    chan struct{}
	idle    atomic.Int64 // minutes without typing after which the vault locks; 0: never
	mu      sync.Mutex   // guards what follows
	rounds  map[string]Round
	alarms  []string
}

// leaving ends the conversation from wherever it is.
type leaving Result

func (leaving) Error() string { return "the conversation is over" }

// Talk is Run in lines. In, Out, Env and Colours of the options are not used; what
// ends the program ends ctx, whose cause is then the error.
func Talk(ctx context.Context, o Options, c Console) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	t := &talk{c: c, o: o, ctx: ctx, session: o.Session, wake: make(chan struct{}, 1), rounds: map[string]Round{}}
	t.idle.Store(int64(o.Settings.Idle))
	t.touch()
	stop := t.watch(cancel)
	defer stop()
	defer t.close()
	err := t.begin()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	var how leaving
	if errors.As(err, &how) {
		return Result(how), nil
	}
	return Quit, err
}

// watch ends the conversation on a signal, and when nobody typed for the time set.
func (t *talk) watch(cancel context.CancelCauseFunc) (stop func()) {
	ends, stopSignals := endings(goneSignals...)
	done, clock := make(chan struct{}), time.NewTicker(5*time.Second)
	go func() {
		defer clock.Stop()
		for {
			select {
			case how := <-ends:
				cancel(leaving(how))
			case <-clock.C:
				limit := t.idle.Load() * 60
				if limit > 0 && t.o.Clock().Unix()-t.typed.Load() >= limit {
					cancel(leaving(Locked))
				}
			case <-done:
				return
			}
		}
	}()
	return func() { stopSignals(); close(done) }
}

func (t *talk) touch() { t.typed.Store(t.o.Clock().Unix()) }

func (t *talk) close() {
	if t.session != nil {
		_ = t.session.Close(context.Background()) // the next opening reports what is wrong with it
	}
	t.session = nil
}

// say writes text, each line by itself and clean.
func (t *talk) say(text string) {
	for l := range strings.SplitSeq(text, "\n") {
		t.c.Say(widget.Clean(l))
	}
}

func (t *talk) sayf(format string, args ...any) { t.say(fmt.Sprintf(format, args...)) }

// fault tells an error and goes on, unless the conversation is over.
func (t *talk) fault(err error) error {
	var how leaving
	if err != nil && t.ctx.Err() == nil && !errors.As(err, &how) {
		t.say("Error. " + explain(err, t.o.Explain))
		return nil
	}
	return err
}

// ask asks for a line.
func (t *talk) ask(prompt string) (string, error) {
	text, err := t.line(prompt)
	return strings.TrimSpace(text), err
}

// line asks for a line as it is typed. Where the input ends, nobody is there any
// more.
func (t *talk) line(prompt string) (string, error) {
	text, err := t.c.Ask(t.ctx, prompt)
	t.touch()
	if errors.Is(err, io.EOF) {
		err = leaving(Quit)
	}
	return text, err
}

// yes asks a question that is answered with yes or no.
func (t *talk) yes(question string) (bool, error) {
	text, err := t.ask(question + " Type yes or no: ")
	return strings.EqualFold(text, "yes") || strings.EqualFold(text, "y"), err
}

// option is one numbered choice.
type option struct {
	name string
	do   func() error
}

// errBack leaves a menu.
var errBack = errors.New("back")

// menu asks among options until one leaves it. title is read out each time.
func (t *talk) menu(title func() string, back string, options ...option) error {
	for {
		t.say("")
		t.say(title())
		for i, o := range options {
			t.sayf("%d. %s", i+1, o.name)
		}
		t.say("0. " + back)
		n, _, err := t.pick(len(options), "Number: ")
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		if err := options[n-1].do(); errors.Is(err, errBack) {
			return nil
		} else if errors.Is(err, errAgain) {
			return err
		} else if err := t.fault(err); err != nil {
			return err
		}
	}
}

// pick asks for a number up to most; 0 goes back. Enter alone is empty. Some words
// are understood everywhere.
func (t *talk) pick(most int, prompt string) (n int, empty bool, err error) {
	for {
		text, err := t.ask(prompt)
		if err != nil {
			return 0, false, err
		}
		switch strings.ToLower(text) {
		case "":
			return 0, true, nil
		case "back", "b":
			return 0, false, nil
		case "lock":
			return 0, false, leaving(Locked)
		case "quit", "exit":
			return 0, false, leaving(Quit)
		}
		n, aerr := strconv.Atoi(strings.TrimSuffix(text, "."))
		if aerr == nil && 0 <= n && n <= most {
			return n, false, nil
		}
		t.sayf("Type a number from 0 to %d, or one of the words back, lock, quit.", most)
	}
}

// linesAtOnce is how many lines of a list or text are read out before it asks.
const linesAtOnce = 20

// choose reads out a list, some lines at a time, and gives the place of the one
// chosen; -1 for none. It begins with line from. What heads has for a line is read
// out before it, by itself and without a number. more fetches what follows, nil
// when there is nothing.
func (t *talk) choose(lines []string, heads map[int]string, from int, more func() ([]string, error)) (int, error) {
	for {
		end := min(len(lines), from+linesAtOnce)
		for i := from; i < end; i++ {
			if h := heads[i]; h != "" {
				t.say(h)
			}
			t.sayf("%d. %s", i+1, lines[i])
		}
		if h := heads[end]; h != "" && from < end && end == len(lines) {
			t.say(h)
		}
		if end == len(lines) && more != nil {
			next, err := more()
			if err != nil {
				return -1, err
			}
			if len(next) == 0 {
				more = nil
			}
			lines = append(lines, next...)
		}
		prompt := "Number to read, 0 to go back: "
		if end < len(lines) {
			prompt = "Number to read, Enter for more, 0 to go back: "
		}
		n, empty, err := t.pick(end, prompt)
		switch {
		case err != nil:
			return -1, err
		case empty && end < len(lines):
			from = end
		case empty:
			t.say("That was all.")
			from = end
		default:
			return n - 1, nil
		}
	}
}

// read reads a text out, some lines at a time.
func (t *talk) read(lines []string) error {
	for i, l := range lines {
		if i > 0 && i%linesAtOnce == 0 {
			text, err := t.ask(fmt.Sprintf("%s more. Enter goes on, 0 stops: ", plural(len(lines)-i, "line")))
			if err != nil || text != "" {
				return err
			}
		}
		t.say(l)
	}
	return nil
}
