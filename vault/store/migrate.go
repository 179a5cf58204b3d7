package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// Migrations are numbered files, applied in order, each in the transaction that
// also raises meta's schema number. A landed file never changes.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

// newestSchema is the number of the last of them.
const newestSchema = 11

// migrate brings the database from the schema that it has to the newest.
func (s *Store) migrate(ctx context.Context, have int) error {
	if have == newestSchema {
		return nil
	}
	names, err := fs.Glob(schemaFiles, "schema/*.sql")
	if err != nil {
		return err
	}
	if len(names) != newestSchema {
		panic(fmt.Sprintf("store: there are %d migrations", len(names)))
	}
	if err := s.w.exec(ctx, `CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID`); err != nil {
		return err
	}
	for n, name := range names[have:] {
		sql, err := schemaFiles.ReadFile(name)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(name, fmt.Sprintf("schema/%04d_", have+n+1)) {
			panic("store: migrations are not numbered without gaps: " + name)
		}
		if err := s.step(ctx, have+n+1, terse(string(sql))); err != nil {
			return fmt.Errorf("schema %d: %w", have+n+1, err)
		}
	}
	return nil
}

func (s *Store) step(ctx context.Context, number int, sql string) error {
	return s.w.transact(ctx, func() error {
		if err := s.w.exec(ctx, sql); err != nil {
			return err
		}
		return s.w.exec(ctx, `INSERT INTO meta(key,value) VALUES('schema',?) ON CONFLICT(key) DO UPDATE SET value=excluded.value`, number)
	})
}

const metaValue = "SELECT value FROM meta WHERE key=?"

// schemaVersion gives the database's schema number, 0 when it has none yet, and whether
// a rebuild began and did not end. A number above newestSchema is ErrNewer: the database
// is refused and left as it is. It writes nothing.
func (s *Store) schemaVersion(ctx context.Context) (have int, half bool, err error) {
	_, err = s.w.row(ctx, []any{&have, &half}, "SELECT coalesce((SELECT value FROM meta WHERE key='schema'),0),EXISTS(SELECT 1 FROM meta WHERE key='rebuild')")
	if code, _ := codeOf(err); code == sqlite3.SQLITE_ERROR { // as when there is no such table
		if n, e := count(ctx, s.w, `SELECT count(*) FROM sqlite_schema WHERE name='meta'`); e != nil || n == 0 {
			return 0, false, e
		}
	}
	if err != nil {
		return 0, false, err
	}
	if have > newestSchema {
		return 0, false, fmt.Errorf("%w: its schema is %d, this program knows %d", ErrNewer, have, newestSchema)
	}
	return have, half, nil
}

// SetMeta keeps a small setting of this copy of the vault, outside the log.
func (s *Store) SetMeta(ctx context.Context, key, value string) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.write.Unlock()
	return mapError(s.w.exec(ctx, `INSERT INTO meta(key,value) VALUES('user.'||?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value`, key, value))
}

// Meta gives what SetMeta kept, or "".
func (s *Store) Meta(ctx context.Context, key string) (v string, err error) {
	err = s.read(ctx, func(c *conn) error {
		_, err := c.row(ctx, []any{&v}, `SELECT value FROM meta WHERE key='user.'||?`, key)
		return err
	})
	return v, err
}
