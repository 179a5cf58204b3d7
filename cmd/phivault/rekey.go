package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phivault/crypto/secret"
	"phivault/vault/journal"
	"phivault/vault/local"
)

// rekeyObject is phivault.rekey.v1.
type rekeyObject struct {
	Schema string   `json:"schema"`
	Result string   `json:"result"` // "rekeyed"
	Epoch  bool     `json:"epoch"`  // what is written from now on is sealed under a new key
	Rotate []string `json:"rotate"` // remotes whose credentials are to be changed there
}

const rekeyLimits = `What this does not undo: backups and copies of the folder that were made before
open as they did. What was read is read. What lies at the remotes from before stays
sealed under the keys of its time. This device's own keys stay the same, the one that
it signs with and the one that it is given new epochs by: whoever got its key file and
the passphrase, or them in an old backup, can sign in its name and read what is
written from now on, as long as the remotes let them in.`

func (a *app) rekeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rekey",
		Short: "New keys after a suspected compromise",
		Long: `Rekey writes the whole database anew under a new key, seals the key file with a new
salt, and makes a new epoch: what any device writes once it has seen it, no epoch's
key from before opens. It needs as much room again as the database has, and may be
killed at any moment: then either the old keys are in force or the new ones.

` + rekeyLimits + `

When the passphrase may be known, change it too: "phivault passwd". Take a new backup
afterwards, and destroy the old ones. When another device was lost or taken, remove
it first: "phivault device remove". When this device's key file and its passphrase
are known to somebody, rekey does not help: let an owner that was a member before
this device remove it, and join anew; look for copies of it in "phivault device list".
The first device outranks all others and can undo its own removal: then make a new
vault and import an export into it.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.withVault(c.Context(), a.rekey) },
	}
}

func (a *app) rekey(ctx context.Context, s *session) error {
	p, err := a.current(ctx, "Passphrase again: ")
	if err != nil {
		return err
	}
	defer p.Destroy()
	err = s.Check(ctx, p)
	secret.Release()
	if err != nil {
		return err
	}
	list, err := s.Remotes(ctx)
	if err != nil {
		return err
	}
	epoch, err := a.renew(ctx, s, list)
	if err != nil {
		return err
	}
	bar := a.progress("writing the database anew")
	err = s.Vault.Rekey(ctx, p, func(done, total int64) { bar.show(amounts{bytes: done, done: done, total: total}) })
	bar.end()
	secret.Release()
	if errors.Is(err, local.ErrRekeyed) {
		return &fault{code: "failed", why: err.Error(), cause: err, hint: `the next command finishes it; "phivault verify" checks it`}
	}
	if err != nil {
		return err
	}
	return a.rekeyed(list, epoch)
}

// renew has what is written from now on sealed under a new epoch, and carries word
// of it to the remotes. A device that publishes no more has none to make.
func (a *app) renew(ctx context.Context, s *session, list []local.Remote) (bool, error) {
	j, err := s.Journal(ctx)
	if err != nil {
		return false, err
	}
	err = j.Renew(ctx)
	if errors.Is(err, journal.ErrNotMember) || errors.Is(err, journal.ErrRestored) {
		a.warn("phivault: note: this device publishes nothing any more, so that only its own keys change")
		return false, nil
	}
	if err != nil || len(list) == 0 {
		return err == nil, err
	}
	_, results, err := a.exchange(ctx, s, list)
	if err != nil {
		return true, err
	}
	for _, r := range list {
		if fault := syncFault(r.Name, results[r.ID]); fault != nil {
			_, why, _ := explain(fault)
			a.warn(`phivault: note: the new epoch has not reached remote ` + why + `; until "phivault sync" has carried it there, other devices write under the old one`)
		}
	}
	return true, nil
}

func (a *app) rekeyed(list []local.Remote, epoch bool) error {
	o := rekeyObject{Schema: "phivault.rekey.v1", Result: "rekeyed", Epoch: epoch, Rotate: []string{}}
	for _, r := range list {
		if len(r.Secrets) > 0 {
			o.Rotate = append(o.Rotate, r.Name)
		}
	}
	if a.g.json {
		if err := a.emit(o); err != nil {
			return err
		}
	} else if _, err := a.out.Write([]byte("The database and the key file have new keys.\n")); err != nil {
		return err
	}
	a.warn("phivault: note: " + strings.ReplaceAll(rekeyLimits, "\n", " "))
	for _, r := range list {
		if slices.Contains(o.Rotate, r.Name) {
			a.warn("phivault: note: change the credentials of remote " + r.Name + rotation(r) + ", and add the remote again")
		}
	}
	return nil
}

// rotation says where a remote's credentials are changed.
func rotation(r local.Remote) string {
	p, err := parsePlace(r.URL)
	if err != nil {
		return ""
	}
	switch p.kind {
	case placeHost:
		return ` (its operator revokes the old key with "phivault-host vaults revoke", and gives a new token)`
	case placeS3:
		return " (a new access key, and the old one deleted)"
	case placeWebDAV:
		return " (its username and password)"
	}
	return ""
}
