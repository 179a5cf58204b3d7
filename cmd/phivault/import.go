package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/fhir"
)

type importFlags struct {
	dryRun                        bool
	format, source, patient, date string
	mapping                       []string
	unheeded                      bool // --patient had nothing to say of some records
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import FILE|FOLDER|-…",
		Short: "Take in records from files, folders, archives or stdin",
		Long: `Import takes in FHIR JSON (a resource, a Bundle, NDJSON), alone, in folders, zip
and gzip; CSV measurements with --map; and PDF, image and text files as documents
of --patient, in whose source they then are. What is broken is refused with its place and reason, and the rest
goes on (exit code 3). Importing the same again adds nothing, so an interrupted
import is continued by running it again.`,
		Example: "  phivault import ~/Downloads/portal.zip --source portal\n  zcat export.ndjson.gz | phivault import - --passphrase-file ~/.phivault-pass",
		Args:    takes(1, -1, "files, folders or -"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.importAll(ctx, s, args, &f) })
		},
	}
	fl := c.Flags()
	fl.BoolVar(&f.dryRun, "dry-run", false, "show what would happen and change nothing")
	fl.StringVar(&f.format, "format", "", "bundle, ndjson, csv or document; else found out")
	fl.StringVar(&f.source, "source", "", "`name` of where the records come from; one per origin keeps their ids apart")
	fl.StringVar(&f.patient, "patient", "", "the `patient` of CSV measurements and documents")
	fl.StringVar(&f.date, "date", "", "`when` the documents were made")
	fl.StringArrayVar(&f.mapping, "map", nil, "what the `columns` of a CSV mean: date=Date,value=Weight,unit==kg,code=loinc|29463-7; also system, name, patient, dates=dmy|mdy, decimal=comma, zone=+01:00, encoding, delimiter; what stands behind a second = is the text for every row (unit==kg, name==Weight), and so is a code with a |")
	return c
}

// refusalsMost bounds what is kept of refusals; all are counted.
const refusalsMost = 10_000

func contentHash(r *vault.Resource) (string, error) {
	h, err := fhir.ContentHash(r.JSON, r.Cuts)
	return h.String(), err
}

// importing is one run of the command over all its inputs.
type importing struct {
	a        *app
	v        *vault.Vault
	f        *importFlags
	o        importObject
	progress *progress
	size     int64 // of all inputs, 0 when not known

}

func (a *app) importAll(ctx context.Context, s *session, args []string, f *importFlags) error {
	codecs, err := f.codecs(ctx, s.Vault.Vault)
	if err != nil {
		return err
	}
	var inputs []vault.Input
	for i, arg := range args {
		in, done, err := a.input(ctx, s, arg, codecs)
		if err != nil {
			return a.notThere(err, arg, "input "+itoa(i+1)+" of "+itoa(len(args)))
		}
		defer done()
		inputs = append(inputs, in)
	}
	i := &importing{a: a, v: s.Vault.Vault, f: f, progress: a.progress("Importing"), size: sizeOf(args),
		o: importObject{Schema: "phivault.import.v1", DryRun: f.dryRun, Refusals: []refusalObject{}}}
	if f.dryRun && s.ReadOnly() {
		return failed("read_only", "the vault's folder cannot be written, and a dry run writes, too, and takes it back", "do it on a copy of the folder, on a disk that can be written")
	}
	begun := a.now()
	var failure error
	for n, in := range inputs {
		failure = i.one(ctx, in)
		if errors.Is(failure, vault.ErrPerson) && len(inputs) > 1 {
			i.refuse(in, failure)
			failure = nil
		}
		if failure != nil {
			failure = because(failure, "input "+itoa(n+1)+" of "+itoa(len(inputs)))
			break
		}
	}
	i.progress.end()
	i.o.MS = a.since(begun)
	if failure == nil || i.o.Records+i.o.Refused > 0 {
		if err := i.report(); err != nil && failure == nil {
			failure = err
		}
	}
	switch {
	case failure != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case failure != nil:
		return failure
	case i.o.Refused > 0:
		return failed("partial", count(i.o.Refused, "part of the input was", "parts of the input were")+" refused", "")
	}
	return nil
}

// notThere says of an input that cannot be had which it is: by its place among the
// others, and at a terminal, where nothing else reads along, by its name.
func (a *app) notThere(err error, arg, which string) error {
	if a.err.tty && arg != "-" {
		which += " (" + clean(arg) + ")"
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &fault{code: "missing", why: which + " is not there; nothing was imported", hint: "check the name", cause: err}
	}
	return because(err, which)
}

// refuse lists an input that was refused whole; the others go on.
func (i *importing) refuse(in vault.Input, err error) {
	r := refusalObject{Input: in.Name(), Reason: outcomeOf("other_person").why + "; " + outcomeOf("other_person").hint}
	var p *vault.PersonError
	if errors.As(err, &p) {
		r.Place = p.Place
	}
	i.o.Refused++
	i.o.Refusals = append(i.o.Refusals, r)
}

func (i *importing) one(ctx context.Context, in vault.Input) error {
	res, err := i.v.Import(ctx, in, vault.ImportOptions{
		Source: i.f.source, Hash: contentHash, DryRun: i.f.dryRun,
		Refused: func(r *vault.Refusal) {
			if len(i.o.Refusals) < refusalsMost {
				i.o.Refusals = append(i.o.Refusals, refusalObject{r.Input, r.Place, r.Reason})
			}
		},
		Progress: func(r vault.ImportResult) {
			bytes := i.o.Bytes + r.Bytes
			i.progress.show(amounts{items: i.o.Records + r.Records, bytes: bytes, done: bytes, total: i.size})
		},
	})
	i.o.New += res.New
	i.o.Same += res.Same
	i.o.Changed += res.Changed
	i.o.Refused += res.Refused
	i.o.StaysDeleted += res.StaysDeleted
	i.o.Records += res.Records
	i.o.Bytes += res.Bytes
	return err
}

// report writes what became of the inputs. Refusals name files, so they are
// part of the result and not of what goes to logs.
func (i *importing) report() error {
	a := i.a
	if a.g.json {
		return a.emit(i.o)
	}
	verb := ""
	if i.f.dryRun {
		verb = " (nothing was changed)"
	}
	counts := itoa(i.o.New) + " new, " + itoa(i.o.Same) + " same, " + itoa(i.o.Changed) + " changed, " + itoa(i.o.Refused) + " refused" + verb + "\n"
	if _, err := a.out.Write([]byte(counts)); err != nil {
		return err
	}
	if i.f.unheeded {
		a.warn("phivault: note: --patient is whose measurements and documents are; FHIR records say themselves whom they are about, and were taken in so")
	}
	if i.o.StaysDeleted > 0 {
		a.note(itoa(i.o.StaysDeleted) + " of the same were deleted here and stay so.")
	}
	t := newTable(a.out, column{title: "REFUSED"}, column{title: "WHERE"}, column{title: "WHY"})
	for _, r := range i.o.Refusals {
		if err := t.row(r.Input, r.Place, r.Reason); err != nil {
			return err
		}
	}
	if more := i.o.Refused - int64(len(i.o.Refusals)); more > 0 {
		a.warn("phivault: note: " + itoa(more) + " more refusals are not listed")
	}
	return t.close()
}

// input gives what an argument names. done lets go of it.
func (a *app) input(ctx context.Context, s *session, arg string, codecs []vault.Codec) (in vault.Input, done func(), err error) {
	if arg != "-" {
		in, err = codec.Open(arg, codecs)
		if errors.Is(err, vault.ErrUsage) {
			err = usage("it is not a regular file", "give a pipe as -")
		}
		return in, func() {}, err
	}
	if err := a.stdinIsData(); err != nil {
		return nil, nil, err
	}
	p := a.progress("Reading stdin")
	defer p.end()
	sp, err := newSpool(ctx, s.Dir(), a.stdin, func(n int64) { p.show(amounts{bytes: n}) })
	if err != nil {
		return nil, nil, err
	}
	return codec.Stream("-", sp.open, codecs), sp.close, nil
}

// sizeOf is the size of all inputs in bytes, 0 when one of them does not tell.
func sizeOf(args []string) (total int64) {
	for _, arg := range args {
		if arg == "-" {
			return 0
		}
		err := filepath.WalkDir(arg, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			fi, err := os.Stat(p)
			if err == nil && fi.Mode().IsRegular() {
				total += fi.Size()
			}
			switch filepath.Ext(p) {
			case ".gz", ".zip":
				return errPacked
			}
			return nil
		})
		if err != nil {
			return 0
		}
	}
	return total
}

// errPacked: what an archive holds is not known from its size.
var errPacked = errors.New("packed")
