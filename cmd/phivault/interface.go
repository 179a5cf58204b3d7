package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/term"

	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/vault/local"
)

// lockedVariable tells the process that follows a locked one why it was locked.
const lockedVariable = "PHIVAULT_LOCKED"

// manner is how the interface is shown.
type manner uint8

const (
	notShown  manner = iota
	asScreens        // on a terminal that can place text
	asLines          // question by question, for screen readers and simple terminals
)

// manner says how the interface can be shown: to people at both ends on screens,
// in lines where the terminal cannot place text or where that was asked for, then
// through pipes too. Who has a terminal that does not do is told so.
func (a *app) manner() manner {
	people := a.out.tty && term.IsTerminal(int(a.stdin.Fd()))
	switch {
	case a.g.json:
		return notShown
	case a.accessible, people && a.out.dumb:
		return asLines
	case !people:
		return notShown
	case !a.out.utf8:
		a.warn("phivault: the interface needs a UTF-8 locale (LANG=C.UTF-8 say), or --accessible; these are the commands")
		return notShown
	}
	return asScreens
}

// interact runs the interface. A locked vault is shown by a process that never held
// its keys: this one ends by becoming it.
func (a *app) interact(ctx context.Context, m manner) error {
	reason := os.Getenv(lockedVariable)
	os.Unsetenv(lockedVariable)
	if reason == "suspended" {
		if err := tui.Suspend(); err != nil {
			return err
		}
		reason = "locked"
	}
	o := tui.Options{Opener: &opener{a}, Explain: explainLine, Colours: a.out.color, Clock: a.now, In: a.stdin, Out: os.Stdout, Env: os.Environ()}
	if reason != "" {
		o.Reason = "The vault was locked."
	}
	if demo := os.Getenv(demoVariable); demo != "" {
		o.Reason = a.shownIn(demo)
	}
	o.Settings = a.settings()
	o.Save = a.saveSettings
	var err error
	if o.Session, err = a.given(ctx, reason != ""); err != nil {
		return err
	}
	var how tui.Result
	if m == asLines {
		how, err = tui.Talk(ctx, o, a.console())
	} else {
		how, err = tui.Run(ctx, o)
	}
	if err != nil {
		return err
	}
	switch how {
	case tui.Locked:
		return a.becomeNew("locked")
	case tui.Suspended:
		return a.becomeNew("suspended")
	}
	return nil
}

// given opens the vault with the passphrase of a flag's source or the environment,
// nil where there is none. After a lock it counts no more: who comes back is asked.
func (a *app) given(ctx context.Context, locked bool) (tui.Session, error) {
	if !locked {
		dir, err := a.dir()
		if err != nil {
			return nil, err
		}
		p, err := a.script(ctx)
		if err != nil {
			return nil, err
		}
		if p != nil {
			// As for every command: no vault, no question of a passphrase.
			if _, err := local.Inspect(dir); err != nil {
				return nil, err
			}
			in, err := (&opener{a}).Open(ctx, p)
			a.wipe()
			secret.Release()
			return in, err
		}
	}
	if a.g.noInput {
		_, err := a.prompt()
		return nil, err
	}
	return nil, nil
}

func explainLine(err error) string {
	_, why, hint := explain(err)
	if hint != "" {
		why += "; " + hint
	}
	return why + "."
}

// becomeNew replaces this process by a new one of the same program and arguments.
func (a *app) becomeNew(reason string) error {
	self, err := os.Executable()
	if err != nil {
		return because(err, "the program cannot begin anew")
	}
	env := append(os.Environ(), lockedVariable+"="+reason)
	err = syscall.Exec(self, os.Args, env)
	// Where a process cannot be replaced, the new one runs inside of this one,
	// whose keys are wiped.
	c := exec.Command(self, os.Args[1:]...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	if cerr := c.Run(); cerr != nil {
		return because(errors.Join(err, cerr), "the program cannot begin anew")
	}
	return nil
}
