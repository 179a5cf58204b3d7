package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
	"phivault/vault/journal"
)

// quarantinedObject is phivault.quarantined.v1: what a removed device wrote after
// its cut-off.
type quarantinedObject struct {
	Schema   string `json:"schema"`
	Revision string `json:"revision"`
	Record   string `json:"record"`
	Op       string `json:"op"`     // put or tombstone
	Device   string `json:"device"` // letter
	At       string `json:"at"`     // by the device's clock, as in phivault.revision.v1
	Sent     bool   `json:"sent"`   // at is when it was sent
	Type     string `json:"type"`
	Title    string `json:"title"`
	Date     string `json:"date"`
	Adopted  bool   `json:"adopted"` // the same stands in the record's history
}

// adoptObject is phivault.adopt.v1.
type adoptObject struct {
	Schema  string `json:"schema"`
	Adopted int    `json:"adopted"`
}

func (a *app) quarantineCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list [DEVICE]", Short: "What removed devices wrote after their removal", Args: takes(0, 1, "a device"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.quarantineList(ctx, s, args) })
		},
	}
	show := &cobra.Command{
		Use: "show REVISION", Short: "One of them, as the device wrote it", Args: takes(1, 1, "a revision"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.quarantineShow(ctx, s, args[0]) })
		},
	}
	var all string
	var yes bool
	adopt := &cobra.Command{
		Use:   "adopt REVISION…",
		Short: "Take over what a removed device wrote",
		Long: `Adopt writes revisions that are set aside into this device's log, as they are: they
count from then on, here and, with the next sync, everywhere. A revision of a
record that others changed since becomes a conflict, which "phivault conflicts"
settles. Look at them first: the device was removed for some reason.`,
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 0) == (all == "") {
				return usage("revisions are needed, or --all DEVICE", `"phivault device quarantine list" shows them`)
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.quarantineAdopt(ctx, s, args, all, yes) })
		},
	}
	adopt.Flags().StringVar(&all, "all", "", "everything of `device`")
	adopt.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return group("quarantine", "What removed devices wrote after their removal: kept, without effect", list, show, adopt)
}

// asidesOf gives what is set aside of one device, or of all.
func (s *session) asidesOf(ctx context.Context, device string) (out []vault.Aside, letters map[[16]byte]string, err error) {
	j, err := s.ReadJournal(ctx)
	if err != nil {
		return nil, nil, err
	}
	var only *journal.Member
	if device != "" {
		m, err := deviceNamed(j, device)
		if err != nil {
			return nil, nil, err
		}
		only = &m
	}
	letters = map[[16]byte]string{}
	for _, m := range j.Members() {
		letters[m.Device] = m.Letter
	}
	all, err := s.Asides(ctx)
	for _, x := range all {
		if only == nil || x.Log.Device == [16]byte(only.Device) {
			out = append(out, x)
		}
	}
	return out, letters, err
}

func (a *app) quarantineList(ctx context.Context, s *session, args []string) error {
	all, letters, err := s.asidesOf(ctx, strings.Join(args, ""))
	if err != nil {
		return err
	}
	t := newTable(a.out, column{title: "REVISION"}, column{title: "DEVICE"}, column{title: "RECORD"}, column{title: "TYPE"},
		column{title: "DATE"}, column{title: "TITLE", shrink: 1}, column{title: ""})
	for _, x := range all {
		r, err := s.Aside(ctx, x)
		if err != nil {
			return err
		}
		o := quarantinedObject{"phivault.quarantined.v1", x.Revision.String(), x.Header.Record.String(), x.Header.Kind.String(), letters[x.Log.Device],
			stamp(x.At), x.Sent, r.Resource.Type, r.Resource.Title, r.Resource.Date, x.Stands}
		var note []string
		if r.Deleted {
			note = append(note, "deletion")
		}
		if o.Adopted {
			note = append(note, "adopted")
		}
		if a.g.json {
			err = a.emit(o)
		} else {
			err = t.row(a.out.id(o.Revision, 12), o.Device, a.out.record(x.Header.Record), o.Type, o.Date, clean(o.Title), strings.Join(note, ", "))
		}
		if err != nil {
			return err
		}
	}
	if len(all) == 0 {
		a.note("Nothing is set aside.")
	}
	return t.close()
}

// asideNamed finds one by the beginning of its revision. The same revision may have
// come from several removed devices: any of them will do.
func asideNamed(all []vault.Aside, what string) (found vault.Aside, err error) {
	n := map[vault.RevisionID]bool{}
	for _, x := range all {
		if len(what) >= 4 && strings.HasPrefix(x.Revision.String(), strings.ToLower(what)) {
			found = x
			n[x.Revision] = true
		}
	}
	switch len(n) {
	case 0:
		return found, failed("not_found", "nothing that is set aside has this revision", `"phivault device quarantine list" shows them`)
	case 1:
		return found, nil
	}
	return found, failed("ambiguous", "several revisions begin like this", "give more of it")
}

func (a *app) quarantineShow(ctx context.Context, s *session, what string) error {
	all, _, err := s.asidesOf(ctx, "")
	if err != nil {
		return err
	}
	x, err := asideNamed(all, what)
	if err != nil {
		return err
	}
	r, err := s.Aside(ctx, x)
	switch {
	case err != nil:
		return err
	case r.Deleted:
		a.note("It deletes record " + r.ID.String() + ".")
		return nil
	}
	if err := s.Vault.Vault.WriteJSON(ctx, a.out, r); err != nil {
		return err
	}
	_, err = a.out.Write([]byte("\n"))
	return err
}

func (a *app) quarantineAdopt(ctx context.Context, s *session, names []string, device string, yes bool) error {
	all, _, err := s.asidesOf(ctx, device)
	if err != nil {
		return err
	}
	take := all
	if device == "" {
		take = nil
		for _, name := range names {
			x, err := asideNamed(all, name)
			if err != nil {
				return err
			}
			take = append(take, x)
		}
	}
	if len(take) > 0 {
		if err := a.confirm(ctx, yes, "Take over "+count(len(take), "revision", "revisions")+" that a removed device wrote?"); err != nil {
			return err
		}
	}
	n, err := s.Adopt(ctx, take)
	if err != nil {
		return err
	}
	if a.g.json {
		return a.emit(adoptObject{"phivault.adopt.v1", n})
	}
	_, err = a.out.Write([]byte(count(n, "revision counts", "revisions count") + " from now on. Others learn of it when they sync.\n"))
	return err
}
