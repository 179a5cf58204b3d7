package main

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
)

// terminal is the controlling terminal, opened apart from stdin and stdout so
// that both can carry data.
type terminal struct {
	in  *os.File
	out io.WriteCloser
}

func openTTY() (*terminal, error) {
	in, out, err := openTTYFiles()
	if err != nil || !term.IsTerminal(int(in.Fd())) {
		return nil, failed("no_passphrase", "there is no terminal to ask on", "")
	}
	return &terminal{in, out}, nil
}

func (t *terminal) close() {
	t.in.Close()
	if t.out != t.in {
		t.out.Close()
	}
}

func (t *terminal) say(s string) { io.WriteString(t.out, wrap(s, t.cols())) }

// cols are the columns of the terminal, 0 when it is none.
func (t *terminal) cols() int {
	w, _, err := term.GetSize(int(t.in.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// line asks for a line of plain text, which is echoed.
func (t *terminal) line(ctx context.Context, prompt string) (string, error) {
	t.say(prompt)
	var b []byte
	err := t.bytes(ctx, func(c byte) (bool, error) {
		if c == '\n' {
			return true, nil
		}
		if len(b) < 64<<10 {
			b = append(b, c)
		}
		return false, nil
	})
	if err == io.EOF && len(b) == 0 {
		return "", failed("cancelled", "the input ended", "")
	}
	if err != nil && err != io.EOF {
		t.say("\n")
		return "", err
	}
	return strings.TrimRight(string(b), "\r"), nil
}

// secret asks for a passphrase without echo. What is typed goes from the
// terminal into locked memory a byte at a time and nowhere else.
func (t *terminal) secret(ctx context.Context, prompt string) (*secret.Bytes, error) {
	return t.typed(ctx, prompt, keyfile.MaxPassphrase, false)
}

// shown is secret for what may be seen while it is typed, in letters and spaces;
// Esc leaves.
func (t *terminal) shown(ctx context.Context, prompt string) (*secret.Bytes, error) {
	return t.typed(ctx, prompt, keyfile.MaxPassphrase, true)
}

func (t *terminal) typed(ctx context.Context, prompt string, most int, echo bool) (*secret.Bytes, error) {
	// First the echo off, then the prompt: whoever waits for it types unseen.
	state, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return nil, because(err, "the terminal cannot hide what is typed")
	}
	t.say(strings.ReplaceAll(wrap(prompt, t.cols()), "\n", "\r\n"))
	defer func() {
		term.Restore(int(t.in.Fd()), state)
		t.say("\n")
	}()
	buf := secret.New(most)
	defer buf.Destroy()
	n := 0
	err = t.bytes(ctx, func(c byte) (done bool, err error) {
		switch c {
		case '\r', '\n':
			return true, nil
		case 3: // Ctrl-C
			return true, errInterrupted
		case 4: // Ctrl-D
			if n == 0 {
				return true, failed("cancelled", "no passphrase was given", "")
			}
			return true, nil
		case 8, 127: // a whole character back
			if echo && n > 0 {
				t.say("\b \b")
			}
			n = backspace(buf.Bytes(), n)
		case 21: // Ctrl-U
			if echo {
				t.say(strings.Repeat("\b \b", n))
			}
			secret.Wipe(buf.Bytes()[:n])
			n = 0
		default:
			if n == buf.Len() {
				return true, usage("it is over "+itoa(most)+" bytes", "")
			}
			if echo {
				if c == 27 {
					return true, failed("cancelled", "left with Esc", "")
				}
				if c != ' ' && (c|32 < 'a' || c|32 > 'z') {
					return false, nil
				}
				t.say(string(rune(c)))
			}
			buf.Bytes()[n] = c
			n++
		}
		return false, nil
	})
	if err == io.EOF {
		err = failed("cancelled", "no passphrase was given", "")
	}
	if err != nil {
		return nil, err
	}
	s := secret.New(n)
	copy(s.Bytes(), buf.Bytes()[:n])
	return s, nil
}

func backspace(b []byte, n int) int {
	for n > 0 {
		n--
		start := utf8.RuneStart(b[n])
		b[n] = 0
		if start {
			break
		}
	}
	return n
}

// bytes feeds take until it is done. When ctx ends first, take is not called
// any more; the read that is still under way ends with the process.
func (t *terminal) bytes(ctx context.Context, take func(byte) (bool, error)) error {
	var mu sync.Mutex
	stopped := false
	done := make(chan error, 1)
	next := func(c byte) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		if stopped {
			return true, context.Cause(ctx)
		}
		return take(c)
	}
	go func() {
		var c [1]byte
		defer secret.Wipe(c[:])
		for {
			if _, err := t.in.Read(c[:]); err != nil {
				done <- err
				return
			}
			if stop, err := next(c[0]); stop || err != nil {
				done <- err
				return
			}
		}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		mu.Lock()
		stopped = true
		mu.Unlock()
		return context.Cause(ctx)
	}
}
