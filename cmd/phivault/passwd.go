package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/strength"
	"phivault/crypto/secret"
)

type passwdFlags struct {
	fd       int
	file     string
	generate bool
	weak     bool
	profile  string
	unlock   time.Duration
}

func (a *app) passwdCommand() *cobra.Command {
	var f passwdFlags
	c := &cobra.Command{
		Use:   "passwd",
		Short: "Change the passphrase",
		Long: `Passwd puts the vault's keys under another passphrase. The records stay as they
are. It does not undo copies: an old backup still opens with the old passphrase.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.passwd(ctx, s, &f) })
		},
	}
	fs := c.Flags()
	fs.IntVar(&f.fd, "new-passphrase-fd", -1, "read the new passphrase, one line, from descriptor `N`")
	fs.StringVar(&f.file, "new-passphrase-file", "", "read the new passphrase from `file`, which nobody else may read")
	fs.BoolVar(&f.generate, "generate", false, "make a passphrase of random words and show it once, on stderr")
	fs.BoolVar(&f.weak, "allow-weak", false, "take a weak passphrase without asking")
	fs.StringVar(&f.profile, "profile", "", "also change the profile: default or fips")
	fs.DurationVar(&f.unlock, "unlock-time", 0, "also calibrate the key derivation to take about this long here"+unlockLimits)
	return c
}

func (a *app) passwd(ctx context.Context, s *session, f *passwdFlags) error {
	params, err := f.params(ctx, s)
	if err != nil {
		return err
	}
	old, err := a.current(ctx, "Passphrase again: ")
	if err != nil {
		return err
	}
	defer old.Destroy()
	fresh, err := a.fresh(ctx, f)
	if err != nil {
		return err
	}
	defer fresh.Destroy()
	err = s.ChangePassphrase(ctx, old, fresh, params)
	secret.Release()
	if errors.Is(err, keyfile.ErrUnsynced) {
		return &fault{code: "failed", why: err.Error(), cause: err,
			hint: "use the new passphrase; keep the old one in mind until the disk is checked and passwd was run again: a power cut may bring it back"}
	}
	if err != nil {
		return err
	}
	if a.g.json {
		return a.emit(doneObject{Schema: "phivault.passwd.v1", Result: "changed"})
	}
	a.note("The passphrase is changed. Copies made before, backups too, still open with the old one.")
	return nil
}

// params are nil when they stay as they are.
func (f *passwdFlags) params(ctx context.Context, s *session) (*keyfile.Params, error) {
	if f.profile == "" && f.unlock == 0 {
		return nil, nil
	}
	profile := f.profile
	if profile == "" {
		st, err := s.Status(ctx)
		if err != nil {
			return nil, err
		}
		profile = st.Key.Params.Profile.String()
	}
	p, err := s.app.chooseParams(profile, f.unlock)
	return &p, err
}

// current is the passphrase in force, which the caller destroys: the scripted
// one, or asked for.
func (a *app) current(ctx context.Context, prompt string) (*secret.Bytes, error) {
	p, err := a.script(ctx)
	if err != nil {
		return nil, err
	}
	if p != nil {
		return p.Clone(), nil
	}
	t, err := a.prompt()
	if err != nil {
		return nil, err
	}
	defer t.close()
	return t.secret(ctx, prompt)
}

// fresh is the new passphrase: from its own source, made, or asked for twice.
func (a *app) fresh(ctx context.Context, f *passwdFlags) (p *secret.Bytes, err error) {
	switch {
	case f.fd >= 0:
		p, err = fromFD(f.fd, "--new-passphrase-fd")
	case f.file != "":
		p, err = fromFile(f.file, "--new-passphrase-file")
	case f.generate:
		return a.generated(ctx, strength.MinWords)
	default:
		t, terr := a.prompt()
		if terr != nil {
			return nil, failed("no_passphrase", "there is no new passphrase", "give it with --new-passphrase-fd or --new-passphrase-file, or run it on a terminal")
		}
		defer t.close()
		return a.askNew(ctx, t, f.weak)
	}
	if err == nil {
		if err = a.judge(p, f.weak); err != nil {
			p.Destroy()
			return nil, err
		}
	}
	return p, err
}
