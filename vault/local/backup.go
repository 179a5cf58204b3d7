package local

import (
	"context"
	"crypto/sha256"
	"encoding/json"
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

// BackupOptions say how a backup is made.
type BackupOptions struct {
	// Passphrase is asked for again where the caller's policy says so. A vault
	// that is bound to this device needs it in any case: a backup opens without
	// the device secret, so its key file is sealed anew. It stays the caller's.
	Passphrase *secret.Bytes
	// Progress is told the bytes written; it must not ask the Vault for another
	// act on the whole. Nil: nobody is told.
	Progress func(done, total int64)
}

// BackupInfo describes a backup.
type BackupInfo struct {
	Path    string
	VaultID vault.Hash
	Created time.Time // UTC
	Bytes   int64     // of the file
	Entry   int64     // the newest entry that is certainly in it; 0 where it was not looked for
	Key     keyfile.Info
}

// ErrPassphraseNeeded is the backup of a bound vault without its passphrase.
var ErrPassphraseNeeded = errors.New("the vault is bound to this device: a backup needs the passphrase")

// backupNote is what the vault remembers of its last backup.
type backupNote struct {
	At    time.Time `json:"at"`
	Entry int64     `json:"entry"`
	Path  string    `json:"path"`
}

// Backup writes everything into one new file at path: ErrFileExists when the name
// is taken. It holds no more than the vault's folder does, encrypted as it lies
// there, and opens with the passphrase that was in force. Reading and writing go
// on meanwhile; what is written after the beginning may be missing.
//
// The vault's own disk may be full: then it takes twice the room at path's place
// for a while, and what the vault could not keep about it is in notices. Where the
// vault's folder cannot be written it keeps nothing about it.
//
// Whoever has the file can try passphrases against it.
func (v *Vault) Backup(ctx context.Context, path string, o BackupOptions) (BackupInfo, error) {
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return BackupInfo{}, err
	}
	v.whole.Lock()
	defer v.whole.Unlock()
	keys, info, err := v.backupKeys(ctx, o.Passphrase)
	if err != nil {
		return BackupInfo{}, err
	}
	f, err := createNew(path)
	if err != nil {
		return BackupInfo{}, err
	}
	// First of all, so that it is in the backup too. A full disk is no reason to
	// have none.
	err = v.announce(ctx, vault.ActionBackup)
	if errors.Is(err, vault.ErrFull) {
		v.o.Notice(Notice{NoticeNotAudited, "the disk is full: this backup is not in the audit trail"})
		err = nil
	}
	if v.lock.readOnly() { // said when it was opened
		err = nil
	}
	if err != nil {
		f.abandon()
		return BackupInfo{}, err
	}
	h, err := v.database.store.Head(ctx)
	if err != nil {
		f.abandon()
		return BackupInfo{}, err
	}
	out := BackupInfo{Path: path, VaultID: v.id, Created: v.o.now(), Entry: h.Entry, Key: info}
	if out.Bytes, err = v.writeBackup(ctx, f, keys, out.Created, o.Progress); err != nil {
		f.abandon()
		return BackupInfo{}, err
	}
	if err := f.finish(); err != nil {
		f.abandon()
		return BackupInfo{}, err
	}
	if err := noteBackup(ctx, v.database.store, out); err != nil && !v.lock.readOnly() {
		v.o.Notice(Notice{NoticeBackupUnnoted, fmt.Sprintf("the backup is good, but the vault will not remember it: %v", err)})
	}
	return out, nil
}

// backupKeys is the key file for a backup: the vault's own, or one that needs no
// device secret.
func (v *Vault) backupKeys(ctx context.Context, passphrase *secret.Bytes) ([]byte, keyfile.Info, error) {
	file, info, err := v.ownKey()
	if err != nil {
		return nil, info, err
	}
	if passphrase == nil {
		if info.NeedsDeviceSecret {
			return nil, info, ErrPassphraseNeeded
		}
		return file, info, nil
	}
	b, info, err := v.reopen(ctx, passphrase)
	if err != nil {
		return nil, info, err
	}
	defer b.Destroy()
	if !info.NeedsDeviceSecret {
		return file, info, nil
	}
	if file, err = keyfile.Seal(b, passphrase, nil, info.Params); err != nil {
		return nil, info, err
	}
	info, err = keyfile.Inspect(file)
	return file, info, err
}

func (v *Vault) writeBackup(ctx context.Context, f *newFile, keys []byte, at time.Time, progress func(done, total int64)) (int64, error) {
	head := backupHead{created: at.Unix(), vaultID: v.id, key: part{int64(len(keys)), sha256.Sum256(keys)}}
	db := filepath.Join(v.dir, dbName)
	// The header comes last, when the database's hash is known: a file that was
	// cut off never has one.
	if _, err := f.WriteAt(keys, backupHeader); err != nil {
		return 0, placeFault(err)
	}
	if _, err := f.Seek(backupHeader+head.key.size, 0); err != nil {
		return 0, placeFault(err)
	}
	pack := func(src *os.File) error {
		fi, err := src.Stat()
		if err != nil {
			return fault("reading the database", err)
		}
		head.db, err = copyHashed(ctx, f, src, fi.Size(), progress)
		if err != nil && ctx.Err() == nil {
			err = placeFault(err)
		}
		return err
	}
	var err error
	if v.lock.readOnly() {
		err = still(db, pack)
	} else {
		err = frozen(ctx, v.database.vfs, db, func() error {
			src, err := openPlain(db, os.O_RDONLY)
			if err != nil {
				return fault("reading the database", err)
			}
			defer src.Close()
			return pack(src)
		})
	}
	if errors.Is(err, errNoRoom) {
		err = merged(ctx, v.database.vfs, db, f.path, pack)
	}
	if err != nil {
		return 0, err
	}
	if _, err := f.WriteAt(head.encode(v.backupKey), 0); err != nil {
		return 0, placeFault(err)
	}
	return backupHeader + head.key.size + head.db.size, nil
}

// noteBackup remembers the backup for status. The backup is good without it.
func noteBackup(ctx context.Context, st *store.Store, b BackupInfo) error {
	note, err := json.Marshal(backupNote{b.Created, b.Entry, b.Path})
	if err != nil {
		return err
	}
	return st.SetMeta(context.WithoutCancel(ctx), metaBackup, string(note))
}

// InspectBackup reads what a backup says about itself, unproven, without a
// passphrase. Its lengths and its key file are compared, the database is not.
func InspectBackup(path string) (BackupInfo, error) {
	b, err := openBackup(path)
	if err != nil {
		return BackupInfo{}, err
	}
	defer b.close()
	return b.describe(path), nil
}

func (b *backupFile) describe(path string) BackupInfo {
	return BackupInfo{Path: path, VaultID: b.head.vaultID, Created: b.created(),
		Bytes: backupHeader + b.head.key.size + b.head.db.size, Key: b.info}
}
