package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"phivault/crypto/identity"
	"phivault/vault/journal"
)

func (a *app) forkCommand() *cobra.Command {
	var yes, adopt bool
	c := &cobra.Command{
		Use:   "resolve-fork DEVICE",
		Short: "End two histories that were signed in one device's name",
		Long: `Resolve-fork removes a device in whose name two different histories exist: its keys
were copied, or it cheats. What both have in common stays; both ends are set aside
on all devices. With --adopt this device takes over all of the one that it has;
otherwise "phivault device quarantine" shows it and takes over what you choose.

An owner does this. If the machine is yours and sound, let it join anew.`,
		Args: takes(1, 1, "a device"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.resolveFork(ctx, s, args[0], adopt, yes) })
		},
	}
	c.Flags().BoolVar(&adopt, "adopt", false, "take over the history that this device has")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func (a *app) resolveFork(ctx context.Context, s *session, what string, adopt, yes bool) error {
	if err := s.reauth(ctx); err != nil {
		return err
	}
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	m, err := deviceNamed(j, what)
	if err != nil {
		return err
	}
	forked, err := j.Forked(ctx)
	switch {
	case err != nil:
		return err
	case !slices.Contains(forked, m.Device):
		return usage("no fork of this device is known here", "")
	}
	if err := a.confirm(ctx, yes, "Remove device "+m.Letter+" "+clean(m.Name)+", and set both of its histories aside?"); err != nil {
		return err
	}
	if err := j.EndFork(ctx, m.Device); err != nil {
		return err
	}
	if adopt {
		as, _, err := s.asidesOf(ctx, m.Letter)
		if err != nil {
			return err
		}
		if _, err := s.Adopt(ctx, as); err != nil {
			return err
		}
	}
	return a.done("phivault.device.resolve-fork.v1", "resolved", "The fork of device "+m.Letter+` is ended. Others learn of it when they sync; run "phivault sync".`)
}

// forked is the error of a vault that knows of a fork which nobody ended; nil
// without any.
func (s *session) forked(ctx context.Context, j *journal.Journal) error {
	devices, err := j.Forked(ctx)
	if err != nil || len(devices) == 0 {
		return err
	}
	letter := letterOf(j, devices[0])
	return failed("fork", "in the name of device "+letter+" two different histories exist; its log stops here, others go on",
		`an owner ends it with "phivault device resolve-fork `+letter+`"`)
}

func letterOf(j *journal.Journal, d identity.DeviceID) string {
	for _, m := range j.Members() {
		if m.Device == d {
			return m.Letter
		}
	}
	return d.String()
}
