package main

import (
	"context"
	"errors"
	"fmt"

	"phivault/vault"
)

// purgeObject is phivault.purge.v1.
type purgeObject struct {
	Schema      string `json:"schema"`
	Records     int    `json:"records"`
	Revisions   int    `json:"revisions"`   // whose content was removed here, now
	Attachments int    `json:"attachments"` // likewise
	DryRun      bool   `json:"dry_run"`
}

const purgeReach = `What this does not reach: objects that lie at remotes already, until whoever owns the
remote deletes them; other devices, until they sync; backups and copies of the vault
made before; what was exported or printed.`

// purge removes all that records ever said. Deleted ones can be named too.
func (a *app) purge(ctx context.Context, s *session, what []string, f *rmFlags) error {
	var records []vault.Record
	var ids []vault.RecordID
	seen := map[vault.RecordID]bool{}
	for _, w := range what {
		id, err := s.Lookup(ctx, w)
		if err != nil {
			return err
		}
		r, err := s.Get(ctx, id)
		if err != nil && !errors.Is(err, vault.ErrDeleted) {
			return err
		}
		if !seen[id] {
			records, ids = append(records, r), append(ids, id)
		}
		seen[id] = true
	}
	if err := s.MayPurge(ctx); err != nil {
		return err
	}
	if f.dryRun {
		return a.purged(purgeObject{Records: len(ids), DryRun: true})
	}
	if err := s.reauth(ctx); err != nil {
		return err
	}
	if !f.yes {
		a.note(purgeReach)
		if err := a.confirm(ctx, false, purgeQuestion(records)); err != nil {
			return err
		}
	}
	sum, err := s.Purge(ctx, ids)
	if err != nil {
		return err
	}
	if err := a.purged(purgeObject{Records: len(ids), Revisions: sum.Contents, Attachments: sum.Attachments}); err != nil {
		return err
	}
	if f.yes {
		a.note(purgeReach)
	}
	return nil
}

// purgeQuestion names a single record, which only the terminal sees.
func purgeQuestion(records []vault.Record) string {
	if len(records) > 1 {
		return "Remove all that " + count(len(records), "record", "records") + " ever said, for good, on every device?"
	}
	r := &records[0].Resource
	text := "Remove all that this record ever said"
	if r.Type != "" {
		text = "Remove all that " + r.Type + " " + clean(orUnknown(r.Title)) + " ever said"
	}
	return text + ", for good, on every device?"
}

func (a *app) purged(o purgeObject) error {
	o.Schema = "phivault.purge.v1"
	if a.g.json {
		return a.emit(o)
	}
	records := count(o.Records, "record", "records")
	if o.DryRun {
		_, err := fmt.Fprintln(a.out, records+" would be purged.")
		return err
	}
	_, err := fmt.Fprintf(a.out, "Purged %s: %s and %s removed.\n", records, count(o.Revisions, "version", "versions"), count(o.Attachments, "attachment", "attachments"))
	return err
}
