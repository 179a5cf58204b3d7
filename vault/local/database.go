package local

import (
	"context"
	"errors"
	"fmt"

	"phivault/crypto/keyfile"
	"phivault/vault"
	"phivault/vault/journal/segment"
	"phivault/vault/store"
	"phivault/vault/store/cryptvfs"
)

// database is an open database file with the VFS that decrypts it.
type database struct {
	vfs    *cryptvfs.VFS
	store  *store.Store
	device [16]byte // whose keys the bundle holds
}

// pageSize of every database, in bytes: part of the format, since the pages'
// keys depend on it.
const pageSize = 4096

type storeOpener func(ctx context.Context, path string, o store.Options) (*store.Store, error)

// openDatabase opens the database at path. Before o.Check is content, no byte of
// its files changes, whatever the error.
func openDatabase(ctx context.Context, path string, b *keyfile.Bundle, with storeOpener, o store.Options) (*database, error) {
	dev, err := device(b)
	if err != nil {
		return nil, err
	}
	vfs, err := cryptvfs.New(cryptvfs.Options{Key: b.Database.Bytes(), VaultID: b.VaultID(), PageSize: pageSize, Held: o.Check != nil, ReadOnly: o.ReadOnly})
	if err != nil {
		return nil, err
	}
	var refused error
	if check := o.Check; check != nil {
		o.Check = func(ctx context.Context, st *store.Store) error {
			if refused = check(ctx, st); refused == nil {
				vfs.Release()
			}
			return refused
		}
	}
	o.VFS, o.VaultID, o.Device = vfs.Name(), b.VaultID(), dev
	st, err := with(ctx, path, o)
	if err != nil {
		if refused == nil {
			err = explain(err, vfs.LastError())
		}
		_ = vfs.Close()
		return nil, err
	}
	return &database{vfs, st, dev}, nil
}

// explain says what of several things an error of opening was: SQLite passes on
// a number, and the VFS remembers the reason.
func explain(err, reason error) error {
	switch {
	case err == nil, reason == nil, errors.Is(err, context.Canceled), errors.Is(err, store.ErrNewer),
		errors.Is(err, vault.ErrFull), errors.Is(err, vault.ErrReadOnly), errors.Is(err, vault.ErrInUse):
		return err
	case errors.Is(reason, cryptvfs.ErrTruncated), errors.Is(reason, cryptvfs.ErrEmpty):
		return fmt.Errorf("%w: the database is cut short; restore a backup", vault.ErrIntegrity)
	case errors.Is(reason, cryptvfs.ErrLogDamaged):
		return fmt.Errorf("%w: the database's write-ahead log is cut short or altered; restore a backup", vault.ErrIntegrity)
	case errors.Is(reason, cryptvfs.ErrAuth):
		return fmt.Errorf("%w: the database is altered or belongs to another vault; restore a backup", vault.ErrIntegrity)
	case isFull(reason), isReadOnly(reason):
		return fault("nothing of this step was saved", reason)
	}
	return err
}

func (d *database) close() error {
	err := d.store.Close()
	return first(err, d.vfs.Close())
}

// end closes the database after an act that gave err, and says what became of it.
func (d *database) end(err error) error {
	err = explain(err, d.vfs.LastError())
	return first(err, d.close())
}

func (d *database) parts(clock vault.Clock) vault.Parts {
	return vault.Parts{Store: d.store, Load: d.store, Index: d.store, Blobs: d.store, Log: d.store, Check: checker{d.store}, Clock: clock}
}

// checker has the store's own checks compare times, too.
type checker struct{ *store.Store }

var _ vault.Checker = checker{}

func (c checker) Verify(ctx context.Context, quick bool, found func(vault.Problem), progress func(done, total int64)) (vault.Verified, error) {
	return c.VerifyWith(ctx, quick, segment.AsSigned, found, progress)
}
