package main

import (
	"context"
	"strings"

	"phivault/tui/plain"
	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// readable shows a record for people: whose it is and where it comes from, and
// then everything it says, nothing left out and no number rounded.
func (a *app) readable(ctx context.Context, v *vault.Vault, r *vault.Record) error {
	res := &r.Resource
	pairs := [][2]string{{res.Type, orUnknown(res.Title)}}
	if !r.Patient.IsZero() && r.Patient != r.ID {
		pairs = append(pairs, [2]string{"Patient", v.PatientName(ctx, r.Patient)})
	}
	version := itoa(r.Version)
	if r.Conflict {
		version += ", in conflict: more than one version counts"
	}
	pairs = append(pairs, [2]string{"Id", r.ID.String() + "  (" + strings.TrimSuffix(res.Type+"/"+res.ID, "/") + ")"},
		[2]string{"Source", r.Source}, [2]string{"Version", version})
	if err := writeFields(a.out, pairs); err != nil {
		return err
	}
	if _, err := a.out.Write([]byte("\n")); err != nil {
		return err
	}
	return writeLines(a.out, fhir.ViewSaid(res, fhir.Said{Name: func(reference string) string {
		id, err := v.Resolve(ctx, *r, reference)
		if err != nil {
			return ""
		}
		return v.PatientName(ctx, id) // a title, of whatever the record is
	}}))
}

func orUnknown(s string) string {
	if s == "" {
		return "(no title)"
	}
	return s
}

// writeLines writes a view, indented and wrapped to the terminal.
func writeLines(out *sink, view []fhir.Line) error {
	for _, l := range view {
		if err := writeLine(out, l); err != nil {
			return err
		}
	}
	return nil
}

func writeLine(out *sink, l fhir.Line) error {
	indent := strings.Repeat("  ", l.Depth)
	label := clean(l.Label)
	lines := plain.Lines(l.Text)
	if room := out.cols - widget.Width(indent) - widget.Width(label) - 2; out.tty && room > 20 {
		var short []string
		for _, l := range lines {
			short = append(short, widget.Wrap(l, room)...)
		}
		lines = short
	}
	head := indent + label
	for i, text := range lines {
		if i > 0 {
			head = strings.Repeat(" ", widget.Width(head))
		}
		if _, err := out.Write([]byte(strings.TrimRight(head+"  "+text, " ") + "\n")); err != nil {
			return err
		}
	}
	return nil
}
