package main

import (
	"context"
	"errors"
	"os"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault/local"
)

// session is the open vault of one command.
type session struct {
	*local.Vault
	app *app
}

// triesMost is how often a passphrase is asked for on a terminal.
const triesMost = 3

// withVault opens the vault, runs do and closes it again, whatever happened.
func (a *app) withVault(ctx context.Context, do func(context.Context, *session) error) error {
	if a.held != nil {
		return do(ctx, a.held)
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	err = do(ctx, s)
	// What was written so far goes out before the vault is let go of, so that a
	// reader that went away is known as that and nothing else.
	if ferr := a.out.flush(); err == nil {
		err = ferr
	}
	if cerr := s.Close(context.WithoutCancel(ctx)); cerr != nil && (err == nil || isPipeClosed(err)) {
		err = cerr
	}
	return err
}

// keepOrClose closes a vault that was made, or holds it for the commands to come.
func (a *app) keepOrClose(ctx context.Context, v *local.Vault) error {
	if !a.keep {
		return v.Close(ctx)
	}
	a.held = &session{v, a}
	return nil
}

// dir is the vault's folder as flags and environment name it.
func (a *app) dir() (string, error) {
	if a.g.vault != "" {
		return a.g.vault, nil
	}
	if d := a.env("PHIVAULT_HOME"); d != "" {
		return d, nil
	}
	return local.DefaultDir()
}

func (a *app) keyring() local.Keyring {
	if a.g.noKeyring {
		return nil
	}
	return a.ring
}

func (a *app) options() local.Options {
	return local.Options{Sole: !a.keep, // no SQL, meant or not, writes a readable byte; the demo has two vaults
		Keyring: a.keyring(), Wait: a.g.wait, Clock: a.now, Command: "phivault " + commandName(a.ran),
		AcceptOlder: a.g.acceptOlder, Hold: a.hold, StateDir: a.state,
		Notice: func(n local.Notice) {
			text := "phivault: note: " + clean(n.Text)
			switch n.Kind {
			case local.NoticeNoAnchor, local.NoticeKeyring: // how it is on this machine
				a.note(text)
			default: // what concerns the owner's safety, also with --quiet
				a.warn(text)
			}
		}}
}

// open opens the vault with a scripted passphrase, or asks for one.
func (a *app) open(ctx context.Context) (*session, error) {
	dir, err := a.dir()
	if err != nil {
		return nil, err
	}
	// Where there is no vault nobody is asked for a passphrase.
	if _, err := local.Inspect(dir); err != nil {
		return nil, err
	}
	p, err := a.script(ctx)
	if err != nil {
		return nil, err
	}
	if p != nil {
		return a.openWith(ctx, dir, p)
	}
	t, err := a.prompt()
	if err != nil {
		return nil, err
	}
	defer t.close()
	for try := 1; ; try++ {
		p, err := t.secret(ctx, "Passphrase: ")
		if err != nil {
			return nil, err
		}
		s, err := a.openWith(ctx, dir, p)
		p.Destroy()
		if !errors.Is(err, keyfile.ErrPassphrase) && !errors.Is(err, keyfile.ErrUnusable) || try == triesMost {
			return s, err
		}
		t.say("That does not open this vault. Try again.\n")
	}
}

func (a *app) openWith(ctx context.Context, dir string, p *secret.Bytes) (*session, error) {
	o := a.options()
	code, err := a.deviceSecret()
	if err != nil {
		return nil, err
	}
	defer code.Destroy()
	o.DeviceSecret = code
	begun := a.now()
	v, err := local.Open(ctx, dir, p, o)
	secret.Release()
	if err != nil {
		return nil, err
	}
	if a.g.verbose {
		a.note("Opened in " + itoa(a.since(begun)) + " ms.")
	}
	return &session{v, a}, nil
}

// deviceSecret reads the printed code of a bound vault from its file, when one
// is named; the keyring has it otherwise.
func (a *app) deviceSecret() (*secret.Bytes, error) {
	if a.g.deviceFile == "" {
		return nil, nil
	}
	line, err := fromFile(a.g.deviceFile, "--device-secret-file")
	if err != nil {
		return nil, err
	}
	defer line.Destroy()
	return local.ParseCode(string(line.Bytes()))
}

// reauth asks for the passphrase again before a sensitive act. A scripted one
// has just opened the vault and serves again.
func (s *session) reauth(ctx context.Context) error {
	a := s.app
	p, err := a.script(ctx)
	if err != nil || p != nil {
		return err
	}
	t, err := a.prompt()
	if err != nil {
		return err
	}
	defer t.close()
	for try := 1; ; try++ {
		p, err := t.secret(ctx, "Passphrase again: ")
		if err != nil {
			return err
		}
		err = s.Check(ctx, p)
		p.Destroy()
		secret.Release()
		if !errors.Is(err, keyfile.ErrPassphrase) || try == triesMost {
			return err
		}
		t.say("That is not this vault's passphrase. Try again.\n")
	}
}

// confirm asks before something is destroyed. Without a terminal it needs --yes.
func (a *app) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	t, err := a.prompt()
	if err != nil {
		hint := "" // that of the table
		if a.ran != nil && a.ran.Flags().Lookup("dry-run") != nil {
			hint = "repeat it with --yes, or try --dry-run first"
		}
		return failed("needs_yes", "it needs a confirmation and there is no terminal to ask on", hint)
	}
	defer t.close()
	answer, err := t.line(ctx, question+" [y/N] ")
	if err != nil {
		return err
	}
	if answer != "y" && answer != "Y" && answer != "yes" {
		return failed("cancelled", "not confirmed", "")
	}
	return nil
}

// stdinIsData reports whether a command's input and a passphrase would both
// come from stdin.
func (a *app) stdinIsData() error {
	if a.g.passFD == int(os.Stdin.Fd()) {
		return usage("stdin cannot be both the input and the passphrase", "")
	}
	return nil
}
