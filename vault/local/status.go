package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"phivault/crypto/keyfile"
	"phivault/vault"
	"phivault/vault/store"
)

// Info is what a vault shows of itself without being opened.
type Info struct {
	Dir      string       // absolute
	VaultID  vault.Hash   // as the key file says, unproven until it opens
	Key      keyfile.Info // profile, costs, whether a device secret is needed
	Bytes    int64        // of the vault's files
	LockedBy *InUseError  // nil: nobody has it open
}

// Inspect looks at a vault's folder from outside. Key derivation parameters
// outside the limits are reported as they are, with keyfile.ErrParams.
func Inspect(dir string) (Info, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Info{}, err
	}
	if err := present(dir); err != nil {
		return Info{}, err
	}
	i, err := inspect(dir)
	if err != nil {
		return i, err
	}
	i.LockedBy, err = lockedBy(dir)
	return i, err
}

func inspect(dir string) (Info, error) {
	i := Info{Dir: dir}
	for _, name := range [...]string{keyName, dbName, walName} {
		if n, _, err := statPart(filepath.Join(dir, name)); err == nil {
			i.Bytes += n
		}
	}
	_, info, err := readKey(dir)
	i.Key, i.VaultID = info, info.VaultID
	return i, err
}

// Status is what an open vault says of itself.
type Status struct {
	Info
	Counts   vault.Counts
	Head     store.Head
	Anchor   string    // "keyring", "state" (a file), or "" when nothing remembers
	Restored time.Time // when this copy was restored from a backup; zero: never
	Backup   *LastBackup
}

// LastBackup is the last backup that was made of this copy of the vault.
type LastBackup struct {
	At     time.Time // UTC
	Path   string    // where it was written; nobody looked whether it still is there
	Entry  int64
	Behind int64 // entries since then, the opening of the vault included
}

// Status counts and reads settings; it verifies nothing. It may be called while
// the key file is damaged or gone: Info then is what is left to say, without an
// error, since the open vault is whole.
func (v *Vault) Status(ctx context.Context) (Status, error) {
	v.whole.Lock()
	defer v.whole.Unlock()
	if v.closed {
		return Status{}, ErrClosed
	}
	var s Status
	var err error
	if s.Info, err = inspect(v.dir); err != nil && !errors.Is(err, vault.ErrNoVault) && !errors.Is(err, vault.ErrIntegrity) {
		return s, err
	}
	s.VaultID, s.Anchor = v.id, v.anchors.where()
	if s.Counts, err = v.Counts(ctx); err != nil {
		return s, err
	}
	if s.Head, err = v.database.store.Head(ctx); err != nil {
		return s, err
	}
	if s.Restored, err = v.restored(ctx); err != nil {
		return s, err
	}
	s.Backup, err = v.lastBackup(ctx, s.Head.Entry)
	return s, err
}

func (v *Vault) restored(ctx context.Context) (time.Time, error) {
	at, err := v.database.store.Meta(ctx, metaRestored)
	if err != nil || at == "" {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return t, fmt.Errorf("%w: setting %q", vault.ErrIntegrity, metaRestored)
	}
	return t, nil
}

func (v *Vault) lastBackup(ctx context.Context, head int64) (*LastBackup, error) {
	note, err := v.database.store.Meta(ctx, metaBackup)
	if err != nil || note == "" {
		return nil, err
	}
	var n backupNote
	if err := json.Unmarshal([]byte(note), &n); err != nil {
		return nil, fmt.Errorf("%w: setting %q", vault.ErrIntegrity, metaBackup)
	}
	return &LastBackup{At: n.At, Path: n.Path, Entry: n.Entry, Behind: head - n.Entry}, nil
}
