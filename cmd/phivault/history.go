package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) historyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "history ID",
		Short: "Every version of a record",
		Long: `History lists the versions of a record as this device came to know them; their
numbers are its own. Each has the time it was made, by the clock of the device that
made it; "sent" before the time says that the device did not tell, and sent it then,
which may be days later. No time tells which of two versions is the newer one.`,
		Args: takes(1, 1, "one id"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.history(ctx, s, args[0]) })
		},
	}
}

func (a *app) history(ctx context.Context, s *session, what string) error {
	v := s.Vault.Vault
	id, err := v.Lookup(ctx, what)
	if err != nil {
		return err
	}
	revisions, err := v.History(ctx, id)
	if err != nil {
		return err
	}
	t := newTable(a.out, column{title: "VERSION", right: true}, column{title: "AT"}, column{title: "REVISION"}, column{title: "OP"}, column{title: "BYTES", right: true},
		column{title: "SHA-256"}, column{title: "DEVICE"})
	called := func(id string) string { return id }
	if !a.g.json {
		called = s.called(ctx)
	}
	for i := range revisions {
		o := newRevisionObject(&revisions[i])
		if a.g.json {
			err = a.emit(o)
		} else {
			op, at := o.Op, " on "
			if o.Purged != nil && o.Purged.Sent {
				at = ", sent "
			}
			switch {
			case o.Purged != nil:
				op += ", content removed on purpose by " + called(o.Purged.Device) + at + o.Purged.At
			case o.Gone:
				op += ", content not here"
			}
			err = t.row(itoa(o.Version), when(o.At, o.Sent), a.out.id(o.Revision, 10), op, itoa(int64(o.Bytes)), a.out.id(o.SHA256, 10), called(o.Device))
		}
		if err != nil {
			return err
		}
	}
	return t.close()
}
