package local

import (
	"context"
	"database/sql"
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
	db, err := sql.Open("sqlite", uri(path, vfs.Name()))
	if err != nil {
		return err
	}
	defer db.Close()
	reader, err := db.Conn(ctx)
	if err != nil {
		return explain(err, vfs.LastError())
	}
	defer reader.Close()
	defer reader.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	err = whileNobodyWrites(ctx, db, func() error {
		if err := beginReading(ctx, reader); err != nil {
			return err
		}
		return log()
	})
	if err != nil {
		return err
	}
	return main()
}

func whileNobodyWrites(ctx context.Context, db *sql.DB, f func() error) error {
	writer, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer writer.Close()
	if _, err := writer.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer writer.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return f()
}

// beginReading starts a transaction on the newest state. BEGIN alone reads
// nothing; it starts with the first page.
func beginReading(ctx context.Context, reader *sql.Conn) error {
	if _, err := reader.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	var n int64
	return reader.QueryRowContext(ctx, "SELECT count(*) FROM meta").Scan(&n)
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
	db, err := sql.Open("sqlite", uri(path, vfs.Name()))
	if err != nil {
		return err
	}
	var busy, frames, moved int64
	err = db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	if err == nil && busy != 0 {
		err = errors.New("the copied log was not moved")
	}
	return first(err, db.Close())
}
