package main

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
)

type headObject struct {
	Version int    `json:"version"` // counted by this device alone
	Op      string `json:"op"`
	At      string `json:"at"`   // by the clock of the device, as in phivault.revision.v1
	Sent    bool   `json:"sent"` // at is when it was sent
	Device  string `json:"device"`
	SHA256  string `json:"sha256"`
	Shown   bool   `json:"shown"` // until somebody decides

	Revision string `json:"revision"` // the same on every device
	Letter   string `json:"letter"`   // of the device
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

func (a *app) conflictsCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "Records with several versions that count", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.conflicts(ctx, s) })
		},
	}
	show := &cobra.Command{
		Use: "show ID", Short: "All versions of a record that count", Long: numbersHelp, Args: takes(1, 1, "one id"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.conflictShow(ctx, s, args[0]) })
		},
	}
	return group("conflicts", "What two devices changed apart, until someone decides", list, show, a.resolveCommand())
}

// newConflict tells of a record and its versions.
func newConflict(ctx context.Context, v *vault.Vault, r *vault.Record, letter func([16]byte) string) (o conflictObject, err error) {
	history, err := v.History(ctx, r.ID)
	if err != nil {
		return o, err
	}
	row := r.Row()
	rec := newRecordObject(ctx, v, &row)
	o = conflictObject{Schema: "phivault.conflict.v1", ID: rec.ID, Type: rec.Type, Title: rec.Title, Date: rec.Date, Patient: rec.Patient,
		PatientName: rec.PatientName, Versions: []headObject{}}
	for _, h := range vault.HeadsOf(history) {
		o.Versions = append(o.Versions, headObject{h.Version, h.Kind.String(), stamp(h.At), h.Sent, hex.EncodeToString(h.Device[:]), h.Payload.String(), h.Entry == r.Head, h.ID.String(), letter(h.Device)})
	}
	return o, nil
}

func (a *app) conflicts(ctx context.Context, s *session) error {
	v, letter := s.Vault.Vault, s.lettered(ctx)
	t := newTable(a.out, column{title: "ID"}, column{title: "TYPE"}, column{title: "DATE"}, column{title: "TITLE", shrink: 1}, column{title: "VERSIONS"})
	n := 0
	for r, err := range v.Find(ctx, vault.Query{Conflicts: true}) {
		if err != nil {
			return err
		}
		o, err := newConflict(ctx, v, &r, letter)
		if err != nil {
			return err
		}
		n++
		if a.g.json {
			err = a.emit(o)
		} else {
			var versions []string
			for _, h := range o.Versions {
				versions = append(versions, itoa(h.Version)+" of "+h.Letter)
			}
			err = t.row(a.out.record(r.ID), o.Type, o.Date, clean(o.Title), strings.Join(versions, ", "))
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
	o, err := newConflict(ctx, v, &r, s.lettered(ctx))
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
		title := "Version " + itoa(h.Version) + ", of device " + called(o.Versions[i].Device) + ", revision " + o.Versions[i].Revision[:10] + ", " + when(o.Versions[i].At, o.Versions[i].Sent)
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
