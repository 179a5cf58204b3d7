package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/strength"
	"phivault/crypto/secret"
	"phivault/vault/local"
)

const noRecovery = `There is no recovery: whoever loses this passphrase loses the records.
Nobody can reset it, no code and no support opens the vault without it.`

type initFlags struct {
	profile  string
	unlock   time.Duration
	generate bool
	words    int
	weak     bool
	told     bool // that there is no recovery
}

func (a *app) initCommand() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init",
		Short: "Create a vault",
		Long:  "Init creates a vault under a passphrase that it asks for twice.\n\n" + noRecovery,
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return a.initVault(c.Context(), &f) },
	}
	fs := c.Flags()
	fs.StringVar(&f.profile, "profile", "default", "default (Argon2id) or fips (PBKDF2-HMAC-SHA-512)")
	fs.DurationVar(&f.unlock, "unlock-time", 0, "calibrate the key derivation to take about this long here"+unlockLimits)
	fs.BoolVar(&f.generate, "generate", false, "make a passphrase of random words and show it once, on stderr")
	fs.IntVar(&f.words, "words", strength.MinWords, "how many words --generate takes")
	fs.BoolVar(&f.weak, "allow-weak", false, "take a weak passphrase without asking")
	return c
}

// initObject is phivault.init.v1.
type initObject struct {
	Schema  string `json:"schema"`
	Vault   string `json:"vault"`
	Path    string `json:"path"`
	Profile string `json:"profile"`
	KDF     string `json:"kdf"`
	Score   int    `json:"score"` // of the passphrase, 0 to 4
}

// A passphrase that scores below weakBelow is taken with a warning, or on a
// terminal when insisted on; one below refusedBelow only when insisted on.
const (
	weakBelow    = 3
	refusedBelow = 2
)

func (a *app) initVault(ctx context.Context, f *initFlags) error {
	dir, err := a.dir()
	if err != nil {
		return err
	}
	if fi, err := os.Stat(dir); err == nil && !fi.IsDir() {
		return failed("exists", "that is a file, not a folder", "name a folder with --vault; \"phivault import\" takes files in")
	}
	if _, err := local.Inspect(dir); err == nil {
		return failed("exists", "there is a vault already", "name another folder with --vault")
	}
	params, err := a.chooseParams(f.profile, f.unlock)
	if err != nil {
		return err
	}
	p, err := a.newPassphrase(ctx, f)
	if err != nil {
		if o, why, _ := explain(err); o.code == "interrupted" {
			return failed(o.code, why, "nothing was made")
		}
		return err
	}
	defer p.Destroy()
	v, err := local.Create(ctx, dir, p, params, a.options())
	secret.Release()
	if err != nil {
		return err
	}
	o := initObject{"phivault.init.v1", v.ID().String(), v.Dir(), params.Profile.String(), params.String(), strength.Of(p).Score}
	if err := a.keepOrClose(ctx, v); err != nil {
		return err
	}
	if a.g.json {
		return a.emit(o)
	}
	if !f.told {
		a.note(noRecovery)
	}
	a.note("Nothing backs this vault up yet: \"phivault backup FILE\" does, \"phivault drill FILE\" proves it.")
	a.note("This is device A. Others that join see it by that letter, or by the name that \"phivault device rename NAME\" gives it.")
	return writeFields(a.out, [][2]string{{"vault", o.Vault}, {"folder", o.Path}, {"profile", o.Profile}, {"key derivation", o.KDF}})
}

func (a *app) chooseParams(profile string, unlock time.Duration) (keyfile.Params, error) {
	p := keyfile.DefaultParams()
	switch profile {
	case "default":
	case "fips":
		p = keyfile.FIPSParams()
	default:
		return p, usage("--profile is default or fips", "")
	}
	if unlock < 0 {
		return p, usage("--unlock-time is not negative", "")
	}
	if unlock > 0 {
		usual := p
		p = keyfile.Calibrate(p, unlock)
		secret.Release()
		a.tellCosts(p, usual)
	}
	return p, p.Check()
}

// tellCosts says what --unlock-time came to: floors and ceilings make it another
// time than was asked for.
func (a *app) tellCosts(p, usual keyfile.Params) {
	a.note("The key derivation for --unlock-time is " + p.String() + ".")
	switch {
	case cheaper(p, usual):
		a.warn("phivault: warning: that is less than the usual " + usual.String() + ": each guess at the passphrase costs less")
	case p.Memory >= mostMemory && p.Time >= mostPasses || p.Iterations >= mostRounds:
		a.warn("phivault: note: that is the most there is; opening may take less than --unlock-time asks")
	}
}

// What --unlock-time can come to, for its help; keyfile's limits decide.
const (
	mostMemory, mostPasses, mostRounds = 1 << 20, 10, 10_000_000
	unlockLimits                       = " (at least 64 MiB in three passes or 600,000 rounds, at most 1 GiB in ten or 10,000,000)"
)

// cheaper reports whether guessing against p costs less than against q.
func cheaper(p, q keyfile.Params) bool {
	return p.Iterations < q.Iterations || uint64(p.Memory)*uint64(p.Time) < uint64(q.Memory)*uint64(q.Time)
}

// newPassphrase makes, reads or asks for the passphrase of a new vault.
func (a *app) newPassphrase(ctx context.Context, f *initFlags) (*secret.Bytes, error) {
	if f.generate {
		return a.generated(ctx, f.words)
	}
	p, err := a.script(ctx)
	if err != nil {
		return nil, err
	}
	if p != nil {
		if err := a.judge(p, f.weak); err != nil {
			return nil, err
		}
		return p.Clone(), nil
	}
	t, err := a.prompt()
	if err != nil {
		return nil, err
	}
	defer t.close()
	t.say(noRecovery + "\n")
	f.told = true
	return a.askNew(ctx, t, f.weak)
}

// judge refuses a scripted passphrase that is easily guessed, and warns of one
// that is not good, unless it is insisted on.
func (a *app) judge(p *secret.Bytes, weak bool) error {
	switch e := strength.Of(p); {
	case weak || e.Score >= weakBelow:
	case e.Score < refusedBelow:
		return usage(strings.TrimSuffix(strings.Replace(strengthText(e), "This", "the", 1), "."), "take a stronger one (--generate makes one), or insist with --allow-weak")
	default:
		a.warn("phivault: warning: " + strengthText(e))
	}
	return nil
}

// askNew asks twice, shows the strength, and offers a generated passphrase to
// whoever gives none or a weak one.
func (a *app) askNew(ctx context.Context, t *terminal, weak bool) (*secret.Bytes, error) {
	for {
		p, err := t.secret(ctx, "New passphrase (empty: make one for me): ")
		if err != nil {
			return nil, err
		}
		if p.Len() == 0 {
			return a.offer(ctx, t)
		}
		e := strength.Of(p)
		t.say(strengthText(e) + "\n")
		if e.Score < weakBelow && !weak {
			answer, err := t.line(ctx, "Use it all the same? [y/N] ")
			if err != nil {
				p.Destroy()
				return nil, err
			}
			if answer != "y" && answer != "yes" {
				p.Destroy()
				continue
			}
		}
		same, err := a.repeated(ctx, t, p)
		if same || err != nil {
			return p, err
		}
		p.Destroy()
		t.say("The two are not the same.\n")
	}
}

func (a *app) repeated(ctx context.Context, t *terminal, p *secret.Bytes) (bool, error) {
	again, err := t.secret(ctx, "The same again: ")
	if err != nil {
		p.Destroy()
		return false, err
	}
	defer again.Destroy()
	return again.Equal(p), nil
}

// offer shows a generated passphrase on the terminal and has it typed back.
func (a *app) offer(ctx context.Context, t *terminal) (*secret.Bytes, error) {
	p, bits, err := strength.Generate(strength.MinWords)
	if err != nil {
		return nil, err
	}
	t.say(fmt.Sprintf("Write it down, it is shown once (%.0f bits):\n\n    ", bits))
	t.out.Write(p.Bytes())
	t.say("\n\n")
	for {
		again, err := t.secret(ctx, "The same again (empty: another one; Ctrl-D: stop): ")
		if err != nil {
			p.Destroy()
			return nil, err
		}
		same, none := again.Equal(p), again.Len() == 0
		again.Destroy()
		switch {
		case same:
			return p, nil
		case none:
			p.Destroy()
			return a.offer(ctx, t)
		}
		t.say("That was something else.\n")
	}
}

// generated is --generate: the passphrase goes to stderr, once. One that cannot
// be shown there is never used: it would lose the records.
func (a *app) generated(ctx context.Context, words int) (*secret.Bytes, error) {
	p, bits, err := strength.Generate(words)
	if err != nil {
		return nil, usage("--words is at least 6 and at most 64", "")
	}
	fmt.Fprintf(a.err, "Write it down, it is shown once (%.0f bits):\n", bits)
	a.err.Write(p.Bytes())
	io.WriteString(a.err, "\n")
	a.err.flush()
	if a.err.null || a.err.err != nil {
		p.Destroy()
		return nil, failed("failed", "the passphrase that was made cannot be shown: stderr is closed, full or the null device",
			"nothing was changed; let stderr be seen")
	}
	return p, nil
}

func strengthText(e strength.Estimate) string {
	words := [...]string{"very weak", "weak", "middling", "good", "strong"}
	s := fmt.Sprintf("This passphrase is %s: about 10^%.0f guesses", words[max(0, min(4, e.Score))], e.GuessesLog10)
	if e.Warning != "" {
		s += " (" + e.Warning + ")"
	}
	return s + "."
}
