package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/vault/journal"
	"phivault/vault/local"
)

// rekeyObject is phivault.rekey.v1.
type rekeyObject struct {
	Schema string   `json:"schema"`
	Result string   `json:"result"` // "rekeyed"
	Device bool     `json:"device"` // this device has fresh keys of its own, and the old ones have ended
	Epoch  bool     `json:"epoch"`  // what is written from now on is sealed under a new key
	Unsent []string `json:"unsent"` // remotes that do not know of it yet
	Rotate []string `json:"rotate"` // remotes whose credentials are to be changed there
}

const rekeyLimits = `What this does not undo: backups and copies of the folder that were made before
open as they did, to be read; they can send nothing any more, so make a new backup
now and destroy the old ones. What was read is read. What lies at the remotes from
before stays sealed under the keys of its time. Until another device has synced, it
writes under the old ones.`

func (a *app) rekeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rekey",
		Short: "New keys after a suspected compromise",
		Long: `Rekey writes the whole database anew under a new key, seals the key file with a new
salt, and draws fresh keys for this device: the one that it signs with and the one
that it is given new epochs by. The old ones end with their own last signature. What
they sign afterwards counts nowhere, and what any device writes once it has synced,
no key from before opens. To the others this is another device, with a letter of its
own, the same name and the same role; owners that were let in before now outrank it.

It begins with a sync with every remote, and changes nothing when one does not answer
or does not add up; it ends with another that tells them. A remote that is gone for
good is taken out first: "phivault remote rm NAME". It needs as much room again as the
database has, and may be killed at any moment: then either the old keys are in force
or the new ones.

` + rekeyLimits + `

When the passphrase may be known, change it too: "phivault passwd". When another device
was lost or taken, remove it: "phivault device remove". Copies of this device that the
others knew before are devices of their own and stay: "phivault device list" shows them.
Whoever has the old keys may also have been faster, and have ended them for keys of
his own: then a sync here says so, exit code 13; have an owner remove the device that
came of it, and join anew.`,
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
	if err := a.beforeRekey(ctx, s, list); err != nil {
		return err
	}
	bar := a.progress("writing the database anew")
	device, err := s.Vault.Rekey(ctx, p, func(done, total int64) { bar.show(amounts{bytes: done, done: done, total: total}) })
	bar.end()
	secret.Release()
	if errors.Is(err, local.ErrRekeyed) {
		return &fault{code: "failed", why: err.Error(), cause: err, hint: `the next command finishes it; "phivault verify" checks it, "phivault sync" tells the remotes`}
	}
	if err != nil {
		return err
	}
	o := rekeyObject{Schema: "phivault.rekey.v1", Result: "rekeyed", Device: device, Epoch: device, Unsent: []string{}, Rotate: []string{}}
	var worst error
	var keys []string
	for _, r := range list {
		keys = append(keys, r.Traits[traitOwnKey])
	}
	if device && len(list) > 0 {
		o.Unsent, worst = a.afterRekey(ctx, p, list)
	}
	return graver(a.rekeyed(list, keys, o), worst)
}

// beforeRekey syncs with every remote: what another copy of this device signed, or
// somebody else with its keys, has to be known before they end.
func (a *app) beforeRekey(ctx context.Context, s *session, list []local.Remote) error {
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	if silent(j) || len(list) == 0 {
		return nil
	}
	_, results, err := a.exchange(ctx, s, list)
	if err != nil {
		return err
	}
	var worst error
	for _, r := range list {
		worst = graver(worst, syncFault(r.Name, results[r.ID]))
	}
	if worst = graver(worst, s.forked(ctx, j)); worst == nil {
		return nil
	}
	o, why, hint := explain(worst)
	if o.exit == outcomeOf("remote").exit {
		hint = `sync first; a remote that is gone for good: "phivault remote rm NAME"`
	}
	return &fault{code: o.code, why: "nothing was changed, since every remote has to be in step first: " + why, hint: hint, cause: worst}
}

// silent reports whether a device signs nothing more, so far as is known here.
func silent(j *journal.Journal) bool {
	return errors.Is(j.MayEnd(), journal.ErrEnded) || slices.ContainsFunc(j.Members(), func(m journal.Member) bool { return m.Self && m.Removed })
}

// afterRekey tells the remotes, and gives those that do not know yet. What shows that
// somebody has the old keys is an error.
func (a *app) afterRekey(ctx context.Context, p *secret.Bytes, list []local.Remote) (unsent []string, worst error) {
	unsent = []string{}
	results := map[string]engine.Result{}
	dir, err := a.dir()
	if err == nil {
		var s *session
		if s, err = a.openWith(ctx, dir, p); err == nil {
			_, results, err = a.exchange(ctx, s, list)
			if cerr := s.Close(context.WithoutCancel(ctx)); err == nil {
				err = cerr
			}
		}
	}
	for _, r := range list {
		fault := err
		if err == nil {
			fault = syncFault(r.Name, results[r.ID])
		}
		if fault == nil {
			continue
		}
		o, why, _ := explain(fault)
		unsent = append(unsent, r.Name)
		a.warn("phivault: warning: the new keys are in force here, and remote " + r.Name + " may not know of it yet (" + why + `); "phivault sync" sends it: until then the old ones still count there`)
		if o.exit == outcomeOf("fork").exit {
			worst = graver(worst, fault)
		}
	}
	return unsent, worst
}

// rekeyed tells what was done. keys are the devices that access keys at the remotes were
// drawn for before.
func (a *app) rekeyed(list []local.Remote, keys []string, o rekeyObject) error {
	for i, r := range list {
		if len(r.Secrets) > 0 && r.Traits[traitOwnKey] == keys[i] { // else the sync drew a fresh one
			o.Rotate = append(o.Rotate, r.Name)
		}
	}
	text := "The database, the key file and this device have new keys.\n"
	if !o.Device {
		text = "The database and the key file have new keys.\n"
		a.warn("phivault: note: this device sends nothing any more, so that its own keys stay what they are")
	}
	if a.g.json {
		if err := a.emit(o); err != nil {
			return err
		}
	} else if _, err := a.out.Write([]byte(text)); err != nil {
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
