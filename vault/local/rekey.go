package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/store/cryptvfs"
)

// How keys change. The database is copied under its new key beside the old one, and in
// the copy the device's own keys change; then the key file with the new keys takes the
// old one's place, and that moment decides: before it the copy is nothing, after it the copy is the database. Until
// the copy has the database's name the old one stays, so whoever is cut off anywhere
// finds one key file and the database that it opens; finishRekey tidies up.

// rekeySteps are the moments after which a process may be killed, for tests.
const (
	stepClosed   = "closed"   // the database is closed, nothing else is done
	stepCopied   = "copied"   // the copy is whole
	stepEnded    = "ended"    // the copy is the next device's
	stepBegun    = "begun"    // which knows of the old one's end
	stepDecided  = "decided"  // the new key file is in force
	stepReplaced = "replaced" // the copy has the database's name
)

// Rekey gives this copy of the vault a new database key, under which the whole
// database is written anew, a key file with a new salt, under the same passphrase and
// parameters, and the device fresh keys of its own, to sign with and to receive by: it
// becomes another device with the old one's role and name, whose keys are ended. The
// next sync tells the others. device is false where the device signs nothing more, so
// that its own keys stay.
//
// keyfile.ErrPassphrase for another passphrase, and journal.ErrWaiting, ErrUnreadable
// where the keys cannot be ended now: nothing happened. Otherwise the vault is closed
// afterwards, whatever came of it. It takes as much room again as the database has.
// After an error with ErrRekeyed the new keys are in force; after any other the old
// ones are.
//
// It does not undo copies: old backups, snapshots and copies of the folder open with
// what opened them. They can send nothing once the others know of the end.
func (v *Vault) Rekey(ctx context.Context, passphrase *secret.Bytes, progress func(done, total int64)) (device bool, err error) {
	v.whole.Lock()
	defer v.whole.Unlock()
	b, info, err := v.reopen(ctx, passphrase)
	if err != nil {
		return false, err
	}
	defer b.Destroy()
	how, err := v.renewal(ctx)
	if err != nil {
		return false, err
	}
	if err := v.announce(ctx, vault.ActionRekey); err != nil {
		return false, err
	}
	sk := copied(v.sk)
	defer sk.Destroy()
	seal := func(next *keyfile.Bundle) ([]byte, error) { return keyfile.Seal(next, passphrase, sk, info.Params) }
	l := v.lock
	v.lock = nil // held until the files are in their places
	defer func() { err = first(err, l.release()) }()
	err = v.Vault.Close(context.WithoutCancel(ctx))
	err = first(err, v.door.close(context.WithoutCancel(ctx)))
	if err == nil {
		err = explain(v.database.store.Checkpoint(ctx), v.database.vfs.LastError())
	}
	if err = first(err, v.shut(ctx)); err != nil {
		return false, err
	}
	v.o.step(stepClosed)
	return how != renewNothing, v.exchangeKeys(ctx, l, b, how, seal, progress)
}

// ErrRekeyed comes with an error after which the new keys are in force: what is
// left to do is done when the vault is next opened.
var ErrRekeyed = errors.New("the new keys are in force")

func (v *Vault) exchangeKeys(ctx context.Context, l *lock, old *keyfile.Bundle, how renewal, seal func(*keyfile.Bundle) ([]byte, error), progress func(done, total int64)) error {
	if err := logOf(filepath.Join(v.dir, dbName)); err != nil {
		return err
	}
	path := filepath.Join(v.dir, rekeyName)
	if err := removeCopy(path); err != nil {
		return fault("clearing what an interrupted attempt left", err)
	}
	file, err := v.copyAnew(ctx, path, old, how, seal, progress)
	if err != nil {
		return first(err, removeCopy(path))
	}
	err = v.o.writeKey(filepath.Join(v.dir, keyName), file)
	if errors.Is(err, keyfile.ErrUnsynced) {
		return fmt.Errorf("%w: %w", ErrRekeyed, err) // which of them lasts is seen at the next opening
	}
	if err != nil {
		return first(fault("writing the key file", err), removeCopy(path))
	}
	v.o.step(stepDecided)
	if err := l.replaceDatabase(ctx, v.dir, v.o); err != nil {
		return fmt.Errorf("%w: %w", ErrRekeyed, err)
	}
	v.o.step(stepReplaced)
	return nil
}

// copyAnew makes the copy at path, whole and lasting, and the key file that opens it.
func (v *Vault) copyAnew(ctx context.Context, path string, old *keyfile.Bundle, how renewal, seal func(*keyfile.Bundle) ([]byte, error), progress func(done, total int64)) ([]byte, error) {
	b := old.Clone()
	defer b.Destroy()
	b.Database.Destroy()
	b.Database = secret.Random(keyfile.KeySize)
	err := cryptvfs.Reseal(ctx, filepath.Join(v.dir, dbName), path, cryptvfs.Resealing{Key: old.Database.Bytes(), Fresh: b.Database.Bytes(),
		VaultID: v.id, PageSize: pageSize, Progress: progress})
	if err != nil {
		return nil, explain(fault("writing the database under its new key", err), err)
	}
	v.o.step(stepCopied)
	next, err := v.renew(ctx, path, b, how)
	if err != nil {
		return nil, err
	}
	defer next.Destroy()
	if err := logOf(path); err != nil {
		return nil, err
	}
	if err := os.Remove(path + walSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault("clearing the new database's log", err)
	}
	file, err := seal(next)
	if err != nil {
		return nil, err
	}
	// The copy's name must last before the key file that depends on it does.
	return file, fault("writing the database under its new key", keyfile.SyncDir(v.dir))
}

// replaceDatabase gives the copy the database's name. The database is not locked
// meanwhile: where a file that is open cannot be replaced, this one could not be.
// The folder's lock is held.
func (l *lock) replaceDatabase(ctx context.Context, dir string, o Options) error {
	if l.db != nil {
		err := l.db.Close()
		if l.db = nil; err != nil {
			return fault("letting go of the database", err)
		}
	}
	// All of it is in the old database, which the copy was made of.
	if err := os.Remove(filepath.Join(dir, walName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault("clearing the old database's log", err)
	}
	if err := keyfile.Replace(filepath.Join(dir, rekeyName), filepath.Join(dir, dbName)); err != nil {
		return fault("putting the database in place", err)
	}
	return l.guard(ctx, filepath.Join(dir, dbName), o.Wait)
}

// finishRekey brings what an interrupted change of keys left to its end: a copy
// that the key file in force opens becomes the database, any other is removed.
func finishRekey(ctx context.Context, dir string, l *lock, b *keyfile.Bundle, o Options) error {
	copied := filepath.Join(dir, rekeyName)
	if _, err := os.Lstat(copied); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	ours, err := cryptvfs.Opens(copied, b.Database.Bytes(), b.VaultID(), pageSize)
	if err != nil {
		return fault("looking at the database under its new key", err)
	}
	if !ours {
		// A read-only folder keeps it, and it does no harm.
		_ = removeCopy(copied)
		return nil
	}
	// The key file may be in force and not yet lasting.
	if err := keyfile.SyncDir(dir); err != nil {
		return fault("finishing the change of keys", err)
	}
	return l.replaceDatabase(ctx, dir, o)
}
