package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phivault/crypto/identity"
	"phivault/vault/journal"
	"phivault/vault/local"
)

type inviteFlags struct {
	remote     string
	valid      time.Duration
	yes, owner bool
	words      bool // in place of the text that says where to meet
}

// inviteObject is phivault.invite.v1.
type inviteObject struct {
	Schema string `json:"schema"`
	Invite string `json:"invite"`
	Valid  int64  `json:"valid_ms"`
}

func (a *app) inviteCommand() *cobra.Command {
	var f inviteFlags
	c := &cobra.Command{
		Use:   "invite",
		Short: "Let a new device in: prints an invitation, then waits for the device",
		Long: `Invite prints an invitation as its first line and waits for the new device, where
"phivault device join" takes it. It counts once and for ten minutes. The new device
shows 8 words; type them here and it is admitted. Whoever reads the invitation on
its way can ask to join, and only the words tell the two apart: do not send them the
way the invitation went.

A device that joins can read ALL records.

With --words it shows 12 words in place of the text, to be read aloud; they say
nothing of the remote, so the new device needs its address and credentials.

With --yes the first valid request is approved without the words: for scripts whose
invitation nobody else can read.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := validFlag(f.valid); err != nil {
				return err
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.invite(ctx, s, &f) })
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.remote, "remote", "", "the remote to meet at, by its `name`")
	fs.DurationVar(&f.valid, "valid", inviteValid, "how long to wait for the new device")
	fs.BoolVar(&f.yes, "yes", false, "approve the first valid request without comparing the words")
	fs.BoolVar(&f.words, "words", false, "show 12 words to read aloud; the new device is told of the remote with --place")
	fs.BoolVar(&f.owner, "owner", false, "let the new device admit and remove devices, too")
	return c
}

func (a *app) invite(ctx context.Context, s *session, f *inviteFlags) error {
	if err := s.reauth(ctx); err != nil {
		return err
	}
	r, err := s.theRemote(ctx, f.remote)
	if err != nil {
		return err
	}
	v, err := s.inviting(ctx, r, f.words)
	if err != nil {
		return err
	}
	defer v.close()
	if err := v.sync(ctx, nil); err != nil {
		return err
	}
	if err := a.showInvitation(v.invitation, r, f); err != nil {
		return err
	}
	w, err := v.wait(ctx, f.valid)
	if err != nil {
		return err
	}
	if err := a.approve(ctx, w, f.yes); err != nil {
		return err
	}
	p := a.progress("syncing")
	err = v.admit(ctx, w, f.owner, p.moved())
	p.end()
	if err != nil {
		return err
	}
	return a.admitted(ctx, s, v.j, w)
}

func (a *app) showInvitation(i identity.Invitation, r local.Remote, f *inviteFlags) error {
	text, err := i.Words(), error(nil)
	if !f.words {
		text, err = i.Text()
	}
	if err != nil {
		return err
	}
	if a.g.json {
		err = a.emit(inviteObject{"phivault.invite.v1", text, f.valid.Milliseconds()})
	} else {
		_, err = a.out.Write([]byte(text + "\n"))
	}
	if err = errors.Join(err, a.out.flush()); err != nil {
		return err
	}
	how := "phivault device join"
	if f.words {
		how = "phivault device join --words --place ADDRESS, with this remote's address as seen from there: " + clean(r.URL) + " here"
		if p, err := parsePlace(r.URL); err == nil && p.kind == placeHost {
			how += "; a host wants --pin, and a token that \"phivault-host token --vault\" makes for this vault"
		}
	}
	a.note("On the new device: " + how + ". The invitation counts once, for " + f.valid.String() + ".")
	return nil
}

var errNotItsWords = failed("cancelled", "the words are not those of the device that asks", "somebody else may have the invitation; make a new one")

// approve has a person compare the words that the new device shows.
func (a *app) approve(ctx context.Context, c *journal.Candidate, yes bool) error {
	who := `"` + clean(c.Name) + `" (` + c.Device.String() + ")"
	if yes {
		a.warn("phivault: note: " + who + " is admitted without comparing the words, as --yes says")
		return nil
	}
	t, err := a.prompt()
	if err != nil {
		return failed("needs_yes", "the words of the new device have to be typed and there is no terminal to ask on", "")
	}
	defer t.close()
	t.say("\n" + who + "\nasks to join. It will be able to read ALL records.\nIf this is your device, type the 8 words that it shows; four letters of each are enough.\n")
	for try := 1; ; try++ {
		typed, err := t.line(ctx, "Words (empty: refuse): ")
		if err != nil {
			return err
		}
		switch {
		case typed == "":
			return failed("cancelled", "the device was refused", "")
		case identity.SameWords(typed, c.Words):
			return nil
		case try == triesMost:
			return errNotItsWords
		}
		t.say("Those are not its words. Look again.\n")
	}
}

func (a *app) admitted(ctx context.Context, s *session, j *journal.Journal, c *journal.Candidate) error {
	m, err := deviceNamed(j, c.Device.String())
	if err != nil {
		return err
	}
	if likeID(m.Name) || likeLetter(m.Name) && !strings.EqualFold(m.Name, m.Letter) {
		a.note("phivault: note: its name could be a device's id or letter, and finds no device; \"phivault device rename NAME " + m.Letter + `" gives it another`)
	}
	for _, o := range namesakes(j.Members(), m) {
		a.note("phivault: note: device " + o.Letter + ` has the same name; "phivault device rename NAME ` + m.Letter + `" tells them apart`)
	}
	if a.g.json {
		o, err := newDeviceObject(ctx, s, m)
		if err != nil {
			return err
		}
		o.Schema = "phivault.device.v1"
		return a.emit(o)
	}
	_, err = a.out.Write([]byte("Device " + titled(m) + " is admitted.\n"))
	return err
}
