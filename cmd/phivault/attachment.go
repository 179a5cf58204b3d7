package main

import (
	"bytes"
	"context"
	"io"

	"phivault/tui"
	"phivault/vault"
)

// attachment writes the nth document of a record, decoded, to a file or stdout.
func (a *app) attachment(ctx context.Context, s *session, r *vault.Record, n int, output string, force bool) error {
	files := tui.AttachmentsOf(&r.Resource)
	switch {
	case len(files) == 0:
		return failed("not_found", "the record has no attachment", "")
	case n < 1 || n > len(files):
		return failed("not_found", "the record has "+count(int64(len(files)), "attachment", "attachments"), "--attachment=N counts from 1")
	case output == "-" && a.out.tty && !force:
		return usage("an attachment is not for a terminal", "name a file with -o, or insist with --force")
	}
	if err := s.Record(ctx, vault.ActionExport, r.Patient); err != nil {
		return err
	}
	f := files[n-1]
	from := io.ReadCloser(io.NopCloser(bytes.NewReader(f.Data)))
	if f.Data == nil {
		var err error
		if from, err = s.Blobs().OpenBlob(ctx, f.Blob); err != nil {
			return err
		}
	}
	defer from.Close()
	out, err := a.output(output, force)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	if err := out.end(err); err != nil {
		return err
	}
	if output != "-" {
		a.note("Attachment " + itoa(int64(n)) + " of " + itoa(int64(len(files))) + ", " + clean(f.Type) + ", " + sizeText(f.Size) + ", written, not encrypted.")
	}
	return nil
}
