package main

import (
	"context"

	"github.com/spf13/cobra"

	"phivault/vault"
)

type rmFlags struct {
	dryRun, yes bool
}

func (a *app) rmCommand() *cobra.Command {
	var f rmFlags
	c := &cobra.Command{
		Use:   "rm ID…",
		Short: "Delete records; their history stays",
		Long: `Rm puts a tombstone on records. They no longer show up and importing them again
does not bring them back, but their history stays and can be read.`,
		Args: takes(1, -1, "ids"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.rm(ctx, s.Vault.Vault, args, &f) })
		},
	}
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be deleted")
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
	if f.dryRun {
		return a.rmShow(records, "would be deleted")
	}
	if !f.yes {
		if err := a.confirm(ctx, false, "Delete "+itoa(len(records))+" records?"); err != nil {
			return err
		}
	}
	if err := v.Delete(ctx, records...); err != nil {
		return err
	}
	return a.rmShow(records, "deleted")
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
