package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phivault/sync/engine"
	"phivault/vault/journal"
	"phivault/vault/local"
)

func (a *app) deviceCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "The vault's devices, past ones too", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.withVault(c.Context(), a.deviceList) },
	}
	var yes bool
	remove := &cobra.Command{
		Use:   "remove DEVICE",
		Short: "End a device's membership; what it has read it keeps",
		Long: `Remove takes a device out of the vault: what others write from then on it cannot
read, and what it writes is set aside. It can keep what it has read. Its access to a
phivault-host ends at once, or where that is not to be reached or no remote here, with
an owner's next sync there; its credentials at other remotes work until you change them.

DEVICE is its letter, its name, or its id, as "phivault device list" shows them.`,
		Args: takes(1, 1, "a device"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.deviceRemove(ctx, s, args[0], yes) })
		},
	}
	remove.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return group("device", "The devices that share this vault", list, a.inviteCommand(), a.joinCommand(), a.renameCommand(), remove, a.quarantineCommand(), a.forkCommand(), a.replaceCommand(), a.spareCommand())
}

func newDeviceObject(ctx context.Context, s *session, m journal.Member) (deviceObject, error) {
	seen, err := s.seen(ctx, m)
	o := deviceObject{ID: m.Device.String(), This: m.Self, Letter: m.Letter, Name: m.Name, Owner: m.Owner, Removed: m.Removed, Seen: stamp(seen), Log: int64(m.Log),
		Of: m.Of, Was: m.Was, Next: m.Next, Spare: m.Spare}
	if err == nil && m.Next != "" {
		var at time.Time
		at, err = s.Reached(ctx, m.End)
		o.Ended = stamp(at)
	}
	return o, err
}

func (a *app) deviceList(ctx context.Context, s *session) error {
	j, err := s.ReadJournal(ctx)
	if err != nil {
		return err
	}
	kept, err := s.Kept(ctx)
	if err != nil {
		return err
	}
	forks, err := j.Forks(ctx)
	if err != nil {
		return err
	}
	t := newTable(a.out, column{title: "DEVICE"}, column{title: "NAME", shrink: 1}, column{title: "ID"}, column{title: "LAST NEWS"}, column{title: ""})
	for _, m := range j.Members() {
		o, err := newDeviceObject(ctx, s, m)
		if err != nil {
			return err
		}
		o.Quarantined, o.Fork = kept[m.Device], forkPart(forks, m.Letter)
		if a.g.json {
			o.Schema = "phivault.device.v1"
			err = a.emit(o)
		} else {
			// Enough to name it by, and what is said of it keeps its room.
			err = t.row(o.Letter, clean(o.Name), a.out.id(o.ID, 12), o.Seen, standing(o))
		}
		if err != nil {
			return err
		}
	}
	return t.close()
}

// standing says in words what a device is to the vault.
func standing(o deviceObject) string {
	var w []string
	if o.This {
		w = append(w, "this one")
	}
	if o.Owner && o.Next == "" {
		w = append(w, "owner")
	}
	if o.Spare && !o.Removed {
		w = append(w, "spare")
	}
	if o.Of != "" {
		w = append(w, "was a copy of "+o.Of)
	}
	if o.Was != "" {
		w = append(w, "was "+o.Was+" before rekey")
	}
	switch {
	case o.Next != "":
		w = append(w, "keys replaced by rekey on "+day(o.Ended)+", now "+o.Next)
	case o.Removed:
		w = append(w, "removed")
	}
	if o.Quarantined > 0 {
		w = append(w, count(o.Quarantined, "entry", "entries")+" set aside")
	}
	if o.Fork != "" {
		w = append(w, o.Fork)
	}
	return strings.Join(w, ", ")
}

// deviceNamed finds a device by its letter, name or id.
func deviceNamed(j *journal.Journal, what string) (journal.Member, error) {
	return memberNamed(j.Members(), what)
}

// againFor asks for the passphrase again before an act on a device, and finds it.
func (s *session) againFor(ctx context.Context, what string) (j *journal.Journal, m journal.Member, err error) {
	if err = s.reauth(ctx); err != nil {
		return nil, m, err
	}
	if j, err = s.Journal(ctx); err != nil {
		return nil, m, err
	}
	m, err = deviceNamed(j, what)
	return j, m, err
}

func (a *app) deviceRemove(ctx context.Context, s *session, what string, yes bool) error {
	j, m, err := s.againFor(ctx, what)
	if err != nil {
		return err
	}
	switch {
	case m.Self:
		return usage("this is the device itself", "remove it on another one")
	case m.Next != "":
		return usage("that device's keys were replaced with rekey: it is device "+m.Next+" now", `"phivault device remove `+m.Next+`" removes it`)
	case m.Removed:
		return a.removedBefore(ctx, s, j, m)
	}
	if err := a.confirm(ctx, yes, "Remove device "+titled(m)+" for good?"); err != nil {
		return err
	}
	p := a.progress("syncing")
	list, err := s.removeDevice(ctx, m.Device.String(), p.moved())
	p.end()
	var late *lateError
	if err != nil && !errors.As(err, &late) {
		return err
	}
	if err := a.done("phivault.device.remove.v1", "removed", "Device "+m.Letter+" is removed. Others learn of it when they sync."); err != nil {
		return err
	}
	for _, r := range list {
		a.warn(stillOpen(r))
	}
	for _, note := range kin(j.Members(), m) {
		a.warn("phivault: note: " + note)
	}
	if late != nil {
		for _, why := range late.why {
			a.warn("phivault: note: the removal has not reached remote " + why + `; run "phivault sync"`)
		}
	}
	return nil
}

// removedBefore takes access away that could not be taken at once.
func (a *app) removedBefore(ctx context.Context, s *session, j *journal.Journal, m journal.Member) error {
	list, err := s.Remotes(ctx)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(r local.Remote) bool { return !strings.HasPrefix(r.URL, placeHost+":") })
	if len(list) == 0 {
		return usage("that device was removed before", "")
	}
	open := s.shutOutEverywhere(ctx, j, list, m.Device)
	for _, r := range open {
		a.warn(stillOpen(r))
	}
	if len(open) > 0 {
		return failed("remote", "the device was removed before, and may still reach a host", "try again when the host answers, as an owner")
	}
	return a.done("phivault.device.remove.v1", "removed", "Device "+m.Letter+" was removed before. It has no access to the hosts.")
}

func stillOpen(r local.Remote) string {
	if strings.HasPrefix(r.URL, placeHost+":") {
		return "phivault: note: remote " + r.Name + " does not let its access be taken away now: the next sync of an owner with it does, or its operator"
	}
	if strings.HasPrefix(r.URL, placeFolder+":") {
		return "phivault: note: the removed device may still reach the folder of remote " + r.Name + ": only whoever looks after that folder can change it"
	}
	return "phivault: note: change the credentials of remote " + r.Name + ": the removed device still has them"
}

// lateError is a removal that is done here and has not reached some remotes.
type lateError struct{ why []string }

func (e *lateError) Error() string {
	return "the device is removed, and these remotes do not know it yet: " + strings.Join(e.why, "; ")
}

// removeDevice ends a membership, takes the device's access to our hosts away and tells
// the remotes. It gives those that it can still reach with the credentials it has. A
// lateError leaves the removal in force.
func (s *session) removeDevice(ctx context.Context, what string, moved func(engine.Progress)) ([]local.Remote, error) {
	j, err := s.Journal(ctx)
	if err != nil {
		return nil, err
	}
	m, err := deviceNamed(j, what)
	if err != nil {
		return nil, err
	}
	if err := j.Remove(ctx, m.Device); err != nil {
		return nil, err
	}
	list, err := s.Remotes(ctx)
	if err != nil || len(list) == 0 {
		return list, err
	}
	open := s.shutOutEverywhere(ctx, j, list, m.Device)
	_, results, err := s.exchange(ctx, list, moved)
	if err != nil {
		return open, err
	}
	late := &lateError{}
	for _, r := range list {
		if fault := syncFault(r.Name, results[r.ID]); fault != nil {
			_, why, _ := explain(fault)
			late.why = append(late.why, why)
		}
	}
	if len(late.why) > 0 {
		return open, late
	}
	return open, nil
}

// validFlag is how long an invitation counts.
func validFlag(d time.Duration) error {
	if d <= 0 || d > 7*24*time.Hour {
		return usage("--valid is more than nothing and at most a week", "")
	}
	return nil
}

// theRemote is the one to meet at.
func (s *session) theRemote(ctx context.Context, name string) (r local.Remote, err error) {
	var names []string
	if name != "" {
		names = []string{name}
	}
	list, err := s.chosen(ctx, names)
	if err != nil {
		return r, err
	}
	if len(list) > 1 {
		return r, usage("the vault has several remotes", "say with --remote which one the new device shall use")
	}
	return list[0], nil
}
