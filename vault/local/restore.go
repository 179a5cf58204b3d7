package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/store"
)

// Restored says what a backup held.
type Restored struct {
	Backup   BackupInfo
	Verified vault.Verified
	Problems []vault.Problem // none, unless Drill found some
}

// Restore makes a vault in dir, a folder that does not exist or holds nothing
// else, out of a backup. Nothing of it appears before the whole backup was proven
// with the passphrase that was in force when it was made, and the log's chain was
// checked. ErrExists when there is something in dir; keyfile.ErrPassphrase;
// vault.ErrIntegrity for a damaged, cut or mixed backup.
//
// The restored vault is another copy: what this device remembers of the one that
// was backed up does not apply to it. It is not bound to a device secret.
func Restore(ctx context.Context, backup, dir string, passphrase *secret.Bytes, o Options) (Restored, error) {
	o.fill()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Restored{}, err
	}
	if err := vacant(dir); err != nil {
		return Restored{}, err
	}
	if backup, err = filepath.Abs(backup); err != nil {
		return Restored{}, err
	}
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
	out := Restored{Backup: f.describe(backup)}
	l, err := build(ctx, dir, o, func(s *stage) error { return s.restore(ctx, f, b, passphrase, o, &out) })
	if err != nil {
		return Restored{}, err
	}
	return out, l.release()
}

func (s *stage) restore(ctx context.Context, f *backupFile, b *keyfile.Bundle, passphrase *secret.Bytes, o Options, out *Restored) error {
	if err := unpack(ctx, f, s.path(dbName), o); err != nil {
		return err
	}
	d, err := openDatabase(ctx, s.path(dbName), b, store.Open, store.Options{Clock: o.Clock})
	if err != nil {
		return err
	}
	err = d.prove(ctx, true, o, out)
	if err == nil && len(out.Problems) > 0 {
		err = fmt.Errorf("%w: the backup's log does not add up at %s %s; a drill tells more", vault.ErrIntegrity,
			out.Problems[0].Kind, out.Problems[0].ID)
	}
	if err == nil {
		_, err = newCopy(ctx, d.store)
	}
	if err == nil {
		err = d.store.SetMeta(ctx, metaRestored, o.now().Format(time.RFC3339))
	}
	if err == nil {
		err = noteBackup(ctx, d.store, out.Backup)
	}
	var next *keyfile.Bundle
	if err == nil {
		next, err = replaced(ctx, d.store, b, o)
		defer func() { next.Destroy() }()
	}
	if err == nil {
		err = d.store.Checkpoint(ctx)
	}
	if err = d.end(err); err != nil {
		return err
	}
	file, err := keyfile.Seal(next, passphrase, nil, f.info.Params)
	if err != nil {
		return err
	}
	return fault("writing the key file", keyfile.WriteFile(s.path(keyName), file))
}

// replaced makes the copy in a stage a device of its own, and gives its keys: nobody
// knows where else the backup was restored, and whether its device lives on.
func replaced(ctx context.Context, st *store.Store, b *keyfile.Bundle, o Options) (*keyfile.Bundle, error) {
	door := newDoor(b)
	j, err := door.open(ctx, st, o)
	if err != nil {
		return nil, first(err, door.close(ctx))
	}
	next, err := successor(b, j)
	if err != nil {
		return nil, first(err, door.close(ctx))
	}
	if err := door.succeed(ctx, st, o, b, next); err != nil {
		next.Destroy()
		return nil, err
	}
	return next, nil
}

// unpack writes a backup's database to path.
func unpack(ctx context.Context, f *backupFile, path string, o Options) error {
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault("writing the database", err)
	}
	err = f.database(ctx, w, func(done, total int64) { o.Progress(StepCopy, done, total) })
	if err = first(err, w.Close()); err != nil && ctx.Err() == nil && !errors.Is(err, vault.ErrIntegrity) {
		return fault("copying the backup's database", err)
	}
	return err
}

// prove runs the store's own checks and keeps what they find.
func (d *database) prove(ctx context.Context, quick bool, o Options, out *Restored) (err error) {
	h, err := d.store.Head(ctx)
	if err != nil {
		return err
	}
	out.Backup.Entry = h.Entry
	out.Verified, err = checker{d.store}.Verify(ctx, quick,
		func(p vault.Problem) { out.Problems = append(out.Problems, p) },
		func(done, total int64) { o.Progress(StepVerify, done, total) })
	return err
}
