package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"phivault/vault"
	"phivault/vault/local"
)

func (a *app) statusCommand() *cobra.Command {
	var locked bool
	c := &cobra.Command{
		Use:   "status",
		Short: "What is in the vault, and what backs it up",
		Long:  "Status counts what is in the vault. With --locked it asks for no passphrase and\nsays only what can be seen from outside; the counts are then 0.",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if locked {
				return a.statusLocked()
			}
			return a.withVault(c.Context(), a.status)
		},
	}
	c.Flags().BoolVar(&locked, "locked", false, "without opening it")
	return c
}

func (a *app) statusLocked() error {
	dir, err := a.dir()
	if err != nil {
		return err
	}
	i, err := local.Inspect(dir)
	if err != nil {
		return err
	}
	o := newStatusObject(&i)
	o.Locked = true
	if a.g.json {
		return a.emit(o)
	}
	pairs := outside(&i)
	if i.LockedBy != nil {
		pairs = append(pairs, [2]string{"open", i.LockedBy.Error()})
	}
	return writeFields(a.out, pairs)
}

func newStatusObject(i *local.Info) statusObject {
	o := statusObject{Schema: "phivault.status.v1", Vault: i.VaultID.String(), Path: i.Dir, Types: map[string]int64{},
		Profile: i.Key.Params.Profile.String(), KDF: i.Key.Params.String(), Keyring: "unbound", Devices: []deviceObject{},
		Remotes: []remoteObject{}, Stale: []staleObject{}, Waits: []waitObject{}, Forks: []forkObject{}, Bytes: i.Bytes}
	if i.Key.NeedsDeviceSecret {
		o.Keyring = "bound"
	}
	return o
}

func outside(i *local.Info) [][2]string {
	bound := "no device secret"
	if i.Key.NeedsDeviceSecret {
		bound = "bound to this device"
	}
	return [][2]string{{"vault", i.VaultID.String()}, {"folder", i.Dir}, {"size", sizeText(i.Bytes)},
		{"profile", i.Key.Params.Profile.String()}, {"key derivation", i.Key.Params.String()}, {"keyring", bound}}
}

func (a *app) status(ctx context.Context, s *session) error {
	st, err := s.Status(ctx)
	if err != nil {
		return err
	}
	n := st.Counts
	o := newStatusObject(&st.Info)
	err = s.others(ctx, &o)
	unseen := errors.Is(err, vault.ErrReadOnly) // what is known of others may first have to be written down
	if unseen {
		a.warn("phivault: note: devices and remotes are not looked at where the vault cannot be written")
	} else if err != nil {
		return err
	}
	if a.g.json {
		o.Records, o.Deleted, o.Patients, o.Revisions, o.Conflicts, o.Types = n.Records, n.Deleted, n.Patients, n.Revisions, n.Conflicts, n.Types
		if o.Types == nil {
			o.Types = map[string]int64{}
		}
		if st.Backup != nil {
			o.Backup = stamp(st.Backup.At)
		}
		return a.emit(o)
	}
	pairs := append(outside(&st.Info), [2]string{"records", itoa(n.Records) + " live, " + itoa(n.Deleted) + " deleted, " + count(n.Revisions, "version", "versions")},
		[2]string{"patients", itoa(n.Patients)}, [2]string{"attachments", itoa(n.Blobs) + ", " + sizeText(n.BlobBytes)},
		[2]string{"conflicts", itoa(n.Conflicts)}, [2]string{"log", count(n.Entries, "entry", "entries")}, [2]string{"backup", backupText(st.Backup)})
	if !unseen {
		pairs = append(pairs, [2]string{"spares", spareText(o.Spares)}, [2]string{"sync", syncText(o)})
		pairs = append(pairs, append(standingText(o), forkText(o.Forks)...)...)
	}
	if st.Anchor == "" {
		pairs = append(pairs, [2]string{"rollback", "nothing here remembers how far this vault had come"})
	}
	if err := writeFields(a.out, pairs); err != nil {
		return err
	}
	a.out.Write([]byte("\n"))
	t := newTable(a.out, column{title: "TYPE"}, column{title: "RECORDS", right: true})
	names := make([]string, 0, len(n.Types))
	for name := range n.Types {
		names = append(names, name)
	}
	slices.SortFunc(names, func(x, y string) int {
		if n.Types[x] != n.Types[y] {
			return int(n.Types[y] - n.Types[x])
		}
		if x < y {
			return -1
		}
		return 1
	})
	for _, name := range names {
		if err := t.row(name, itoa(n.Types[name])); err != nil {
			return err
		}
	}
	return t.close()
}

func backupText(b *local.LastBackup) string {
	if b == nil {
		return `none; "phivault backup FILE" makes one, "phivault drill FILE" proves it`
	}
	return stamp(b.At) + ", " + count(b.Behind, "entry", "entries") + " ago"
}

func spareText(n int64) string {
	if n == 0 {
		return `none; "phivault device spare FILE" makes one, for the day when every machine is gone`
	}
	return itoa(n)
}

// others adds what is known of devices and remotes.
func (s *session) others(ctx context.Context, o *statusObject) error {
	j, err := s.ReadJournal(ctx)
	if err != nil {
		return err
	}
	for _, m := range j.Members() {
		d, err := newDeviceObject(ctx, s, m)
		if err != nil {
			return err
		}
		o.Devices = append(o.Devices, d)
		if d.Spare && !d.Removed {
			o.Spares++
		}
	}
	if err := s.standing(ctx, j, o); err != nil {
		return err
	}
	forks, err := j.Forks(ctx)
	if err != nil {
		return err
	}
	o.Forks = forkObjects(forks)
	js, err := j.Status(ctx)
	if err != nil {
		return err
	}
	for _, d := range js.Deletions {
		o.HeldDeletes += d.Records
	}
	list, err := s.Remotes(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	fresh, err := s.Uncut(ctx)
	if err != nil {
		return err
	}
	for _, r := range list {
		x, err := newRemoteObject(ctx, s, r)
		if err != nil {
			return err
		}
		o.Remotes = append(o.Remotes, x)
		lacks, err := s.Lacking(ctx, r.ID)
		if err != nil {
			return err
		}
		o.Pending = max(o.Pending, int64(lacks))
	}
	o.Pending += fresh
	return nil
}

func syncText(o statusObject) string {
	if len(o.Remotes) == 0 {
		return "no remote: this machine has the only copy besides backups"
	}
	devices := 0
	for _, d := range o.Devices {
		if !d.Removed && !d.Spare {
			devices++
		}
	}
	s := count(devices, "device", "devices")
	for _, r := range o.Remotes {
		last := "never synced"
		if r.Synced != "" {
			last = "synced " + r.Synced
		}
		s += "; " + r.Name + ": " + last + ", " + count(r.Pending, "segment", "segments") + " pending"
	}
	if o.HeldDeletes > 0 {
		s += "; held back: deletions of " + count(o.HeldDeletes, "record", "records")
	}
	if o.Pending > 0 {
		s += "; not synced yet: " + itoa(o.Pending)
	}
	return s
}
