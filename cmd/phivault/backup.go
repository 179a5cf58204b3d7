package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"phivault/crypto/secret"
	"phivault/vault/local"
)

// backupObject is phivault.backup.v1, .restore.v1 and .drill.v1.
type backupObject struct {
	Schema    string          `json:"schema"`
	OK        bool            `json:"ok"`
	Path      string          `json:"path"`
	Vault     string          `json:"vault"`
	Created   string          `json:"created"`
	Bytes     int64           `json:"bytes"`
	Entry     int64           `json:"entry"`
	KDF       string          `json:"kdf"`
	Records   int64           `json:"records"`
	Revisions int64           `json:"revisions"`
	Problems  []problemObject `json:"problems"`
	MS        int64           `json:"ms"`
}

func newBackupObject(schema string, b *local.BackupInfo, r *local.Restored) backupObject {
	o := backupObject{Schema: schema, OK: true, Path: b.Path, Vault: b.VaultID.String(), Created: stamp(b.Created), Bytes: b.Bytes,
		Entry: b.Entry, KDF: b.Key.Params.String(), Problems: []problemObject{}}
	if r != nil {
		o.Records, o.Revisions, o.OK = r.Verified.Records, r.Verified.Revisions, len(r.Problems) == 0
		for _, p := range r.Problems {
			o.Problems = append(o.Problems, problemObject{p.Kind, p.ID})
		}
	}
	return o
}

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write everything into one encrypted file",
		Long: `Backup writes the whole vault, encrypted as it is, into one new file. It opens with
the passphrase that is in force now, and with that one for good. Whoever has the
file can try passphrases against it: a strong one matters. "phivault drill" proves
that you could restore it.`,
		Args: takes(1, 1, "the name of a new file"),
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "-" || args[0] == "" {
				return usage("a backup goes into a file", "give the name of a new one")
			}
			if fi, err := os.Stat(args[0]); err == nil && fi.IsDir() {
				return failed("exists", "that is a folder; a backup goes into a file", "give the name of a new file in it")
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.backup(ctx, s, args[0]) })
		},
	}
}

func (a *app) backup(ctx context.Context, s *session, path string) error {
	st, err := s.Status(ctx)
	if err != nil {
		return err
	}
	begun := a.now()
	p := a.progress("Writing")
	o := local.BackupOptions{Progress: func(done, total int64) { p.show(amounts{bytes: done, done: done, total: total}) }}
	if st.Key.NeedsDeviceSecret {
		pass, err := a.current(ctx, "Passphrase again: ")
		if err != nil {
			return err
		}
		defer pass.Destroy()
		o.Passphrase = pass
	}
	info, err := s.Backup(ctx, path, o)
	p.end()
	secret.Release()
	if err != nil {
		return err
	}
	r := newBackupObject("phivault.backup.v1", &info, nil)
	r.Records, r.Revisions, r.MS = st.Counts.Records, st.Counts.Revisions, a.since(begun)
	if a.g.json {
		return a.emit(r)
	}
	return writeFields(a.out, [][2]string{{"backup", info.Path}, {"size", sizeText(info.Bytes)}, {"up to", "entry " + itoa(info.Entry)},
		{"opens with", "the passphrase in force now, " + r.KDF}, {"prove it", "phivault drill FILE"}})
}

func (a *app) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a vault out of a backup",
		Long: `Restore makes a vault in an empty folder (--vault) out of a backup. The backup is
proven with its passphrase, the one in force when it was made, before anything of
it appears. A folder that holds something is left alone.`,
		Args: takes(1, 1, "the backup's file"),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := a.dir()
			if err != nil {
				return err
			}
			return a.fromBackup(c.Context(), args[0], "phivault.restore.v1", func(p *secret.Bytes, o local.Options) (local.Restored, error) {
				return local.Restore(c.Context(), args[0], dir, p, o)
			})
		},
	}
}

func (a *app) drillCommand() *cobra.Command {
	var scratch string
	c := &cobra.Command{
		Use:   "drill FILE",
		Short: "Prove that a backup could be restored",
		Long: `Drill asks for the passphrase, restores the backup into a folder that it removes
afterwards, and checks every record, version, index and attachment in it. It
changes neither the backup nor any vault. Problems end with exit code 13.`,
		Args: takes(1, 1, "the backup's file"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.fromBackup(c.Context(), args[0], "phivault.drill.v1", func(p *secret.Bytes, o local.Options) (local.Restored, error) {
				o.Scratch = scratch
				return local.Drill(c.Context(), args[0], p, o)
			})
		},
	}
	c.Flags().StringVar(&scratch, "scratch", "", "the `folder` to restore into for the time of the drill, else the system's for temporary files")
	return c
}

// fromBackup asks for the backup's passphrase and says what do found in it.
func (a *app) fromBackup(ctx context.Context, path, schema string, do func(*secret.Bytes, local.Options) (local.Restored, error)) error {
	if _, err := local.InspectBackup(path); err != nil {
		return badBackup(because(err, "the backup"))
	}
	pass, err := a.current(ctx, "Passphrase of the backup: ")
	if err != nil {
		return err
	}
	defer pass.Destroy()
	begun := a.now()
	p := a.progress("Restoring")
	o := a.options()
	if o.DeviceSecret, err = a.deviceSecret(); err != nil {
		return err
	}
	defer o.DeviceSecret.Destroy()
	o.Progress = func(step local.Step, done, total int64) {
		n := amounts{done: done, total: total}
		if step == local.StepCopy {
			n.bytes = done
		}
		p.show(n)
	}
	r, err := do(pass, o)
	p.end()
	secret.Release()
	if err != nil {
		return badBackup(err)
	}
	out := newBackupObject(schema, &r.Backup, &r)
	out.MS = a.since(begun)
	if a.g.json {
		err = a.emit(out)
	} else {
		err = a.showRestored(&out)
	}
	if err == nil && !out.OK {
		err = failed("integrity", "the backup has "+count(len(out.Problems), "problem", "problems"), backupHint)
	}
	return err
}

const backupHint = `this backup is damaged: make a new one with "phivault backup", or take an older one`

// badBackup says of a damaged backup what to do about backups: there is nothing
// to verify in a folder.
func badBackup(err error) error {
	switch o, why, hint := explain(err); o.code {
	case "integrity":
		return &fault{code: o.code, why: why, hint: backupHint, cause: err}
	case "wrong_passphrase":
		return &fault{code: o.code, why: why, hint: "a backup opens with the passphrase of its day; " + hint, cause: err}
	}
	return err
}

func (a *app) showRestored(o *backupObject) error {
	t := newTable(a.out, column{title: "PROBLEM"}, column{title: "WHERE"})
	for _, p := range o.Problems {
		if err := t.row(p.Kind, p.ID); err != nil {
			return err
		}
	}
	if err := t.close(); err != nil {
		return err
	}
	result := "the backup opens and everything in it is whole"
	if !o.OK {
		result = "NOT WHOLE"
	} else if o.Schema == "phivault.restore.v1" {
		result = "restored"
	}
	return writeFields(a.out, [][2]string{{"result", result}, {"backup of", o.Created}, {"vault", o.Vault}, {"size", sizeText(o.Bytes)},
		{"log", count(o.Entry, "entry", "entries")}, {"took", itoa(o.MS) + " ms"}})
}
