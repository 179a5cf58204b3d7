package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"phivault/vault"
)

type exportFlags struct {
	filter
	format, output string
	force          bool
}

func (a *app) exportCommand() *cobra.Command {
	f := exportFlags{filter: filter{sort: "added"}}
	c := &cobra.Command{
		Use:   "export",
		Short: "Write records out, in the clear",
		Long: `Export writes the selected records as they came in, byte for byte, attachments
included. What it writes is not encrypted any more, so it asks for the passphrase
again, and does not write to a terminal without --force. The audit trail has the
export before the first byte leaves. Without any filter, records come in the order in
which they were added, else the newest first.`,
		Args: without("-o FILE writes to a file; --patient, --type and others select records"),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.filter.all() && !c.Flags().Changed("sort") {
				f.sort = "added" // what no index can leave out, in the order in which it lies on the disk
			}
			if _, err := newEncoder(c.Context(), f.format, io.Discard, nil); err != nil {
				return err
			}
			if f.output == "-" && a.out.tty && !f.force {
				return usage("records would go to the terminal in the clear", "write to a file with -o, into a pipe, or insist with --force")
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.export(ctx, s, &f) })
		},
	}
	f.flags(c, "patient", "type", "code", "source", "since", "until", "limit", "sort")
	fs := c.Flags()
	fs.StringVar(&f.format, "format", "bundle", "bundle, ndjson or csv")
	fs.StringVarP(&f.output, "output", "o", "-", "write to `file`; - is stdout")
	fs.BoolVar(&f.force, "force", false, "write to a terminal, or replace the file")
	fs.Bool("yes", false, "accepted for scripts; a passphrase is asked for all the same")
	return c
}

func (a *app) export(ctx context.Context, s *session, f *exportFlags) error {
	v := s.Vault.Vault
	q, err := f.query(ctx, v)
	if err != nil {
		return err
	}
	if err := s.reauth(ctx); err != nil {
		return err
	}
	if err := s.Record(ctx, vault.ActionExport, q.Patient); err != nil {
		return err
	}
	out, err := a.output(f.output, f.force)
	if err != nil {
		return err
	}
	begun := a.now()
	n, err := a.encode(ctx, v, q, f.format, out)
	if err := out.end(err); err != nil {
		return err
	}
	if f.output != "-" && a.g.json {
		return a.emit(out.written(f.format, n, a.since(begun)))
	}
	if f.output != "-" {
		a.note(count(n, "record", "records") + " written, not encrypted.")
	}
	return nil
}

func (a *app) encode(ctx context.Context, v *vault.Vault, q vault.Query, format string, out io.Writer) (n int64, err error) {
	enc, err := newEncoder(ctx, format, out, v)
	if err != nil {
		return 0, err
	}
	p := a.progress("Exporting")
	defer p.end()
	for r, err := range v.Find(ctx, q) {
		if err == nil {
			err = enc.Encode(ctx, r)
		}
		if err != nil {
			return n, err
		}
		n++
		p.show(amounts{items: n})
	}
	return n, enc.Close()
}
