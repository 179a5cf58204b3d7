package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"phivault/vault"
)

// Options say how the interface is run.
type Options struct {
	Opener   Opener
	Settings Settings
	Save     func(Settings) error // keeps them; nil: only for this time
	Explain  func(error) string   // one line for an error: what it is, what to do
	Reason   string               // shown above the passphrase: why the vault was locked
	Session  Session              // an open vault: its passphrase was given already; closed at the end
	Colours  bool
	Clock    vault.Clock // nil: time.Now
	In       io.Reader
	Out      io.Writer
	Env      []string
}

// ErrTerminal is a terminal that went away or cannot be used.
var ErrTerminal = errors.New("the terminal cannot be used")

// Run shows the interface until its user leaves or locks it. Whatever happens,
// the vault is closed when it returns. A context that ends closes it too.
func Run(ctx context.Context, o Options) (Result, error) {
	// They would have every key, and so the passphrase, written to a file.
	os.Unsetenv("TEA_TRACE")
	os.Unsetenv("TEA_DEBUG")
	m := New(ctx, o)
	defer m.Close()
	profile := colorprofile.ANSI
	if !o.Colours {
		profile = colorprofile.ASCII
	}
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(m.curtain.watch(o.Out)), tea.WithEnvironment(o.Env),
		tea.WithoutSignalHandler(), tea.WithColorProfile(profile))
	m.send = func(msg tea.Msg) { go p.Send(msg) }
	stop := m.listen(p)
	defer stop()
	_, err := p.Run()
	switch {
	case err == nil:
		return m.result, nil
	case ctx.Err() != nil:
		return Quit, context.Cause(ctx)
	case errors.Is(err, tea.ErrProgramPanic):
		return Quit, errFault
	}
	return Quit, fmt.Errorf("%w: %w", ErrTerminal, err)
}

// listen has signals end the interface in order, keys wiped first, and tells the
// time.
func (m *Model) listen(p *tea.Program) (stop func()) {
	ends, stopSignals := endings(endSignals...)
	done, clock := make(chan struct{}), time.NewTicker(5*time.Second)
	go func() {
		defer clock.Stop()
		for {
			select {
			case <-clock.C:
				p.Send(Tick{})
			case how := <-ends:
				p.Send(Leave(how))
			case <-done:
				return
			}
		}
	}()
	return func() {
		stopSignals()
		close(done)
	}
}

// endings gives how signals want the interface to end.
func endings(signals ...os.Signal) (ends <-chan Result, stop func()) {
	ch, out := make(chan os.Signal, 4), make(chan Result, 4)
	if len(signals) > 0 { // none would be all
		signal.Notify(ch, signals...)
	}
	go func() {
		for s := range ch {
			out <- resultOf(s)
		}
	}()
	return out, func() {
		signal.Stop(ch)
		close(ch)
	}
}

// Close closes the vault and drops what was shown. It is for an end that did not go through Update: the program fell, or the
// terminal went away.
func (m *Model) Close() {
	for _, s := range m.stack {
		s.Wipe()
	}
	m.cancel()
	for _, s := range []Session{m.session, m.ending} {
		if s != nil {
			_ = s.Close(context.Background()) // closing again does nothing
		}
	}
	m.session, m.ending = nil, nil
}
