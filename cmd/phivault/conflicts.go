package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"

	"github.com/spf13/cobra"

	"phivault/vault"
)

type headObject struct {
	Version int    `json:"version"`
	Op      string `json:"op"`
	At      string `json:"at"`   // by the clock of the device, as in phivault.revision.v1
	Sent    bool   `json:"sent"` // at is when it was sent
	Device  string `json:"device"`
	SHA256  string `json:"sha256"`
	Shown   bool   `json:"shown"` // until somebody decides
}

// conflictObject is phivault.conflict.v1.
type conflictObject struct {
	Schema      string       `json:"schema"`
	ID          string       `json:"id"`
	Type        string       `json:"type"`
	Title       string       `json:"title"`
	Date        string       `json:"date"`
	Patient     string       `json:"patient"`
	PatientName string       `json:"patient_name"`
	Versions    []headObject `json:"versions"`
}

type resolveFlags struct {
	version int
	file    string
	remove  bool
}

func (a *app) conflictsCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "Records with several versions that count", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.conflicts(ctx, s.Vault.Vault) })
		},
	}
	show := &cobra.Command{
		Use: "show ID", Short: "All versions of a record that count", Args: takes(1, 1, "one id"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.conflictShow(ctx, s, args[0]) })
		},
	}
	var f resolveFlags
	resolve := &cobra.Command{
		Use:   "resolve ID",
		Short: "Decide which version of a record stays",
		Long: `Resolve keeps one of the versions, by the number that "phivault conflicts show"
gives it, or a new one from --file, or none with --delete. The others stay in the
record's history. Other devices follow when they sync.`,
		Args: takes(1, 1, "one id"),
		RunE: func(c *cobra.Command, args []string) error {
			ways := 0
			for _, name := range []string{"version", "file", "delete"} {
				if c.Flags().Changed(name) {
					ways++
				}
			}
			if ways != 1 {
				return usage("one of --version, --file and --delete is needed", `"phivault conflicts show ID" shows the versions`)
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.resolve(ctx, s.Vault.Vault, args[0], &f) })
		},
	}
	resolve.Flags().IntVar(&f.version, "version", 0, "keep version `N`")
	resolve.Flags().StringVar(&f.file, "file", "", "keep what `file` holds; - is stdin")
	resolve.Flags().BoolVar(&f.remove, "delete", false, "keep none: delete the record")
	return group("conflicts", "What two devices changed apart, until someone decides", list, show, resolve)
}

// newConflict tells of a record and its versions.
func newConflict(ctx context.Context, v *vault.Vault, r *vault.Record) (o conflictObject, err error) {
	history, err := v.History(ctx, r.ID)
	if err != nil {
		return o, err
	}
	row := r.Row()
	rec := newRecordObject(ctx, v, &row)
	o = conflictObject{Schema: "phivault.conflict.v1", ID: rec.ID, Type: rec.Type, Title: rec.Title, Date: rec.Date, Patient: rec.Patient,
		PatientName: rec.PatientName, Versions: []headObject{}}
	for _, h := range vault.HeadsOf(history) {
		o.Versions = append(o.Versions, headObject{h.Version, h.Kind.String(), stamp(h.At), h.Sent, hex.EncodeToString(h.Device[:]), h.Payload.String(), h.Entry == r.Head})
	}
	return o, nil
}

func (a *app) conflicts(ctx context.Context, v *vault.Vault) error {
	t := newTable(a.out, column{title: "ID"}, column{title: "TYPE"}, column{title: "DATE"}, column{title: "TITLE"}, column{title: "VERSIONS"})
	n := 0
	for r, err := range v.Find(ctx, vault.Query{Conflicts: true}) {
		if err != nil {
			return err
		}
		o, err := newConflict(ctx, v, &r)
		if err != nil {
			return err
		}
		n++
		if a.g.json {
			err = a.emit(o)
		} else {
			var versions string
			for _, h := range o.Versions {
				versions += itoa(h.Version) + " "
			}
			err = t.row(shortID(r.ID), o.Type, o.Date, clean(o.Title), versions)
		}
		if err != nil {
			return err
		}
	}
	if n == 0 {
		a.note("No conflicts.")
	}
	return t.close()
}

func (a *app) conflictShow(ctx context.Context, s *session, what string) error {
	v := s.Vault.Vault
	r, err := conflicting(ctx, v, what)
	if err != nil {
		return err
	}
	o, err := newConflict(ctx, v, &r)
	if err != nil {
		return err
	}
	if a.g.json {
		return a.emit(o)
	}
	heads, err := v.Heads(ctx, r.ID)
	if err != nil {
		return err
	}
	called := s.called(ctx)
	for i, h := range heads {
		title := "Version " + itoa(h.Version) + ", of device " + called(o.Versions[i].Device) + ", " + when(o.Versions[i].At, o.Versions[i].Sent)
		switch {
		case h.Deleted:
			title += ": deleted; this was in it"
		case o.Versions[i].Shown:
			title += ": shown until you decide"
		}
		if _, err := a.out.Write([]byte(title + "\n\n")); err != nil {
			return err
		}
		if err := a.readable(ctx, v, &h); err != nil {
			return err
		}
		if _, err := a.out.Write([]byte("\n")); err != nil {
			return err
		}
	}
	return nil
}

// conflicting gives a record that is in conflict.
func conflicting(ctx context.Context, v *vault.Vault, what string) (vault.Record, error) {
	r, err := fetch(ctx, v, what, 0)
	if err == nil && !r.Conflict {
		err = failed("not_found", "the record is in no conflict", `"phivault conflicts list" shows those that are`)
	}
	return r, err
}

func (a *app) resolve(ctx context.Context, v *vault.Vault, what string, f *resolveFlags) error {
	r, err := conflicting(ctx, v, what)
	if err != nil {
		return err
	}
	heads, err := v.Heads(ctx, r.ID)
	if err != nil {
		return err
	}
	remove := f.remove
	var keep *vault.Resource
	for _, h := range heads {
		if h.Version == f.version {
			remove, keep = h.Deleted, &h.Resource
		}
	}
	switch {
	case f.file != "":
		b, err := a.readInput(f.file)
		if err != nil {
			return err
		}
		if keep, err = parseOne(ctx, v, bytes.TrimRight(b, "\r\n")); err != nil {
			return err
		}
	case !remove && keep == nil:
		return usage("that version does not count any more, or there is none", `"phivault conflicts show" gives the numbers`)
	}
	if remove {
		if err := v.Delete(ctx, r); err != nil {
			return err
		}
		if r, err = v.Get(ctx, r.ID); err != nil && !errors.Is(err, vault.ErrDeleted) {
			return err
		}
		return a.saved(&r, "phivault.conflicts.resolve.v1", "deleted")
	}
	if r, err = v.Settle(ctx, r, keep); err != nil {
		return err
	}
	return a.saved(&r, "phivault.conflicts.resolve.v1", "resolved")
}
