package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/vault/local"
)

type joinFlags struct {
	revive                    reviveFlags
	name, file, place, remote string
	valid                     time.Duration
	init                      initFlags
	words                     bool // are asked for
	access                    remoteFlags
}

// joinObject is phivault.join.v1.
type joinObject struct {
	Schema  string `json:"schema"`
	Vault   string `json:"vault"`
	Path    string `json:"path"`
	Device  string `json:"device"`
	Records int64  `json:"records"`
	Whole   bool   `json:"whole"` // all that the inviting device had seen is here
}

const invitationMost = 8 << 10 // bytes of text

func (a *app) joinCommand() *cobra.Command {
	var f joinFlags
	c := &cobra.Command{
		Use:   "join [-]",
		Short: "Join a vault with an invitation; makes it here, under its own passphrase",
		Long: `Join takes an invitation of "phivault device invite", from stdin with "-", from
--invitation-file, or asked for. It shows 8 words to type on the inviting device, and
waits. Then it makes the vault here, under a passphrase of its own, and pulls
everything.

Where the remote lies elsewhere on this machine, a folder say, give its address
with --place.

With --spare it takes a spare of "phivault device spare" in place of an invitation, and
its passphrase; a scripted passphrase serves for both. The spare gets fresh keys here
and stays good for another time.

With --words it asks for the 12 words of "device invite --words". They say nothing of
the remote: give its address with --place, and what "phivault remote add" takes for
it: --pin, --credentials-file or the environment. Of a phivault-host it is the address
that "phivault remote list" shows on the other device, with the vault's part at its
end, and a token that its operator made for that vault.`,
		Args: takes(0, 1, "at most -"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := validFlag(f.valid); err != nil {
				return err
			}
			if len(args) == 1 && args[0] != "-" {
				return usage("an invitation is never an argument", `give it on stdin with "-", with --invitation-file, or when asked`)
			}
			return a.join(c.Context(), len(args) == 1, &f)
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.name, "name", "", "what to call this device, for the others (else the machine's `name`)")
	fs.StringVar(&f.file, "invitation-file", "", "read the invitation from `file`")
	fs.StringVar(&f.place, "place", "", "the remote's `address`, where it is another one here")
	fs.BoolVar(&f.words, "words", false, "ask for 12 words in place of the text")
	fs.StringVar(&f.access.pin, "pin", "", "with words: the host's `pin`")
	fs.StringVar(&f.access.credentials, "credentials-file", "", "with words: read the remote's credentials, lines of NAME=VALUE, from `file`")
	fs.StringVar(&f.revive.spare, "spare", "", "rebuild the vault from the spare in `file`, or - for stdin, and its remote")
	fs.IntVar(&f.revive.passFD, "spare-passphrase-fd", -1, "read the spare's passphrase, one line, from descriptor `N`")
	fs.StringVar(&f.revive.passFile, "spare-passphrase-file", "", "read the spare's passphrase from `file`, which nobody else may read")
	fs.StringVar(&f.remote, "remote", "main", "what to call the remote here")
	fs.DurationVar(&f.valid, "valid", inviteValid, "how long to wait for the other device")
	fs.StringVar(&f.init.profile, "profile", "default", "default (Argon2id) or fips (PBKDF2-HMAC-SHA-512)")
	fs.DurationVar(&f.init.unlock, "unlock-time", 0, "calibrate the key derivation to take about this long here")
	fs.BoolVar(&f.init.weak, "allow-weak", false, "take a weak passphrase without asking")
	return c
}

func (a *app) join(ctx context.Context, stdin bool, f *joinFlags) error {
	dir, err := a.dir()
	if err != nil {
		return err
	}
	if _, err := local.Inspect(dir); err == nil {
		return failed("exists", "there is a vault already", "name another folder with --vault")
	}
	if f.name != "" {
		if f.name, err = deviceName(f.name); err != nil {
			return err
		}
	}
	if f.revive.spare != "" {
		if stdin || f.file != "" || f.words {
			return usage("a spare needs no invitation", "")
		}
		return a.revive(ctx, dir, f)
	}
	params, err := a.chooseParams(f.init.profile, f.init.unlock)
	if err != nil {
		return err
	}
	i, err := a.readInvitation(ctx, stdin, f)
	if err != nil {
		return err
	}
	r, err := a.meeting(ctx, i, f)
	if err != nil {
		return err
	}
	w, err := newJoining(i, r, a.now)
	if err != nil {
		return err
	}
	defer w.close()
	p, err := a.newPassphrase(ctx, &f.init)
	if err != nil {
		return err
	}
	defer p.Destroy()
	words, err := w.ask(ctx, f.name)
	if err != nil {
		return err
	}
	a.warn("Type these words on the inviting device:\n\n    " + words + "\n")
	joined, err := w.reply(ctx, f.valid)
	if err != nil {
		return err
	}
	defer joined.Destroy()
	v, err := local.Join(ctx, dir, p, params, w.newcomer, joined, a.options())
	secret.Release()
	if err != nil {
		return err
	}
	err = a.settleIn(ctx, &session{v, a}, w.at)
	return errors.Join(err, a.keepOrClose(context.WithoutCancel(ctx), v))
}

// readInvitation takes it from where it cannot be seen by other users.
func (a *app) readInvitation(ctx context.Context, stdin bool, f *joinFlags) (identity.Invitation, error) {
	var text string
	switch {
	case stdin && f.file != "":
		return identity.Invitation{}, usage("there are two invitations", "give it on stdin or with --invitation-file")
	case stdin:
		if err := a.stdinIsData(); err != nil {
			return identity.Invitation{}, err
		}
		return invitationFrom(a.stdin)
	case f.file != "":
		fh, err := os.Open(f.file)
		if err != nil {
			return identity.Invitation{}, because(err, "the invitation file")
		}
		defer fh.Close()
		b, err := io.ReadAll(io.LimitReader(fh, invitationMost))
		if err != nil {
			return identity.Invitation{}, because(err, "the invitation file")
		}
		text = string(b)
	default:
		t, err := a.prompt()
		if err != nil {
			return identity.Invitation{}, failed("no_passphrase", "there is no terminal to ask for the invitation on", `give it on stdin with "-", or with --invitation-file`)
		}
		defer t.close()
		if f.words {
			return askWords(ctx, t)
		}
		if text, err = t.line(ctx, "Invitation: "); err != nil {
			return identity.Invitation{}, err
		}
	}
	return identity.ParseInvitation(text)
}

// invitationFrom reads no further than the invitation goes: at the other end of a pipe
// "device invite" waits until this device has joined.
func invitationFrom(r io.Reader) (identity.Invitation, error) {
	in := bufio.NewReader(io.LimitReader(r, invitationMost))
	for text := ""; ; {
		line, end := in.ReadString('\n')
		text += line
		i, err := identity.ParseInvitation(text)
		switch {
		case err == nil:
			return i, nil
		case errors.Is(end, io.EOF):
			return identity.Invitation{}, err
		case end != nil:
			return identity.Invitation{}, because(end, "stdin")
		}
	}
}

// settleIn keeps the remote and pulls everything.
func (a *app) settleIn(ctx context.Context, s *session, r local.Remote) error {
	p := a.progress("syncing")
	st, j, err := s.settleIn(ctx, r, p.moved())
	p.end()
	if err != nil {
		return err
	}
	n, err := s.Counts(ctx)
	if err != nil {
		return err
	}
	o := joinObject{"phivault.join.v1", s.ID().String(), s.Dir(), "", n.Records, len(st.Floors) == 0}
	for _, m := range j.Members() {
		if m.Self {
			o.Device = m.Device.String()
		}
	}
	if !o.Whole {
		a.warn(`phivault: note: not everything has arrived yet; run "phivault sync" in a while`)
	}
	if a.g.json {
		return a.emit(o)
	}
	a.note(noRecovery)
	return writeFields(a.out, [][2]string{{"vault", o.Vault}, {"folder", o.Path}, {"device", o.Device}, {"records", itoa(o.Records)}})
}
