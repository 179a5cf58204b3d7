package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
)

const passphraseVariable = "PHIVAULT_PASSPHRASE"

// script gives the passphrase of a flag's source or of the environment, nil
// when there is none. It is read once, serves every time it is asked for, and
// stays the app's.
func (a *app) script(ctx context.Context) (*secret.Bytes, error) {
	if a.scripted != nil {
		return a.scripted, nil
	}
	p, err := a.readScript(ctx)
	a.scripted = p
	return p, err
}

func (a *app) readScript(ctx context.Context) (*secret.Bytes, error) {
	switch {
	case a.g.passFD >= 0:
		return fromFD(a.g.passFD, "--passphrase-fd")
	case a.g.passFile != "":
		return fromFile(a.g.passFile, "--passphrase-file")
	case a.g.passCommand != "":
		return fromCommand(ctx, a.g.passCommand)
	case a.envPass != nil:
		a.warn("phivault: warning: " + passphraseVariable + " can be read by other processes of this user; --passphrase-fd cannot")
		return oneLine(a.envPass.Clone(), passphraseVariable)
	}
	return nil, nil
}

// prompt opens the terminal for questions; an error says what else would do.
func (a *app) prompt() (*terminal, error) {
	if a.g.noInput {
		return nil, failed("no_passphrase", "--no-input forbids asking for the passphrase", "")
	}
	return a.openTTY()
}

// fromFD reads one line from a descriptor that the caller opened, and leaves
// what follows it unread.
func fromFD(fd int, flag string) (*secret.Bytes, error) {
	f := os.NewFile(uintptr(fd), "passphrase")
	if f == nil {
		return nil, usage(flag+" is not an open descriptor", "")
	}
	if fd > 2 {
		defer f.Close()
	}
	return readLine(f, flag, false)
}

// fromFile reads a file of one line that nobody else may read. A pipe or a
// process substitution is as good.
func fromFile(name, flag string) (*secret.Bytes, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, because(err, "the file of "+flag)
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, because(err, "the file of "+flag)
	}
	if fi.Mode().IsRegular() && readableByOthers(fi) {
		return nil, failed("permission", "group or others can read the file of "+flag, "chmod 600 it, and consider its passphrase known")
	}
	return readLine(f, flag, true)
}

// fromCommand runs a command without a shell and takes its output.
func fromCommand(ctx context.Context, line string) (*secret.Bytes, error) {
	const flag = "--passphrase-command"
	words, err := splitWords(line)
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, failed("failed", flag+" could not be started", "the first word is a program; there is no shell")
	}
	p, err := readLine(out, flag, true)
	io.Copy(io.Discard, out)
	if werr := c.Wait(); werr != nil {
		p.Destroy()
		why := " ended with an error"
		if code := c.ProcessState.ExitCode(); code > 0 {
			why = " ended with exit code " + itoa(code)
		}
		return nil, failed("failed", flag+why, "what it gave was not used; run it by itself to see why")
	}
	return p, err
}

// readLine takes one line, straight into locked memory. With whole, anything
// after it is refused: a passphrase is one line, and guessing which is worse.
func readLine(r io.Reader, flag string, whole bool) (*secret.Bytes, error) {
	buf := secret.New(keyfile.MaxPassphrase + 2)
	defer buf.Destroy()
	b, n := buf.Bytes(), 0
	for ; n < len(b); n++ {
		if _, err := io.ReadFull(r, b[n:n+1]); err == io.EOF {
			break
		} else if err != nil {
			return nil, failed("failed", flag+" cannot be read", "")
		}
		if b[n] == '\n' {
			break
		}
	}
	if whole && n < len(b) && b[n] == '\n' {
		var more [1]byte
		if m, _ := io.ReadFull(r, more[:]); m > 0 {
			secret.Wipe(more[:])
			return nil, usage(flag+" gives more than one line", "a scripted passphrase is one line")
		}
	}
	p := secret.New(n)
	copy(p.Bytes(), b[:n])
	return oneLine(p, flag)
}

// oneLine drops a carriage return at the end and refuses what is no passphrase.
// It takes over p.
func oneLine(p *secret.Bytes, source string) (*secret.Bytes, error) {
	b := p.Bytes()
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	why := ""
	switch {
	case len(b) == 0:
		why = " gives an empty passphrase"
	case len(b) > keyfile.MaxPassphrase:
		why = " gives more than 1024 bytes"
	case bytes.IndexByte(b, '\n') >= 0:
		why = " gives more than one line"
	}
	defer p.Destroy()
	if why != "" {
		return nil, usage(source+why, "a scripted passphrase is one line")
	}
	s := secret.New(len(b))
	copy(s.Bytes(), b)
	return s, nil
}

// splitWords splits a command line as --passphrase-command documents it: at
// spaces; 'single quotes' keep everything, "double quotes" all but \" and \\,
// a backslash elsewhere the next character. There are no variables, patterns,
// pipes or redirections.
func splitWords(s string) ([]string, error) {
	var words []string
	var w strings.Builder
	open, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'' && c != '\'', quote == '"' && c != '"' && c != '\\':
			w.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, open = c, true
		case c == '\\' && i+1 < len(s) && (quote == 0 || s[i+1] == '"' || s[i+1] == '\\'):
			i++
			w.WriteByte(s[i])
			open = true
		case quote == 0 && (c == ' ' || c == '\t'):
			if open {
				words = append(words, w.String())
			}
			w.Reset()
			open = false
		default:
			w.WriteByte(c)
			open = true
		}
	}
	if quote != 0 {
		return nil, usage("--passphrase-command has an open quote", "")
	}
	if open {
		words = append(words, w.String())
	}
	if len(words) == 0 {
		return nil, usage("--passphrase-command is empty", "")
	}
	return words, nil
}
