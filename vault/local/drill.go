package local

import (
	"context"
	"os"
	"path/filepath"

	"phivault/crypto/secret"
	"phivault/vault/store"
)

const drillPattern = "phivault-drill-*"

// Drill proves that a backup could be restored with the passphrase: it restores
// into a scratch folder (in Options.Scratch), checks every record, payload, index
// and attachment, and removes the folder. It changes no vault and no anchor, and
// may run while the vault is open. Problems inside are in the result and no
// error; a backup that cannot be opened is an error as for Restore.
func Drill(ctx context.Context, backup string, passphrase *secret.Bytes, o Options) (out Restored, err error) {
	o.fill()
	f, err := openBackup(backup)
	if err != nil {
		return Restored{}, err
	}
	defer f.close()
	b, err := f.unlock(ctx, passphrase, o.DeviceSecret)
	if err != nil {
		return Restored{}, err
	}
	defer b.Destroy()
	dir, l, err := scratch(ctx, o)
	if err != nil {
		return Restored{}, err
	}
	defer func() { err = first(err, l.release(), os.RemoveAll(dir)) }()
	out.Backup = f.describe(backup)
	db := filepath.Join(dir, dbName)
	if err := unpack(ctx, f, db, o); err != nil {
		return Restored{}, err
	}
	d, err := openDatabase(ctx, db, b, store.Open, store.Options{Clock: o.Clock})
	if err != nil {
		return Restored{}, err
	}
	if err := d.end(d.prove(ctx, false, o, &out)); err != nil {
		return Restored{}, err
	}
	return out, nil
}

// scratch makes a locked folder, and removes what killed drills left in the same
// place: those whose lock nobody holds.
func scratch(ctx context.Context, o Options) (dir string, l *lock, err error) {
	place := o.Scratch
	if place == "" {
		place = os.TempDir()
	}
	left, err := filepath.Glob(filepath.Join(place, drillPattern))
	if err != nil {
		return "", nil, err
	}
	for _, old := range left {
		// Without a lock file it is being made this moment.
		f, err := openPlain(filepath.Join(old, lockName), os.O_RDWR)
		if err != nil {
			continue
		}
		if ok, err := tryLock(f); ok && err == nil {
			_ = os.RemoveAll(old)
		}
		_ = f.Close()
	}
	dir, err = os.MkdirTemp(place, drillPattern)
	if err != nil {
		return "", nil, fault("making a scratch folder", err)
	}
	l, err = acquire(ctx, filepath.Join(dir, lockName), o.Command, 0)
	if err != nil {
		return "", nil, first(err, os.RemoveAll(dir))
	}
	return dir, l, nil
}
