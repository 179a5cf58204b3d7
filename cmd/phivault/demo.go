package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"phivault/crypto/keyfile/strength"
	"phivault/sync/remote/malicious"
	"phivault/vault"
	"phivault/vault/fhir/compose"
	"phivault/vault/synth"
)

const (
	demoPatients = 4
	demoSeed     = 2 // a diabetic among them: a trend worth looking at
)

func (a *app) demoCommand() *cobra.Command {
	var keep bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show what phivault does, on a throwaway vault with made-up patients",
		Long: `Demo makes a vault in a temporary folder, fills it with generated patients, and
runs real commands on it, with the real key derivation and their real output.
Everything is removed at the end, also after Ctrl-C.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if a.g.json {
				return usage("the demo is a transcript and has no JSON", "")
			}
			return a.demo(c.Context(), keep)
		},
	}
	c.Flags().BoolVar(&keep, "keep", false, "keep the folder")
	c.Flags().BoolVar(&a.accessible, "accessible", false, "the interface at the end in plain lines")
	return c
}

// demonstration is one run of demo.
type demonstration struct {
	*app
	ctx       context.Context
	dir       string
	child     *device // the vault of most of it
	desk      *device // the second one
	host      *demoHost
	past      malicious.Past // what the host held before its last sync
	patient   vault.Record
	contested string // the id of the record that both devices change
}

// device is a command line with a vault of its own.
type device struct {
	*app
	prompt string
}

func (d *demonstration) device(home string) *device {
	a := d.app
	// Remarks belong into the transcript, in their place.
	return &device{prompt: "$", app: &app{stdin: a.stdin, out: a.out, err: a.out, now: a.now, hardened: a.hardened, keep: true,
		state:   filepath.Join(d.dir, "state"),
		openTTY: func() (*terminal, error) { return nil, failed("no_passphrase", "the demo asks nothing", "") },
		env: func(name string) string {
			if name == "PHIVAULT_HOME" {
				return filepath.Join(d.dir, home)
			}
			return a.env(name)
		}}}
}

func (a *app) demo(ctx context.Context, keep bool) (err error) {
	dir, err := os.MkdirTemp("", "phivault-demo-*")
	if err != nil {
		return because(err, "the demo's folder")
	}
	back, err := os.Getwd()
	if err == nil {
		err = os.Chdir(dir)
	}
	if err != nil {
		os.RemoveAll(dir)
		return because(err, "the demo's folder")
	}
	d := &demonstration{app: a, ctx: ctx, dir: dir}
	a.out.short = true
	defer func() {
		d.drop()
		os.Chdir(back)
		if keep {
			d.say("Everything is still in %s; the passphrase is in new.txt there.", dir)
		} else if rerr := os.RemoveAll(dir); rerr == nil {
			d.say("Everything in %s is removed.", dir)
		} else if err == nil {
			err = because(rerr, "the demo's folder could not be removed")
		}
	}()
	d.child, d.desk = d.device("vault"), d.device("desk")
	if err := d.play(); err != nil {
		return err
	}
	if !keep {
		if err := d.clear(); err != nil {
			return err
		}
	}
	return d.show()
}

// clear removes what is readable without a passphrase, as soon as no step needs it: the
// interface at the end may stay open for long, and a machine may go down under it.
func (d *demonstration) clear() error {
	for _, name := range []string{"records", "edited.json", "export.ndjson"} {
		if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
			return because(err, "the demo's input could not be removed")
		}
	}
	return nil
}

// drop closes the vaults that were kept open between the commands, and ends the
// host.
func (d *demonstration) drop() {
	for _, v := range []*device{d.child, d.desk} {
		if v != nil && v.held != nil {
			v.held.Close(context.WithoutCancel(d.ctx))
			v.held = nil
		}
		if v != nil {
			v.wipe()
		}
	}
	if d.host != nil {
		d.host.end()
		d.host = nil
	}
}

func (d *demonstration) print(s string) {
	d.err.flush()
	io.WriteString(d.out, s)
	d.out.flush()
}

// say writes the demo's own words into the transcript.
func (d *demonstration) say(format string, args ...any) {
	d.print(fmt.Sprintf("\n# "+format+"\n", args...))
}

// shows writes a command as it would be typed.
func (d *demonstration) shows(on *device, args []string) {
	shown := make([]string, len(args))
	for i, arg := range args {
		shown[i] = arg
		if strings.ContainsAny(arg, " |*\"") || arg == "" {
			shown[i] = "'" + arg + "'"
		}
	}
	d.print("\n" + on.prompt + " phivault " + strings.Join(shown, " ") + "\n")
}

// run shows a command of the first device and runs it.
func (d *demonstration) run(args ...string) error { return d.on(d.child, 0, args...) }

// on shows a command and runs it. It has to end with this exit code.
func (d *demonstration) on(v *device, want int, args ...string) error {
	d.shows(v, args)
	code := v.app.run(d.ctx, append(args, "--no-keyring"))
	if d.ctx.Err() != nil {
		return context.Cause(d.ctx)
	}
	if code != want {
		return failed("failed", "a step of the demo ended with exit code "+itoa(code), "")
	}
	return nil
}

func (d *demonstration) play() error {
	d.say("A throwaway vault in %s, for %d made-up patients.\n# PHIVAULT_HOME is %s.", d.dir, demoPatients, filepath.Join(d.dir, "vault"))
	steps := []func() error{d.prepare, d.create, d.fill, d.look, d.change, d.protect, d.exchange}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// prepare writes the input: one Bundle a patient, as a portal would give them,
// and the passphrases.
func (d *demonstration) prepare() error {
	if err := os.Mkdir("records", 0o700); err != nil {
		return err
	}
	for i := range demoPatients {
		var b bytes.Buffer
		if err := synth.WriteBundle(&b, synth.Options{Seed: demoSeed, Patients: demoPatients}, i); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join("records", fmt.Sprintf("patient-%d.json", i+1)), b.Bytes(), 0o600); err != nil {
			return err
		}
	}
	for _, name := range []string{"pass.txt", "new.txt", "desk.txt"} {
		p, _, err := strength.Generate(strength.MinWords)
		if err != nil {
			return err
		}
		// Half of it: somebody may have to type it to look around, and it guards nothing.
		words := bytes.Fields(p.Bytes())
		err = os.WriteFile(name, bytes.Join(words[:len(words)/2], []byte(" ")), 0o600)
		p.Destroy()
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *demonstration) create() error {
	if err := d.run("init", "--passphrase-file", "pass.txt"); err != nil {
		return err
	}
	d.say("It stays open, so that the slow key derivation is paid once; every command below\n# is otherwise what you would type.")
	return nil
}

func (d *demonstration) fill() error {
	if err := d.run("import", "records", "--source", "clinic"); err != nil {
		return err
	}
	d.say("The same again adds nothing.")
	return d.run("import", "records", "--source", "clinic")
}

// look asks the questions that a vault is for.
func (d *demonstration) look() error {
	if err := d.run("list", "Patient"); err != nil {
		return err
	}
	code, err := d.choose()
	if err != nil {
		return err
	}
	id := shortID(d.patient.ID)
	for _, args := range [][]string{
		{"list", "Condition", "--patient", id, "--limit", "5"},
		{"search", "metformin", "--patient", id, "--limit", "3"},
		{"trend", "--patient", id, "--code", code, "--plot"},
		{"trend", "--patient", id, "--code", code, "--table", "--since", "2025"},
		{"trend", "--patient", id, "--code", code, "--json", "--since", "2025-06"},
	} {
		if err := d.run(args...); err != nil {
			return err
		}
	}
	return nil
}

// choose finds the patient and the measurement with the most to show: many
// values, those with a range or a flag counting more.
func (d *demonstration) choose() (code string, err error) {
	type key struct {
		patient vault.RecordID
		code    string
	}
	score := map[key]int{}
	most, who := 0, vault.RecordID{}
	v := d.child.held.Vault
	for r, err := range v.Rows(d.ctx, vault.Query{Type: "Observation"}) {
		if err != nil {
			return "", err
		}
		k := key{r.Patient, r.Code.Code}
		if k.code == "" || k.patient.IsZero() || len(r.Measures) != 1 || !compose.IsDecimal(r.Value) {
			continue
		}
		m := r.Measures[0]
		score[k]++
		if m.Low != "" || m.High != "" {
			score[k]++
		}
		if m.Flag != "" {
			score[k] += 3
		}
		if score[k] > most {
			most, who, code = score[k], k.patient, k.code
		}
	}
	d.patient, err = v.Get(d.ctx, who)
	return code, err
}

// change edits the patient's record and shows its history.
func (d *demonstration) change() error {
	edited := bytes.Replace(d.patient.Resource.JSON, []byte(`{`), []byte(`{"active":false,`), 1)
	if bytes.Contains(d.patient.Resource.JSON, []byte(`"active":true`)) {
		edited = bytes.Replace(d.patient.Resource.JSON, []byte(`"active":true`), []byte(`"active":false`), 1)
	}
	if err := os.WriteFile("edited.json", edited, 0o600); err != nil {
		return err
	}
	id := shortID(d.patient.ID)
	if err := d.run("edit", id, "--file", "edited.json", "--if-version", itoa(d.patient.Version)); err != nil {
		return err
	}
	if err := d.run("history", id); err != nil {
		return err
	}
	return d.run("passwd", "--new-passphrase-file", "new.txt")
}

func (d *demonstration) protect() error {
	id := shortID(d.patient.ID)
	for _, args := range [][]string{
		{"verify"},
		{"export", "--patient", id, "--format", "ndjson", "-o", "export.ndjson"},
		{"backup", "vault.backup"},
	} {
		if err := d.run(args...); err != nil {
			return err
		}
	}
	d.say("The drill restores the backup elsewhere and checks all of it. It opens with the new passphrase.")
	p, err := fromFile("new.txt", "--passphrase-file")
	if err != nil {
		return err
	}
	d.child.scripted.Destroy()
	d.child.scripted = p
	if err := d.run("drill", "vault.backup"); err != nil {
		return err
	}
	return d.run("audit", "list")
}
