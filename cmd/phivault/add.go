package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
	"phivault/vault/fhir/compose"
)

type addFlags struct {
	composed
	file, source string
}

func (a *app) addCommand() *cobra.Command {
	var f addFlags
	c := &cobra.Command{
		Use:   "add TYPE",
		Short: "Add a record, from flags, a file or stdin",
		Long: `Add takes in a record: patient, observation, condition, medication, allergy,
immunization and note from flags, any FHIR resource from --file (- is stdin). Flags
can be seen in the process list and in the shell's history; a file and stdin cannot.
A note's text comes from --text or, with --text -, from stdin.`,
		Example: `  phivault add patient --name "Ada Sample" --birth-date 1970-01-31 --gender female
  phivault add observation --patient Sample --code loinc|4548-4 --display HbA1c --value 6.30 --unit % --date 2026-03-09
  phivault add Procedure --file -`,
		Args: takes(1, 1, "one type"),
		RunE: func(c *cobra.Command, args []string) error {
			typ, known := types[args[0]]
			if !known {
				typ = typeNamed(args[0])
			}
			switch {
			case !isTypeName(typ):
				return usage("there is no such type", "patient, observation, condition, medication, allergy, immunization, note, or a resourceType")
			case f.file == "" && !isComposable(typ):
				return usage("records of this type come from --file", "")
			case f.file != "" && f.patient != "":
				return usage("--patient and --file exclude each other: the file says whom it is about", "--source says whose patients it means")
			case f.file == "" && f.patient == "" && typ != "Patient":
				return usage("--patient is needed", `"phivault list Patient" shows the ids`)
			}
			if err := f.checkFlags(c.Flags(), typ); err != nil {
				return err
			}
			if err := f.complete(a, typ); err != nil {
				return err
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.add(ctx, s.Vault.Vault, typ, &f) })
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.file, "file", "", "a FHIR resource in JSON from `file`; - is stdin")
	fs.StringVar(&f.source, "source", "", "the source that its references mean (with --file)")
	fs.StringVar(&f.patient, "patient", "", "the `patient`: an id, Patient/ID, or a name that only one has")
	fs.StringVar(&f.code, "code", "", "`code`, system|code, or loinc|, snomed|, rxnorm|, cvx|, icd10|code")
	fs.StringVar(&f.display, "display", "", "the code in words")
	fs.StringVar(&f.value, "value", "", "the value; digits are kept as typed")
	fs.StringVar(&f.unit, "unit", "", "its unit")
	fs.StringVar(&f.date, "date", "", "when: 2026-03-09, with time and zone, today or now (observations and notes: now unless given)")
	fs.StringVar(&f.status, "status", "", "FHIR status, else the usual one")
	fs.StringVar(&f.text, "text", "", "a remark, or a note's `text`; - is stdin")
	fs.StringVar(&f.name, "name", "", `a patient's name: "Given Family" or "Family, Given"`)
	fs.StringVar(&f.birthDate, "birth-date", "", "a patient's birth `date`")
	fs.StringVar(&f.gender, "gender", "", "male, female, other or unknown")
	return c
}

func isComposable(typ string) bool {
	for _, t := range types {
		if t == typ {
			return true
		}
	}
	return false
}

// complete checks the flags of a composed record, and reads a text from stdin.
func (f *addFlags) complete(a *app, typ string) (err error) {
	if f.file != "" {
		return nil
	}
	if f.text == "-" {
		if f.text, err = a.readText(); err != nil {
			return err
		}
	}
	switch {
	case typ == "Patient" && strings.TrimSpace(f.name) == "":
		return usage("--name is needed", "")
	case typ == "DocumentReference" && f.text == "":
		return usage("--text is needed", "")
	case typ != "Patient" && typ != "DocumentReference" && f.code == "" && f.display == "":
		return usage("--code or --display is needed", "")
	}
	f.settle(a.now(), typ)
	for _, err := range []error{f.checkDates(), f.checkCode(), f.checkValue(typ)} {
		if err != nil {
			return err
		}
	}
	if f.gender != "" && !slices.Contains(compose.Genders(), f.gender) {
		return usage("--gender is male, female, other or unknown", "")
	}
	return nil
}

// readText reads stdin as text of at most a megabyte.
func (a *app) readText() (string, error) {
	if err := a.stdinIsData(); err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(a.stdin, 1<<20+1))
	if err != nil {
		return "", because(err, "stdin cannot be read")
	}
	if len(b) > 1<<20 {
		return "", failed("limit", "the text is over 1 MiB", "import it as a document")
	}
	return string(b), nil
}

func (a *app) add(ctx context.Context, v *vault.Vault, typ string, f *addFlags) error {
	source := f.source
	var b []byte
	var err error
	if f.file != "" {
		b, err = a.readInput(f.file)
	} else {
		var subject string
		if typ != "Patient" {
			if subject, source, err = subjectOf(ctx, v, f.patient); err != nil {
				return err
			}
		}
		if f.display == "" && f.code != "" {
			if f.display, err = calledHere(ctx, v, f.code); err != nil {
				return err
			}
		}
		b = f.resource(typ, subject)
	}
	if err != nil {
		return err
	}
	r, err := parseOne(ctx, v, b)
	if err == nil && r.ID == "" {
		r, err = parseOne(ctx, v, withID(b))
	}
	if err != nil {
		return err
	}
	if r.Type != typ {
		return usage("the resource is of another type than the one named", "")
	}
	rec, err := addTo(ctx, v, source, r)
	if err != nil {
		return err
	}
	if f.file == "" {
		a.slips(nil, r)
	}
	if r.Subject != "" && rec.Patient.IsZero() {
		a.warn("phivault: note: its source has no such patient, so it belongs to nobody; --source names the one whose patients it means")
	}
	return a.saved(&rec, "phivault.add.v1", "added")
}

// calledMost is how many records of a code are asked what it is called.
const calledMost = 20

// calledHere gives what the newest records of this very code call it, or "".
func calledHere(ctx context.Context, v *vault.Vault, typed string) (string, error) {
	system, code := compose.Coding(typed)
	if system == "" {
		return "", nil
	}
	for r, err := range v.Rows(ctx, vault.Query{Code: system + "|" + code, Limit: calledMost}) {
		if err != nil {
			return "", err
		}
		for _, c := range append(r.Codings[:len(r.Codings):len(r.Codings)], r.Code) {
			if c.System == system && c.Code == code && c.Display != "" && c.Display != code {
				return c.Display, nil
			}
		}
	}
	return "", nil
}

// subjectOf gives the reference to a patient and the source in which it holds.
func subjectOf(ctx context.Context, v *vault.Vault, what string) (reference, source string, err error) {
	id, err := findPatient(ctx, v, what)
	if err != nil {
		return "", "", err
	}
	p, err := v.Get(ctx, id)
	if err != nil {
		return "", "", err
	}
	if p.Resource.Type != "Patient" || p.Resource.ID == "" {
		return "", "", usage("the record is not a patient that others can refer to", "")
	}
	return "Patient/" + p.Resource.ID, p.Source, nil
}

// addTo adds a record among those of source, "" meaning this vault's own.
func addTo(ctx context.Context, v *vault.Vault, source string, r *vault.Resource) (vault.Record, error) {
	rec, err := v.Add(ctx, cmp.Or(source, vault.LocalSource), r)
	if errors.Is(err, vault.ErrChanged) {
		err = failed("exists", "there is a record with this id", "edit it instead")
	}
	return rec, err
}

// saved says under which id and version a record stands now.
func (a *app) saved(r *vault.Record, schema, result string) error {
	if a.g.json {
		return a.emit(doneObject{Schema: schema, ID: r.ID.String(), Version: r.Version, Result: result})
	}
	_, err := a.out.Write([]byte(r.ID.String() + "  version " + itoa(r.Version) + "  " + result + "\n"))
	return err
}
