package main

import (
	"context"
	"encoding/csv"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
)

type auditFlags struct {
	since, patient, action, format, output string
	from                                   int64
	force                                  bool
}

func (a *app) auditCommand() *cobra.Command {
	return group("audit", "Who did what, from the log", a.auditListCommand(), a.auditExportCommand(), a.auditVerifyCommand())
}

func (a *app) auditListCommand() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "Show the audit trail, oldest first",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.auditList(ctx, s, &f) })
		},
	}
	f.flags(c)
	return c
}

func (f *auditFlags) flags(c *cobra.Command) {
	c.Flags().Int64Var(&f.from, "from", 1, "from this entry of the log on")
	c.Flags().StringVar(&f.since, "since", "", "acts from this `date` on: 2024-03-09")
	c.Flags().StringVar(&f.patient, "patient", "", "acts on the records of this `patient`")
	c.Flags().StringVar(&f.action, "action", "", "acts of this kind: read, search, export, …")
}

// actions are what --action selects.
var actions = []string{"imported", string(vault.ActionUnlock), string(vault.ActionRead), string(vault.ActionList), string(vault.ActionSearch),
	string(vault.ActionAdd), string(vault.ActionEdit), string(vault.ActionDelete), string(vault.ActionImport), string(vault.ActionExport),
	string(vault.ActionPassphrase), string(vault.ActionKeyring), string(vault.ActionBackup), string(vault.ActionVerify), string(vault.ActionRebuild)}

// each gives the acts that the flags select.
func (f *auditFlags) each(ctx context.Context, v *vault.Vault, yield func(*auditObject) error) error {
	var patient, since string
	if f.action != "" && !slices.Contains(actions, f.action) {
		return usage("--action is no kind of act", "one of "+strings.Join(actions, ", "))
	}
	if f.patient != "" {
		id, err := findPatient(ctx, v, f.patient)
		if err != nil {
			return err
		}
		patient = id.String()
	}
	if f.since != "" {
		t, ok := instant(f.since)
		if !ok {
			return usage("--since is not a date", "write 2024, 2024-03 or 2024-03-09")
		}
		since = stamp(t)
	}
	var failure error
	err := v.Audit(ctx, f.from, func(e vault.Audited) bool {
		o := newAuditObject(&e)
		if patient != "" && o.Patient != patient || o.Last < since || f.action != "" && o.Action != f.action {
			return true
		}
		failure = yield(&o)
		return failure == nil
	})
	if failure != nil {
		return failure
	}
	return err
}

func newAuditObject(e *vault.Audited) auditObject {
	o := auditObject{Schema: "phivault.audit.v1", Entry: e.Entry, At: stamp(e.At), Device: hex.EncodeToString(e.Device[:]), by: e.Device}
	if e.Kind == vault.KindImport {
		n := e.Import
		o.Session, o.Action, o.Count, o.First, o.Last = n.Session, "imported", 1, n.At, n.At
		o.Import = &importCounts{n.Source, n.New, n.Same, n.Changed, n.Refused, n.Partial}
		return o
	}
	n := e.Audit
	o.Session, o.Action, o.Patient, o.Count, o.First, o.Last = n.Session, string(n.Action), n.Patient, n.Count, n.First, n.Last
	return o
}

func (o *auditObject) detail() string {
	if i := o.Import; i != nil {
		s := itoa(i.New) + " new, " + itoa(i.Same) + " same, " + itoa(i.Changed) + " changed, " + itoa(i.Refused) + " refused"
		if i.Partial {
			s += ", cut short"
		}
		return s
	}
	if o.Count > 1 {
		return itoa(o.Count) + " times"
	}
	return ""
}

func (a *app) auditList(ctx context.Context, s *session, f *auditFlags) error {
	t := newTable(a.out, column{title: "ENTRY", right: true}, column{title: "AT"}, column{title: "DEVICE"}, column{title: "ACTION"}, column{title: "RECORD"},
		column{title: "SESSION"}, column{title: "DETAIL", shrink: 1})
	letter := func([16]byte) string { return "" }
	if !a.g.json {
		letter = s.lettered(ctx)
	}
	err := f.each(ctx, s.Vault.Vault, func(o *auditObject) error {
		if a.g.json {
			return a.emit(o)
		}
		return t.row(itoa(o.Entry), o.First, a.out.id(letter(o.by), 8), o.Action, a.out.id(o.Patient, shortLength), a.out.id(o.Session, 8), o.detail())
	})
	if err != nil {
		return err
	}
	return t.close()
}

func (a *app) auditExportCommand() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the audit trail to a file, as NDJSON or CSV",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.format != "ndjson" && f.format != "csv" {
				return usage("--format is ndjson or csv", "")
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.auditExport(ctx, s, &f) })
		},
	}
	f.flags(c)
	c.Flags().StringVar(&f.format, "format", "ndjson", "ndjson or csv")
	c.Flags().StringVarP(&f.output, "output", "o", "-", "write to `file`; - is stdout")
	c.Flags().BoolVar(&f.force, "force", false, "replace the file if it exists")
	return c
}

func (a *app) auditExport(ctx context.Context, s *session, f *auditFlags) error {
	if err := s.reauth(ctx); err != nil {
		return err
	}
	if err := s.Record(ctx, vault.ActionExport, vault.RecordID{}); err != nil {
		return err
	}
	out, err := a.output(f.output, f.force)
	if err != nil {
		return err
	}
	begun, n := a.now(), int64(0)
	write := func(o *auditObject) error { return writeJSON(out.sink, o) }
	w := csv.NewWriter(out.sink)
	if f.format == "csv" {
		w.Write([]string{"entry", "at", "device", "session", "action", "patient", "count", "first", "last", "detail"})
		write = func(o *auditObject) error {
			return w.Write([]string{itoa(o.Entry), o.At, o.Device, o.Session, o.Action, o.Patient, itoa(o.Count), o.First, o.Last, o.detail()})
		}
	}
	err = f.each(ctx, s.Vault.Vault, func(o *auditObject) error { n++; return write(o) })
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	if err = out.end(err); err != nil || f.output == "-" || !a.g.json {
		return err
	}
	return a.emit(out.written(f.format, n, a.since(begun)))
}

func (a *app) auditVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Prove the chain of the log",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			begun := false
			err := a.withVault(c.Context(), func(ctx context.Context, s *session) error {
				begun = true
				return a.verify(ctx, s, true, "phivault.verify.v1")
			})
			if !begun {
				err = a.unverified(err, problemObject{"open", "vault"}, true, "phivault.verify.v1")
			}
			return err
		},
	}
}
