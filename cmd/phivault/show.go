package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"phivault/tui/plain"
	"phivault/vault"
)

type showFlags struct {
	meta, readable, raw bool
	version             int
	attachment          int
	attached            bool
	output              string
	force               bool
}

func (a *app) showCommand() *cobra.Command {
	var f showFlags
	c := &cobra.Command{
		Use:   "show ID",
		Short: "One record: its own bytes, or a readable view",
		Long: `Show writes the record's own JSON into a pipe or a file, byte for byte as it came
in, attachments included. On a terminal it shows a view for people; --raw writes
the JSON there too, --json indented and with characters that a terminal would act
on as \uXXXX. --readable is the view anywhere, --meta what the vault knows about
the record (phivault.record.v1).`,
		Args: takes(1, 1, "one id"),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("version") && f.version < 1 {
				return usage("--version counts from 1", `"phivault history" lists the versions`)
			}
			if f.meta && f.readable || f.meta && f.raw || f.readable && f.raw {
				return usage("--meta, --readable and --raw exclude each other", "")
			}
			if !c.Flags().Changed("attachment") && (c.Flags().Changed("output") || f.force) {
				return usage("--output and --force go with --attachment", "")
			}
			f.attached = c.Flags().Changed("attachment")
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.show(ctx, s, args[0], &f) })
		},
	}
	c.Flags().BoolVar(&f.meta, "meta", false, "what the vault knows about it, as JSON")
	c.Flags().BoolVar(&f.readable, "readable", false, "a view for people")
	c.Flags().BoolVar(&f.raw, "raw", false, "the bytes as they are, also to a terminal")
	c.Flags().IntVar(&f.attachment, "attachment", 0, "the document in it, decoded; the `N`th with --attachment=N")
	c.Flags().Lookup("attachment").NoOptDefVal = "1"
	c.Flags().StringVarP(&f.output, "output", "o", "-", "with --attachment: write to `file`; - is stdout")
	c.Flags().BoolVar(&f.force, "force", false, "with --attachment: write to a terminal, or replace the file")
	c.Flags().IntVar(&f.version, "version", 0, "as it was in version `N`")
	return c
}

func (a *app) show(ctx context.Context, s *session, what string, f *showFlags) error {
	v := s.Vault.Vault
	r, err := fetch(ctx, v, what, f.version)
	if err != nil {
		return err
	}
	switch {
	case f.attached:
		return a.attachment(ctx, s, &r, f.attachment, f.output, f.force)
	case f.meta:
		row := r.Row()
		return a.emit(newRecordObject(ctx, v, &row))
	case f.readable, a.out.tty && !f.raw && !a.g.json:
		return a.readable(ctx, v, &r)
	case a.out.tty && !f.raw:
		return a.pretty(ctx, v, &r)
	}
	if err := v.WriteJSON(ctx, a.out, r); err != nil {
		return err
	}
	if a.out.tty {
		_, err = a.out.Write([]byte("\n"))
	}
	return err
}

// fetch gives a record by its id, now or in one of its versions (0: now).
func fetch(ctx context.Context, v *vault.Vault, what string, version int) (vault.Record, error) {
	id, err := v.Lookup(ctx, what)
	if err != nil {
		return vault.Record{}, err
	}
	if version == 0 {
		return v.Get(ctx, id)
	}
	r, err := v.At(ctx, id, version)
	if errors.Is(err, vault.ErrNotFound) {
		err = failed("not_found", "the record has no such version", `"phivault history" lists them`)
	}
	return r, err
}

// pretty writes the JSON indented, which changes nothing inside strings, and
// without anything that a terminal acts on. Attachments that had been cut out
// stay out: they are long, and of no use on a screen.
func (a *app) pretty(ctx context.Context, v *vault.Vault, r *vault.Record) error {
	var b bytes.Buffer
	if err := json.Indent(&b, r.Resource.JSON, "", "  "); err != nil {
		return vault.WriteResource(ctx, a.out, v.Blobs(), &r.Resource)
	}
	b.WriteByte('\n')
	if _, err := a.out.Write(plain.JSON(b.Bytes())); err != nil {
		return err
	}
	for _, c := range r.Resource.Cuts {
		a.note("An attachment of " + sizeText(c.Size) + " is left out here; a pipe or --raw gives it.")
	}
	return nil
}
