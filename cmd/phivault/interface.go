package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/term"

	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/strength"
	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/vault"
	"phivault/vault/codec"
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

const settingsFile = "interface.json"

// settings reads how the interface was set; the usual when there is nothing.
func (a *app) settings() tui.Settings {
	usual := tui.Settings{Idle: 5, Theme: "colour"}
	name, err := a.settingsPath()
	if err != nil {
		return usual
	}
	b, err := os.ReadFile(name)
	s := usual
	if err != nil || json.Unmarshal(b, &s) != nil || s.Idle < 0 || s.Idle > 24*60 {
		return usual
	}
	return s
}

func (a *app) settingsPath() (string, error) {
	dir := a.state
	if dir == "" {
		var err error
		if dir, err = local.DefaultStateDir(); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, settingsFile), nil
}

func (a *app) saveSettings(s tui.Settings) error {
	name, err := a.settingsPath()
	if err != nil {
		return err
	}
	b, err := json.Marshal(s)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o700)
	}
	if err == nil {
		err = os.WriteFile(name, append(b, '\n'), 0o600)
	}
	if err != nil {
		return because(err, "the settings cannot be kept")
	}
	return nil
}

// opener is the vault of this command line, for the interface.
type opener struct{ a *app }

var _ tui.Opener = (*opener)(nil)

func (o *opener) Look(context.Context) (tui.Place, error) {
	dir, err := o.a.dir()
	if err != nil {
		return tui.Place{}, err
	}
	_, err = local.Inspect(dir)
	if err != nil && !errors.Is(err, vault.ErrNoVault) {
		return tui.Place{}, err
	}
	return tui.Place{Dir: dir, Exists: err == nil}, nil
}

// options are the command line's, but what the owner should know goes to the
// screen and not over it.
func (o *opener) options(s *shown) local.Options {
	lo := o.a.options()
	lo.Command = "phivault"
	lo.Notice = func(n local.Notice) {
		if n.Kind != local.NoticeNoAnchor && n.Kind != local.NoticeKeyring {
			s.said = append(s.said, n.Text)
		}
	}
	return lo
}

func (o *opener) Open(ctx context.Context, p *secret.Bytes) (tui.Session, error) {
	dir, err := o.a.dir()
	if err != nil {
		return nil, err
	}
	code, err := o.a.deviceSecret()
	if err != nil {
		return nil, err
	}
	defer code.Destroy()
	s := &shown{}
	lo := o.options(s)
	lo.DeviceSecret = code
	v, err := local.Open(ctx, dir, p, lo)
	if err != nil {
		return nil, err
	}
	s.open(o.a, v)
	return s, nil
}

func (o *opener) Create(ctx context.Context, p *secret.Bytes) (tui.Session, error) {
	dir, err := o.a.dir()
	if err != nil {
		return nil, err
	}
	s := &shown{}
	v, err := local.Create(ctx, dir, p, keyfile.DefaultParams(), o.options(s))
	if err != nil {
		return nil, err
	}
	s.open(o.a, v)
	return s, nil
}

func (o *opener) Strength(p *secret.Bytes) (bool, string) {
	e := strength.Of(p)
	return e.Score >= weakBelow, strengthText(e)
}

func (o *opener) Generate() (*secret.Bytes, error) {
	p, _, err := strength.Generate(strength.MinWords)
	return p, err
}

// shown is the open vault, for the interface.
type shown struct {
	*local.Vault
	share *sharing
	said  []string
}

func (s *shown) open(a *app, v *local.Vault) {
	s.Vault, s.share = v, newSharing(&session{v, a})
}

// Close ends what is going on with remotes, then closes the vault.
func (s *shown) Close(ctx context.Context) error {
	s.share.close()
	return s.Vault.Close(ctx)
}

var (
	_ tui.Session  = (*shown)(nil)
	_ tui.Sharing  = (*shown)(nil)
	_ tui.Editor   = shownEditor{}
	_ tui.Exchange = shownExchange{}
)

func (s *shown) Records() tui.Records     { return s.Vault.Vault }
func (s *shown) Survey() tui.Survey       { return s.Vault.Vault }
func (s *shown) Editor() tui.Editor       { return shownEditor{s.Vault.Vault, s.share} }
func (s *shown) Exchange() tui.Exchange   { return shownExchange{s.Vault} }
func (s *shown) Notices() []string        { return s.said }
func (s *shown) Remotes() tui.Remotes     { return s.share.Remotes() }
func (s *shown) Sync() tui.Sync           { return s.share.Sync() }
func (s *shown) Devices() tui.Devices     { return s.share.Devices() }
func (s *shown) Conflicts() tui.Conflicts { return s.share.Conflicts() }

type shownEditor struct {
	v     *vault.Vault
	share *sharing
}

func (e shownEditor) Add(ctx context.Context, source string, b []byte) (vault.Record, error) {
	r, err := parseOne(ctx, e.v, b)
	if err != nil {
		return vault.Record{}, err
	}
	return addTo(ctx, e.v, source, r)
}

func (e shownEditor) Edit(ctx context.Context, old vault.Record, b []byte) (vault.Record, error) {
	r, err := parseOne(ctx, e.v, b)
	if err != nil {
		return vault.Record{}, err
	}
	return e.v.Edit(ctx, old, r)
}

func (e shownEditor) Delete(ctx context.Context, r vault.Record) error {
	if r.Conflict {
		defer e.share.recount()
	}
	return e.v.Delete(ctx, r)
}

type shownExchange struct{ v *local.Vault }

func (x shownExchange) Import(ctx context.Context, in tui.Intake, progress func(int64)) (out tui.Outcome, err error) {
	f := importFlags{source: in.Source}
	codecs, err := f.codecs(ctx, x.v.Vault)
	if err != nil {
		return out, err
	}
	from, err := codec.Open(home(in.Path), codecs)
	if err != nil {
		return out, because(err, "the input")
	}
	out.ImportResult, err = x.v.Import(ctx, from, vault.ImportOptions{Source: in.Source, Hash: contentHash, DryRun: in.Review,
		Refused: func(r *vault.Refusal) {
			if len(out.Refusals) < 200 {
				out.Refusals = append(out.Refusals, *r)
			}
		},
		Progress: func(r vault.ImportResult) { progress(r.Records) }})
	return out, err
}

// home is a path as a person writes it, who has no shell here.
func home(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if dir, err := os.UserHomeDir(); err == nil {
			return filepath.Join(dir, rest)
		}
	}
	return path
}

func (x shownExchange) Export(ctx context.Context, o tui.Outlet, progress func(int64)) (n int64, err error) {
	if err := x.v.Record(ctx, vault.ActionExport, o.Patient); err != nil {
		return 0, err
	}
	out, err := new(app).output(home(o.Path), false)
	if err != nil {
		return 0, err
	}
	write := func() error {
		enc, err := newEncoder(ctx, o.Format, out, x.v.Vault)
		if err != nil {
			return err
		}
		for r, err := range x.v.Find(ctx, vault.Query{Patient: o.Patient, Sort: vault.Added}) {
			if err == nil {
				err = enc.Encode(ctx, r)
			}
			if err != nil {
				return err
			}
			if n++; n%500 == 0 {
				progress(n)
			}
		}
		return enc.Close()
	}
	return n, out.end(write())
}

func (x shownExchange) Save(ctx context.Context, patient vault.RecordID, path string, a tui.Attachment) error {
	if err := x.v.Record(ctx, vault.ActionExport, patient); err != nil {
		return err
	}
	r, err := x.Open(ctx, a)
	if err != nil {
		return err
	}
	defer r.Close()
	out, err := new(app).output(home(path), false)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return out.end(err)
}

func (x shownExchange) Open(ctx context.Context, a tui.Attachment) (io.ReadCloser, error) {
	if a.Data != nil {
		return io.NopCloser(bytes.NewReader(a.Data)), nil
	}
	return x.v.Blobs().OpenBlob(ctx, a.Blob)
}

func (x shownExchange) Check(ctx context.Context, p *secret.Bytes) error { return x.v.Check(ctx, p) }
