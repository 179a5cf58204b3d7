package tui

import (
	"context"

	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// namesMost bounds the references of one record that are followed for a view.
const namesMost = 200

// viewOf writes a record out as people read it: dates as everywhere here, and names
// in place of references. The JSON beside it stays as it is.
func viewOf(ctx context.Context, in Session, r vault.Record) []fhir.Line {
	return fhir.ViewSaid(&r.Resource, fhir.Said{Date: readableText, Name: namer(ctx, in, r)})
}

// namer gives what the references of a record mean, in words. Nothing of it is
// noted as read: only titles are looked at.
func namer(ctx context.Context, in Session, r vault.Record) func(string) string {
	known := map[string]string{}
	return func(reference string) string {
		name, ok := known[reference]
		if ok || len(known) >= namesMost {
			return name
		}
		if id, err := in.Survey().Resolve(ctx, r, reference); err == nil {
			name = widget.Clean(in.Survey().PatientName(ctx, id))
		}
		known[reference] = name
		return name
	}
}
