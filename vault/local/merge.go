package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"phivault/vault/store/cryptvfs"
)

// merged calls f with a copy of the database at path that holds everything which
// was committed before. It needs no room on the vault's disk, where a full one
// keeps the log from being moved into the database, but twice the database's size
// beside dest: the database and its log are copied there as they lie, encrypted,
// and SQLite puts the copies together.
func merged(ctx context.Context, vfs *cryptvfs.VFS, path, dest string, f func(*os.File) error) (err error) {
	db, err := createBeside(dest)
	if err != nil {
		return err
	}
	defer discard(db)
	log, err := os.OpenFile(db.Name()+walSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return placeFault(err)
	}
	err = held(ctx, vfs, path,
		func() error { return copyTo(ctx, log, path+walSuffix) },
		func() error { return copyTo(ctx, db, path) })
	if err = first(err, log.Close()); err != nil {
		return err
	}
	if err := moveLog(ctx, vfs, db.Name()); err != nil {
		return placeFault(explain(err, vfs.LastError()))
	}
	if _, err := db.Seek(0, io.SeekStart); err != nil {
		return placeFault(err)
	}
	return f(db)
}

// held calls log while nobody writes to the log, and then main while everything
// in the file that is not in the copied log stays as it is: a reader at the end of
// that log keeps checkpoints from going beyond it. What a checkpoint does change
// meanwhile is in the copied log and read from there.
func held(ctx context.Context, vfs *cryptvfs.VFS, path string, log, main func() error) error {
	p, err := openPair(path, vfs)
	if err != nil {
		return err
	}
	defer p.close()
	err = p.whileNobodyWrites(func() error {
		if err := beginReading(p.reader); err != nil {
			return err
		}
		return log()
	})
	if err != nil {
		return err
	}
	return main()
}

func copyTo(ctx context.Context, to *os.File, path string) error {
	from, err := openPlain(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no log
	}
	if err != nil {
		return fault("reading the database", err)
	}
	defer from.Close()
	if _, err = copyHashed(ctx, to, from, 0, func(int64, int64) {}); err != nil && ctx.Err() == nil {
		err = placeFault(err)
	}
	return err
}

// moveLog moves the whole log into the database at path, which nobody else uses.
func moveLog(ctx context.Context, vfs *cryptvfs.VFS, path string) error {
	c, err := connect(path, vfs)
	if err != nil {
		return err
	}
	busy, _, _, err := checkpoint(c, "TRUNCATE")
	if err == nil && busy {
		err = errors.New("the copied log was not moved")
	}
	return first(err, c.Close())
}
