package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"phivault/vault"
)

type rmFlags struct {
	dryRun, yes, undo, purge bool
}

func (a *app) rmCommand() *cobra.Command {
	var f rmFlags
	c := &cobra.Command{
		Use:   "rm ID…",
		Short: "Delete records; their history stays",
		Long: `Rm puts a tombstone on records. They no longer show up and importing them again
does not bring them back, but their history stays and can be read. --undo brings
deleted records back as they were, byte for byte.

--purge removes all that the records ever said, with their attachments, for good:
here at once, on every other device when it syncs. That there was a record, when it
was changed and by which device stays, and who purged it. It is an owner's device's
to do. It cannot reach objects that lie at remotes already, nor backups: delete
those yourself.`,
		Args: takes(1, -1, "ids"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.purge {
				if f.undo {
					return usage("what was purged cannot be brought back", "give --purge or --undo")
				}
				return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.purge(ctx, s, args, &f) })
			}
			if f.undo {
				return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.undelete(ctx, s.Vault.Vault, args, &f) })
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.rm(ctx, s.Vault.Vault, args, &f) })
		},
	}
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be deleted")
	c.Flags().BoolVar(&f.undo, "undo", false, "bring deleted records back as they were")
	c.Flags().BoolVar(&f.purge, "purge", false, "remove all that the records ever said, for good")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	return c
}

func (a *app) rm(ctx context.Context, v *vault.Vault, ids []string, f *rmFlags) error {
	var records []vault.Record
	seen := map[vault.RecordID]bool{}
	for _, what := range ids {
		r, err := fetch(ctx, v, what, 0)
		if err != nil {
			return err
		}
		if !seen[r.ID] {
			records = append(records, r)
		}
		seen[r.ID] = true
	}
	about, err := othersAbout(ctx, v, records, seen)
	if err != nil {
		return err
	}
	if about > 0 {
		a.note(count(about, "record that stays is", "records that stay are") + " about a patient deleted here.")
	}
	if f.dryRun {
		return a.rmShow(records, "would be deleted")
	}
	if !f.yes {
		if err := a.confirm(ctx, false, rmQuestion(records)); err != nil {
			return err
		}
	}
	if err := v.Delete(ctx, records...); err != nil {
		return err
	}
	if err := a.rmShow(records, "deleted"); err != nil {
		return err
	}
	a.note(`"phivault rm --undo" with the same ids brings back what was deleted.`)
	return nil
}

// othersAbout counts the records about the patients among records that are not
// deleted with them.
func othersAbout(ctx context.Context, v *vault.Vault, records []vault.Record, seen map[vault.RecordID]bool) (n int, err error) {
	for _, r := range records {
		if r.Resource.Type != "Patient" {
			continue
		}
		for other, err := range v.Rows(ctx, vault.Query{Patient: r.ID}) {
			if err != nil {
				return 0, err
			}
			if !seen[other.ID] {
				n++
			}
		}
	}
	return n, nil
}

// rmQuestion names a single record, which only the terminal sees.
func rmQuestion(records []vault.Record) string {
	if len(records) > 1 {
		return "Delete " + count(len(records), "record", "records") + "?"
	}
	r := &records[0].Resource
	text := "Delete " + r.Type + " " + clean(orUnknown(r.Title))
	if r.Date != "" {
		text += " of " + clean(r.Date)
	}
	return text + "?"
}

// undelete brings all of the records back, or none.
func (a *app) undelete(ctx context.Context, v *vault.Vault, ids []string, f *rmFlags) error {
	result := "brought back"
	if f.dryRun {
		result = "would be brought back"
	}
	var records []vault.Record
	seen := map[vault.RecordID]bool{}
	for _, what := range ids {
		id, err := v.Lookup(ctx, what)
		if err != nil {
			return err
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		r, err := v.Get(ctx, id)
		if err == nil {
			return usage("the record is not deleted", `"phivault list --deleted" shows those that are`)
		}
		if errors.Is(err, vault.ErrPurged) || !errors.Is(err, vault.ErrDeleted) {
			return err
		}
		records = append(records, r)
	}
	if !f.dryRun {
		var err error
		if records, err = v.Undelete(ctx, records...); err != nil {
			return err
		}
	}
	return a.rmShow(records, result)
}

func (a *app) rmShow(records []vault.Record, result string) error {
	t := newTable(a.out, column{title: "ID"}, column{title: "TYPE"}, column{title: "VERSION", right: true}, column{title: "RESULT"})
	for _, r := range records {
		var err error
		if a.g.json {
			err = a.emit(doneObject{Schema: "phivault.rm.v1", ID: r.ID.String(), Version: r.Version, Result: result})
		} else {
			err = t.row(r.ID.String(), r.Resource.Type, itoa(r.Version), result)
		}
		if err != nil {
			return err
		}
	}
	return t.close()
}
