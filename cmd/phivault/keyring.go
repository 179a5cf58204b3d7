package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"phivault/vault/local"
)

func (a *app) keyringCommand() *cobra.Command {
	bind := &cobra.Command{
		Use:   "bind",
		Short: "Bind the vault to this device: it then needs the keyring, too",
		Long: `Bind makes a device secret, keeps it in the system's keyring and mixes it into
the vault's key: a stolen disk image is then useless even against a weak
passphrase. The secret is printed once and typed back, because without keyring
and print the vault does not open any more. Backups do not need it.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.withVault(c.Context(), a.bind) },
	}
	unbind := &cobra.Command{
		Use:   "unbind",
		Short: "Let the vault open with the passphrase alone again",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return a.withVault(c.Context(), a.unbind) },
	}
	return group("keyring", "The optional device secret", bind, unbind)
}

func (a *app) bind(ctx context.Context, s *session) error {
	t, err := a.prompt()
	if err != nil {
		return failed("no_terminal", "binding shows a code that has to be typed back, and there is no terminal", "run it on a terminal")
	}
	defer t.close()
	p, err := a.current(ctx, "Passphrase again: ")
	if err != nil {
		return err
	}
	defer p.Destroy()
	code, confirm, err := s.BindKeyring(ctx, p)
	if err != nil {
		return err
	}
	t.say("Write this device secret down; it is shown once:\n\n    " + code + "\n\n")
	for try := 1; ; try++ {
		typed, err := t.line(ctx, "Type it from what you wrote: ")
		if err != nil {
			return err
		}
		err = confirm(typed)
		if err == nil {
			break
		}
		if !errors.Is(err, local.ErrCode) || try == triesMost {
			return err
		}
		t.say("That is not it.\n")
	}
	return a.done("phivault.keyring.v1", "bound", "The vault is bound to this device.")
}

func (a *app) unbind(ctx context.Context, s *session) error {
	p, err := a.current(ctx, "Passphrase again: ")
	if err != nil {
		return err
	}
	defer p.Destroy()
	if err := s.UnbindKeyring(ctx, p); err != nil {
		return err
	}
	return a.done("phivault.keyring.v1", "unbound", "The vault opens with the passphrase alone.")
}

// done says that something is done, as an object or as a sentence.
func (a *app) done(schema, result, text string) error {
	if a.g.json {
		return a.emit(doneObject{Schema: schema, Result: result})
	}
	_, err := a.out.Write([]byte(a.out.wrap(text) + "\n"))
	return err
}
