package main

import (
	"context"
	"crypto/fips140"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phivault/vault"
	"phivault/vault/local"
)

// finding is one line of doctor: phivault.doctor.v1.
type finding struct {
	Schema string `json:"schema"`
	Check  string `json:"check"`
	State  string `json:"state"` // ok, note or problem
	Detail string `json:"detail"`
	Advice string `json:"advice"`
}

func (a *app) doctorCommand() *cobra.Command {
	var at string
	var hostile bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "What this machine offers a vault, and what it lacks; what a remote does",
		Long: `Doctor looks at the process, the keyring, the terminal, the clock and the vault's
folder. It opens nothing, asks for no passphrase and changes nothing.

With --remote it looks at a remote of the vault instead: whether it gives back what
was put, gives a name once, lists truly, deletes, and how the connection is kept. It
puts a few objects of random bytes there and removes them where it may.

With --hostile too it makes a scratch vault of three devices there, of throwaway keys
and records about nobody, and plays the attacks of the threat model over it: the store
is made to damage, swap, withhold, replay, delete and fork on its answers' way here.
Exit code 13 when something did not hold.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if at != "" {
				return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.hostileDoctor(ctx, s, at, hostile) })
			}
			if hostile {
				return usage("--hostile needs a remote", "name it with --remote")
			}
			return a.doctor(c.Context())
		},
	}
	c.Flags().StringVar(&at, "remote", "", "look at this remote, by its `name`")
	c.Flags().BoolVar(&hostile, "hostile", false, "with --remote: play the attacks of the threat model there, in a scratch vault")
	return c
}

func (a *app) doctor(ctx context.Context) error {
	t := newTable(a.out, column{title: "CHECK"}, column{title: "STATE"}, column{title: "DETAIL"}, column{title: "ADVICE"})
	for _, f := range a.diagnose(ctx) {
		f.Schema = "phivault.doctor.v1"
		var err error
		if a.g.json {
			err = a.emit(f)
		} else {
			err = t.row(f.Check, f.State, f.Detail, f.Advice)
		}
		if err != nil {
			return err
		}
	}
	return t.close()
}

func (a *app) diagnose(ctx context.Context) []finding {
	var all []finding
	add := func(check, state, detail, advice string) {
		all = append(all, finding{Check: check, State: state, Detail: detail, Advice: advice})
	}
	add("version", "ok", version+", "+runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH, "")
	if fips140.Enabled() {
		add("fips140", "ok", "on, module "+fips140.Version(), "")
	} else {
		add("fips140", "ok", "off, module "+fips140.Version(), "only needed with a fips profile: GODEBUG=fips140=on")
	}
	advice := map[string]string{
		"core-dumps":  "a crash could write keys to disk",
		"inspection":  "other programs of this user could read this one's memory",
		"memory-lock": "keys could be swapped out: raise the limit on locked memory (ulimit -l), or encrypt swap",
		"environment": "unset TEA_TRACE and TEA_DEBUG",
	}
	for _, s := range a.hardened.Steps {
		if s.Done {
			add(s.Name, "ok", s.Detail, "")
		} else {
			add(s.Name, "problem", s.Detail, advice[s.Name])
		}
	}
	all = append(all, a.keyringFinding(ctx), a.terminalFinding(), a.clockFinding())
	if a.envPass != nil {
		add("passphrase", "note", passphraseVariable+" is set", "other processes of this user can read it; use --passphrase-fd or --passphrase-command")
	}
	return append(all, a.folderFindings()...)
}

// keyringProbe is an item that nobody makes: a keyring that answers says so.
const keyringProbe = "doctor"

func (a *app) keyringFinding(ctx context.Context) finding {
	f := finding{Check: "keyring", State: "note", Advice: "a vault does without; what is lost is the device secret and a safer place for the anchor"}
	k := a.keyring()
	if k == nil {
		f.Detail = "switched off with --no-keyring"
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, err := k.Get(ctx, keyringProbe); err != nil && !errors.Is(err, local.ErrNoItem) {
		f.Detail = "no keyring answers"
		if more := reason(err); more != f.Detail {
			f.Detail += ": " + strings.TrimPrefix(more, f.Detail+": ")
		}
		return f
	}
	return finding{Check: "keyring", State: "ok", Detail: "it answers"}
}

func (a *app) terminalFinding() finding {
	t, err := a.openTTY()
	if err != nil {
		return finding{Check: "terminal", State: "note", Detail: "none", Advice: "passphrases come from --passphrase-fd, -file or -command; destructive commands need --yes"}
	}
	t.close()
	f := finding{Check: "terminal", State: "ok", Detail: "there to ask on"}
	if a.out.tty {
		f.Detail += ", " + itoa(a.out.cols) + " columns"
		if !a.out.utf8 {
			f.State, f.Advice = "note", "the locale is not UTF-8: plots and flags are drawn in ASCII"
		}
	}
	return f
}

// earliest is before this program was written: a clock that shows less is wrong.
var earliest = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func (a *app) clockFinding() finding {
	now := a.now()
	f := finding{Check: "clock", State: "ok", Detail: now.Format(time.RFC3339)}
	switch dir, err := a.dir(); {
	case now.Before(earliest):
		f.State, f.Advice = "problem", "it is wrong; nothing is decided by it, but the audit trail shows it"
	case err == nil:
		if fi, err := os.Stat(filepath.Join(dir, "vault.key")); err == nil && fi.ModTime().After(now.Add(5*time.Minute)) {
			f.State, f.Advice = "problem", "the vault was written later than now: the clock is or was wrong"
		}
	}
	return f
}

func (a *app) folderFindings() (all []finding) {
	add := func(check, state, detail, advice string) {
		all = append(all, finding{Check: check, State: state, Detail: detail, Advice: advice})
	}
	dir, err := a.dir()
	if err != nil {
		add("vault", "problem", reason(err), "name its folder with --vault")
		return all
	}
	i, err := local.Inspect(dir)
	switch {
	case errors.Is(err, vault.ErrNoVault):
		add("vault", "note", "none here", `"phivault init" makes one`)
	case err != nil:
		add("vault", "problem", reason(err), "")
	case i.LockedBy != nil:
		add("vault", "note", i.LockedBy.Error(), "")
	default:
		add("vault", "ok", i.Key.Params.String(), "")
	}
	at := dir
	for { // of a folder that is not there yet, what it will lie in
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	if fi, err := os.Stat(dir); err == nil {
		switch {
		case runtime.GOOS == "windows":
			add("folder", "ok", "access lists decide who reads it", "")
		case fi.Mode().Perm()&0o077 != 0:
			add("folder", "problem", "mode "+fi.Mode().Perm().String()+": others can look into it", "chmod 700 it")
		default:
			add("folder", "ok", "only its owner can look into it", "")
		}
	}
	if free, err := freeSpace(at); err != nil {
		add("space", "note", "free space is not known", "")
	} else if free < spaceLeast {
		add("space", "problem", sizeText(int64(free))+" free", "an import of any size needs more")
	} else {
		add("space", "ok", sizeText(int64(free))+" free", "")
	}
	return all
}

// spaceLeast is room for a transaction and its write-ahead log with some to spare.
const spaceLeast = 256 << 20
