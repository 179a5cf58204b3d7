package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/sync/remote"
	"phivault/sync/remote/hosted"
	"phivault/tui/widget"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

type spareFlags struct {
	name, remote string
	qr           bool
	passwdFlags
}

func (a *app) spareCommand() *cobra.Command {
	var f spareFlags
	c := &cobra.Command{
		Use:   "spare [FILE]",
		Short: "Make a spare for a drawer: with it, its passphrase and the remote the vault is rebuilt",
		Long: `Spare lets one more device into the vault and puts its keys away: sealed under a
passphrase of its own, with the remote's address, into FILE (which must not exist), or
on the terminal as a QR code with --qr, to be printed or photographed. When every
machine is gone, "phivault device join --spare FILE" rebuilds the vault from the
remote, with that passphrase and never without.

Whoever has a spare can try passphrases on it for as long as they like, and with the
right one reads ALL records: take a strong one, keep it apart from the spare, and
remove a spare that is lost ("phivault device remove"). A spare can do what an owner
can. Only owners make one.`,
		Args: takes(0, 1, "a file"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.qr == (len(args) == 1) {
				return usage("a spare goes into a file or onto the terminal", "name a FILE, or give --qr")
			}
			file := ""
			if len(args) == 1 {
				file = args[0]
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.deviceSpare(ctx, s, file, &f) })
		},
	}
	fs := c.Flags()
	fs.BoolVar(&f.qr, "qr", false, "show it as a QR code")
	fs.StringVar(&f.name, "name", "spare", "what to call it, for the others")
	fs.StringVar(&f.remote, "remote", "", "the remote to rebuild from, by its `name`")
	fs.IntVar(&f.fd, "new-passphrase-fd", -1, "read the spare's passphrase, one line, from descriptor `N`")
	fs.StringVar(&f.file, "new-passphrase-file", "", "read the spare's passphrase from `file`, which nobody else may read")
	fs.BoolVar(&f.generate, "generate", false, "make a passphrase of random words and show it once, on stderr")
	return c
}

// spareObject is phivault.spare.v1.
type spareObject struct {
	Schema  string `json:"schema"`
	Device  string `json:"device"`
	Letter  string `json:"letter"`
	Path    string `json:"path"`
	Carried bool   `json:"carried"` // the remote knows of it
}

func (a *app) deviceSpare(ctx context.Context, s *session, file string, f *spareFlags) error {
	name, err := deviceName(f.name)
	if err != nil {
		return err
	}
	if err := s.reauth(ctx); err != nil {
		return err
	}
	r, err := s.theRemote(ctx, f.remote)
	if err != nil {
		return err
	}
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	if err := owns(j, "makes a spare"); err != nil {
		return err
	}
	st, err := s.Status(ctx)
	if err != nil {
		return err
	}
	params, err := a.chooseParams(st.Key.Params.Profile.String(), 0)
	if err != nil {
		return err
	}
	c, err := openRemote(r)
	if err != nil {
		return because(err, r.Name)
	}
	// What a new device needs to reach the remote, as an invitation has it.
	defer c.Close()
	i, access, err := invitation(ctx, r, c)
	if err != nil {
		return because(err, r.Name)
	}
	p, err := a.fresh(ctx, &f.passwdFlags)
	if weak := (*fault)(nil); errors.As(err, &weak) && weak.code == "usage" {
		weak.hint = "take a stronger one; --generate makes one"
	}
	if err != nil {
		return err
	}
	defer p.Destroy()
	made, err := s.NewSpare(ctx, p, params, name, local.SpareRemote{URL: i.Remote, Pin: i.Pin, Credential: i.Credential, Access: access.key})
	secret.Release()
	if err != nil {
		return err
	}
	code, err := a.spareCode(made.Text, f.qr)
	if err != nil {
		return err
	}
	// The file before the admission: nobody is let in whose keys are nowhere.
	if file != "" {
		if err := writeSpare(file, made.Text); err != nil {
			return err
		}
	}
	if err := made.Admit(ctx); err != nil {
		if file != "" {
			_ = os.Remove(file)
		}
		return err
	}
	if _, err := io.WriteString(a.out, code); err != nil {
		return err
	}
	return a.carrySpare(ctx, s, r, access, made, file)
}

// carrySpare tells the remote, without which the spare is a stranger there.
func (a *app) carrySpare(ctx context.Context, s *session, r local.Remote, access granted, made local.Spare, file string) error {
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	var device journal.Member
	for _, m := range j.Members() {
		if m.Device == made.Device {
			device = m
		}
	}
	key := access.key
	if err := access.assign(ctx, j, device.Device, true); err != nil {
		return because(err, r.Name)
	}
	// It cannot say itself whose the key is before it comes to life, which may be after
	// this device was removed.
	if key != nil {
		err := access.host.Vouch(ctx, hosted.Access{Key: key, Label: j.AccessLabel(device.Device), Owner: true, Proof: made.Proof})
		if err != nil && !errors.Is(err, remote.ErrNotFound) {
			return because(err, r.Name)
		}
	}
	_, results, err := a.exchange(ctx, s, []local.Remote{r})
	if err != nil {
		return err
	}
	o := spareObject{Schema: "phivault.spare.v1", Device: device.Device.String(), Letter: device.Letter, Path: file, Carried: true}
	if bad := syncFault(r.Name, results[r.ID]); bad != nil {
		_, why, _ := explain(bad)
		o.Carried = false
		a.warn(`phivault: warning: the spare is good once the remote knows of it, and that failed: ` + why + `; run "phivault sync"`)
	}
	if a.g.json {
		return a.emit(o)
	}
	a.note("Spare " + o.Letter + " is made. It needs its passphrase and the remote " + r.Name + ", as it is set up there. Keep it where this machine is not.")
	return nil
}

// spareCode draws the QR code, dark on light.
func (a *app) spareCode(text string, qr bool) (string, error) {
	if !qr {
		return "", nil
	}
	lines, err := widget.QR(text, 4)
	if err != nil {
		return "", because(err, "the QR code")
	}
	if w := widget.Width(lines[0]); a.out.tty && a.out.cols < w {
		return "", usage("the QR code is "+itoa(int64(w))+" columns wide, the terminal is not", "make the letters smaller, or name a FILE")
	}
	before, after := "", ""
	if a.out.tty {
		before, after = "\x1b[30;107m", "\x1b[0m"
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(before + l + after + "\n")
	}
	return b.String(), nil
}

// writeSpare writes a file that was not there, for this user alone.
func writeSpare(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return failed("exists", "there is a file of that name", "name another one")
	}
	if err != nil {
		return because(err, "the spare's file")
	}
	_, err = f.WriteString(text + "\n")
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(name)
	}
	return because(err, "the spare's file")
}

// reviveFlags say where a spare and its passphrase come from.
type reviveFlags struct {
	spare, passFile string
	passFD          int
}

// revive rebuilds a vault from a spare and its remote.
func (a *app) revive(ctx context.Context, dir string, f *joinFlags) error {
	params, err := a.chooseParams(f.init.profile, f.init.unlock)
	if err != nil {
		return err
	}
	text, err := a.readSpare(f.revive.spare)
	if err != nil {
		return err
	}
	old, err := a.sparePassphrase(ctx, &f.revive)
	if err != nil {
		return err
	}
	sp, err := keyfile.OpenSpare(text, old)
	old.Destroy()
	secret.Release()
	if err != nil {
		return err
	}
	defer sp.Destroy()
	i := identity.Invitation{Remote: sp.Remote, Pin: sp.Pin, Credential: sp.Credential}
	if f.place != "" {
		i.Remote = f.place
	}
	r, err := invited(i, f.remote)
	if err != nil {
		return err
	}
	c, err := openRemote(r)
	if err != nil {
		return because(err, "the spare's remote")
	}
	err = answers(ctx, patient(c), segment.Space(sp.VaultID()))
	c.Close()
	if err != nil {
		return because(err, "the spare's remote")
	}
	p, err := a.newPassphrase(ctx, &f.init)
	if err != nil {
		return err
	}
	defer p.Destroy()
	v, err := local.Revive(ctx, dir, p, params, sp, a.options())
	secret.Release()
	if err != nil {
		return err
	}
	s := &session{v, a}
	if err = a.settleIn(ctx, s, r); err == nil {
		err = s.callSelf(ctx, r, f.name)
	}
	return errors.Join(err, a.keepOrClose(context.WithoutCancel(ctx), v))
}

// callSelf gives a device that came out of a drawer a name of its own, "" for the
// machine's, and tells the remote; where that fails the next sync does.
func (s *session) callSelf(ctx context.Context, r local.Remote, name string) error {
	if name == "" {
		if name = machineName(); name == "" {
			return nil
		}
	}
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	m, err := self(j)
	if err != nil {
		return err
	}
	if err := j.Rename(ctx, m.Device, name); err != nil {
		return err
	}
	list, err := s.chosen(ctx, []string{r.Name})
	if err == nil {
		_, _, err = s.exchange(ctx, list, nil)
	}
	return err
}

func (a *app) readSpare(name string) (string, error) {
	in := io.Reader(a.stdin)
	if name == "-" {
		if err := a.stdinIsData(); err != nil {
			return "", err
		}
	} else {
		fh, err := os.Open(name)
		if err != nil {
			return "", because(err, "the spare's file")
		}
		defer fh.Close()
		in = fh
	}
	b, err := io.ReadAll(io.LimitReader(in, 4*keyfile.MaxSpare+1))
	return string(b), because(err, "the spare")
}

func (a *app) sparePassphrase(ctx context.Context, f *reviveFlags) (*secret.Bytes, error) {
	switch {
	case f.passFD >= 0:
		return fromFD(f.passFD, "--spare-passphrase-fd")
	case f.passFile != "":
		return fromFile(f.passFile, "--spare-passphrase-file")
	}
	return a.current(ctx, "Passphrase of the spare: ")
}
