package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/store"
)

// Settings of one copy of a vault, in its database.
const (
	metaInstance = "instance" // which copy this is, for anchors
	metaRestored = "restored" // when it was restored, RFC 3339
	metaBackup   = "backup"   // the last backup, backupNote
)

// Open opens the vault in dir. The passphrase stays the caller's. Its errors:
// vault.ErrNoVault, ErrInUse (an *InUseError), ErrReadOnly, ErrIntegrity;
// keyfile.ErrPassphrase, ErrDeviceSecret, ErrParams, ErrVersion; store.ErrNewer.
func Open(ctx context.Context, dir string, passphrase *secret.Bytes, o Options) (*Vault, error) {
	o.fill()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return openDir(ctx, dir, by(passphrase), o)
}

func openDir(ctx context.Context, dir string, unlock unlocker, o Options) (*Vault, error) {
	// Looked at twice: before the lock, so that no lock is left where there is no
	// vault, and under it, since what was there may be gone.
	if err := present(dir); err != nil {
		return nil, err
	}
	l, err := acquireFor(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	v, err := openLocked(ctx, dir, l, unlock, o)
	if err != nil {
		return nil, first(err, l.release())
	}
	return v, nil
}

// acquireFor takes the vault's lock for what can be done there: reading and writing,
// or reading alone.
func acquireFor(ctx context.Context, dir string, o Options) (*lock, error) {
	path := filepath.Join(dir, lockName)
	if o.unwritable(dir) {
		return acquireReading(ctx, path, o.Wait)
	}
	return acquire(ctx, path, o.Command, o.Wait)
}

func present(dir string) error {
	s, err := look(dir)
	if err != nil {
		return err
	}
	return s.vault()
}

func openLocked(ctx context.Context, dir string, l *lock, unlock unlocker, o Options) (*Vault, error) {
	if err := present(dir); err != nil {
		return nil, err
	}
	if err := l.guard(ctx, filepath.Join(dir, dbName), o.Wait); err != nil {
		return nil, err
	}
	if err := inspectParts(dir, o); err != nil {
		return nil, err
	}
	file, info, err := readKey(dir)
	if err != nil {
		return nil, err
	}
	as := newAnchors(info.VaultID, o)
	recalled := as.recall(ctx)
	b, sk, err := unlock(ctx, file, info, o)
	if err != nil {
		return nil, err
	}
	defer b.Destroy()
	if err := finishRekey(ctx, dir, l, b, o); err != nil {
		sk.Destroy()
		return nil, err
	}
	v := &Vault{dir: dir, id: info.VaultID, o: o, lock: l, anchors: as, sk: sk}
	if err := v.attach(ctx, b, func() remembered { return wait(ctx, recalled) }); err != nil {
		v.sk.Destroy()
		v.backupKey.Destroy()
		return nil, err
	}
	o.hold(dir, file, b, sk)
	return v, nil
}

// inspectParts clears what a killed process left and looks at the files before
// the costly derivation.
func inspectParts(dir string, o Options) error {
	_ = os.RemoveAll(filepath.Join(dir, stageName))
	folder, err := os.Stat(dir)
	if err != nil {
		return fault("looking into the vault's folder", err)
	}
	_, looseKey, err := statPart(filepath.Join(dir, keyName))
	if err != nil {
		return fault("looking at the key file", err)
	}
	size, looseDB, err := statPart(filepath.Join(dir, dbName))
	if err != nil {
		return fault("looking at the database", err)
	}
	if size == 0 {
		return fmt.Errorf("%w: the database is empty; restore a backup", vault.ErrIntegrity)
	}
	if readableByOthers(folder) && (looseKey || looseDB) {
		o.Notice(Notice{NoticeMode, "other users of this machine can read the vault's files; make its folder private (chmod 700)"})
	}
	return nil
}

// attach opens the database and begins the session.
func (v *Vault) attach(ctx context.Context, b *keyfile.Bundle, recalled func() remembered) (err error) {
	if v.backupKey, err = backupKey(b); err != nil {
		return err
	}
	v.keeper = newKeeper(func(h store.Head) {
		v.anchors.save(context.WithoutCancel(ctx), anchor{v.instance, h})
	})
	older := false
	v.database, err = openDatabase(ctx, filepath.Join(v.dir, dbName), b, store.Open, store.Options{
		Clock: v.o.Clock, Committed: v.keeper.offer, ReadOnly: v.lock.readOnly(),
		Check: func(ctx context.Context, st *store.Store) (err error) {
			older, err = v.compare(ctx, st, recalled())
			return err
		},
	})
	if err != nil {
		return err
	}
	if v.o.Sole {
		v.database.vfs.Lockdown()
	}
	parts := v.database.parts(v.o.Clock)
	parts.ReadOnly = v.lock.readOnly()
	v.Vault = vault.New(parts)
	err = explain(v.finishReplace(ctx, b), v.database.vfs.LastError())
	if err == nil && older && !v.lock.readOnly() {
		err = v.database.store.SetState(ctx, journal.RestoredState, []byte{1})
	}
	if err == nil {
		err = v.begin(ctx, older)
	}
	if err != nil {
		err = first(err, v.database.close())
		v.keeper.close()
		return err
	}
	if v.door.keys == nil {
		v.door = newDoor(b)
	}
	return nil
}

// compare holds the database against what this device remembers of it.
func (v *Vault) compare(ctx context.Context, st *store.Store, r remembered) (older bool, err error) {
	if v.instance, err = st.Meta(ctx, metaInstance); err != nil {
		return false, err
	}
	o := v.o
	if v.lock.readOnly() {
		o.Notice = v.forgetful
	}
	return r.check(ctx, st, v.instance, o)
}

// forgetful tells notices about what this device remembers where it will remember
// nothing more of this database than it does.
func (v *Vault) forgetful(n Notice) {
	switch n.Kind {
	case NoticeOlder:
		n.Text = "the database is older than what this device remembers; opened for reading as asked"
	case NoticeNoAnchor:
		n.Text = "this device does not remember how far the vault had come: an older copy put in its place would not be noticed"
	}
	v.o.Notice(n)
}

// begin notes that the database was opened.
func (v *Vault) begin(ctx context.Context, older bool) (err error) {
	if v.lock.readOnly() {
		v.o.Notice(Notice{NoticeReading, "the vault's folder cannot be written, so it is open for reading alone: nothing can be changed, and the audit trail does not tell of this"})
		return nil
	}
	st := v.database.store
	// The instance stays: what the old anchor told of was given up with it, and is
	// refused when it comes back.
	v.anchors.everywhere = older
	if v.instance == "" {
		if v.instance, err = newCopy(ctx, st); err != nil {
			return err
		}
	}
	v.keeper.start()
	err = v.Record(ctx, vault.ActionUnlock, vault.RecordID{})
	if errors.Is(err, vault.ErrFull) {
		// Reading must stay possible on a full disk.
		v.o.Notice(Notice{NoticeNotAudited, "the disk is full: this opening is not in the audit trail"})
		return nil
	}
	return err
}

// newCopy makes the database a copy of its own, of which nobody remembers
// anything yet.
func newCopy(ctx context.Context, st *store.Store) (instance string, err error) {
	instance = newInstance()
	return instance, st.SetMeta(ctx, metaInstance, instance)
}
