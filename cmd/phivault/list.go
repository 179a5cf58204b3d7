package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
	"phivault/vault/fhir"
)

func (a *app) listCommand() *cobra.Command {
	var f filter
	c := &cobra.Command{
		Use:   "list [TYPE]",
		Short: "List records",
		Args:  takes(0, 1, "at most one type"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				if f.typ != "" {
					return usage("the type is given twice", "")
				}
				f.typ = args[0]
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.list(ctx, s.Vault.Vault, &f) })
		},
	}
	f.flags(c, "patient", "type", "code", "source", "since", "until", "limit", "sort", "deleted", "conflicts")
	return c
}

func (a *app) list(ctx context.Context, v *vault.Vault, f *filter) error {
	q, err := f.query(ctx, v)
	if err != nil {
		return err
	}
	if a.g.json {
		for r, err := range v.Rows(ctx, q) {
			if err == nil {
				err = a.emit(newRecordObject(ctx, v, &r))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	t := a.recordTable(q.Patient.IsZero() && q.Type != "Patient")
	n := 0
	for r, err := range v.Rows(ctx, q) {
		if err == nil {
			err = t.record(ctx, v, &r)
		}
		if err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		a.note(nothingText(q))
		a.noteType(q)
	}
	return t.close()
}

// noteType says which type may have been meant where one that is hardly known
// selects nothing. It is no error: a vault holds records of any type.
func (a *app) noteType(q vault.Query) {
	if near := nearestType(q.Type, fhir.Types()); near != "" {
		a.note("Did you mean " + near + "?")
	}
}

// nothingText says what an empty listing means, and above all what it does not.
func nothingText(q vault.Query) string {
	switch q.Type {
	case "AllergyIntolerance":
		return `No allergy records. That is not "no known allergies".`
	case "":
		return "No records."
	}
	return "No " + q.Type + " records."
}

// recordTable is the table of list and search.
type recordTable struct {
	*table
	patients bool
}

func (a *app) recordTable(patients bool) *recordTable {
	cols := []column{{title: "ID"}, {title: "DATE"}, {title: "TYPE", shrink: 2, most: 20}, {title: "TITLE", shrink: 3},
		{title: "VALUE", shrink: 2, most: 32}, {title: "FLAG"}}
	if patients {
		cols = append(cols, column{title: "PATIENT", shrink: 2, most: 24, once: true})
	}
	cols = append(cols, column{title: "SOURCE", shrink: 2, most: 16, once: true})
	return &recordTable{table: newTable(a.out, cols...), patients: patients}
}

func (t *recordTable) record(ctx context.Context, v *vault.Vault, r *vault.Row) error {
	title := r.Title
	if title == "" {
		title = r.Code.Code
	}
	if r.Conflict {
		title = "(conflict) " + title
	}
	value := fhir.Amount(r.Value, r.Unit)
	if r.Value == "" {
		value = ""
	}
	cells := []string{t.out.record(r.ID), day(r.Date), r.Type, title, value, ""}
	if r.Type == "Observation" && value != "" || r.Flag != "" {
		cells[5] = flagText(r.Flag, t.out.utf8)
	}
	if t.patients {
		name := ""
		if r.Patient != r.ID {
			name = v.PatientName(ctx, r.Patient)
		}
		cells = append(cells, name)
	}
	return t.row(append(cells, r.Source)...)
}

// flagText shows a flag as a sign and its letters, so that neither colour nor
// memory is needed; without one it says so, and nothing is made up.
func flagText(flag string, utf8 bool) string {
	if flag == "" {
		if !utf8 {
			return "-"
		}
		return "–"
	}
	if !utf8 {
		return flag
	}
	switch {
	case strings.HasPrefix(flag, "HH"):
		return "▲▲ " + flag
	case strings.HasPrefix(flag, "H"):
		return "▲ " + flag
	case strings.HasPrefix(flag, "LL"):
		return "▼▼ " + flag
	case strings.HasPrefix(flag, "L"):
		return "▼ " + flag
	case flag == "N":
		return "· " + flag
	}
	return "◆ " + flag
}

// rangeText is a reference range as it was supplied.
func rangeText(low, high, text string) string {
	switch {
	case low != "" && high != "":
		return low + "–" + high
	case low != "":
		return "≥ " + low
	case high != "":
		return "≤ " + high
	case text != "":
		return text
	}
	return "no range supplied"
}
