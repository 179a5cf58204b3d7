package main

import (
	"context"
	"io"
	"strings"

	"golang.org/x/term"

	"phivault/crypto/secret"
	"phivault/tui"
)

// console is where the line mode speaks: stdout, and the terminal or stdin.
type console struct {
	a   *app
	in  *terminal
	tty bool // hides what must not be seen
}

var _ tui.Console = (*console)(nil)

// lineMost bounds a typed line; longer ones are refused whole.
const lineMost = 64 << 10

// stdout is the console's way out; the prompts stand where the answers do.
type stdout struct{ *sink }

func (s stdout) Write(b []byte) (int, error) {
	n, err := s.sink.Write(b)
	if ferr := s.sink.flush(); err == nil {
		err = ferr
	}
	return n, err
}

func (stdout) Close() error { return nil }

// console opens it on the terminal when stdin is one, on stdin otherwise.
func (a *app) console() *console {
	return &console{a: a, in: &terminal{in: a.stdin, out: stdout{a.out}}, tty: term.IsTerminal(int(a.stdin.Fd()))}
}

func (c *console) Say(line string) { c.in.say(line + "\n") }

func (c *console) Ask(ctx context.Context, prompt string) (string, error) {
	for {
		c.in.say(prompt)
		var b []byte
		long := false
		err := c.in.bytes(ctx, func(x byte) (bool, error) {
			if x == '\n' {
				return true, nil
			}
			if long = long || len(b) == lineMost; !long {
				b = append(b, x)
			}
			return false, nil
		})
		switch {
		case err == io.EOF && len(b) > 0, err == nil && !long:
			return strings.TrimRight(string(b), "\r"), nil
		case err != nil:
			c.Say("")
			return "", err
		}
		c.Say("That line is too long: 64 kilobytes at most. Nothing of it is taken.")
	}
}

func (c *console) AskSecret(ctx context.Context, prompt string) (*secret.Bytes, error) {
	if c.tty {
		return c.in.typed(ctx, prompt, invitationMost, false)
	}
	c.in.say(prompt)
	defer c.Say("")
	buf := secret.New(invitationMost)
	defer buf.Destroy()
	n := 0
	err := c.in.bytes(ctx, func(x byte) (bool, error) {
		switch {
		case x == '\n':
			return true, nil
		case n == invitationMost:
			return true, usage("it is over "+itoa(invitationMost)+" bytes", "")
		case x != '\r':
			buf.Bytes()[n] = x
			n++
		}
		return false, nil
	})
	if err == io.EOF && n == 0 {
		err = failed("cancelled", "no passphrase was given", "")
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	p := secret.New(n)
	copy(p.Bytes(), buf.Bytes()[:n])
	return p, nil
}
