package main

import (
	"context"

	"phivault/vault/journal"
)

// confirmOwn asks before more deletions than is usual go out. Without an answer
// nothing is pushed, and the journal says so.
func (a *app) confirmOwn(ctx context.Context, j *journal.Journal, accept bool) error {
	if accept {
		j.ConfirmAll()
		return nil
	}
	d, unusual, err := j.OwnDeletions(ctx)
	if err != nil || !unusual {
		return err
	}
	if a.ask(ctx, itoa(d.Records)+" of "+count(d.Live, "record", "records")+" were deleted here since the last sync. Delete them on all devices?") {
		j.ConfirmOwn()
	}
	return nil
}

// confirmHeld asks about deletions of other devices that are held back. It reports
// whether something was confirmed: what follows comes with another sync.
func (a *app) confirmHeld(ctx context.Context, s *session) (bool, error) {
	j, err := s.Journal(ctx)
	if err != nil {
		return false, err
	}
	st, err := j.Status(ctx)
	if err != nil {
		return false, err
	}
	some := false
	for _, d := range st.Deletions {
		if !a.ask(ctx, "Device "+deletesText(d)+". Let it?") {
			continue
		}
		if err := j.Confirm(ctx, d.Place); err != nil {
			return some, err
		}
		some = true
	}
	return some, nil
}

// deletesText says what is held back, after the word device.
func deletesText(d journal.Deletion) string {
	of := itoa(d.Records) + " of " + count(d.Live, "record", "records")
	if !d.Ends {
		return d.Letter + " deletes " + of + soFar(d)
	}
	if d.Self {
		of += ", and what made this device a member"
	}
	return d.Letter + " ends its keys and takes back " + of + ", as its own rekey never does"
}

// soFar says what the device deleted before, where that is why it is asked about.
func soFar(d journal.Deletion) string {
	if d.Before == 0 {
		return ""
	}
	return ", after " + itoa(d.Before) + " in the last 7 days"
}

// ask is false as well where nobody can be asked.
func (a *app) ask(ctx context.Context, question string) bool {
	return a.confirm(ctx, false, question) == nil
}

// heldBack is the error of a sync that left deletions unconfirmed; nil without any.
func (s *session) heldBack(ctx context.Context) error {
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	st, err := j.Status(ctx)
	if err != nil || len(st.Deletions) == 0 {
		return err
	}
	d := st.Deletions[0]
	return failed("held_deletes", "device "+deletesText(d)+": held back, with what follows it", "")
}
