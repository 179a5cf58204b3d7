package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

// Migrations are numbered files, applied in order, each in the transaction that
// also raises meta's schema number. A landed file never changes.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

// migrate brings the database from the schema that it has to the newest.
func (s *Store) migrate(ctx context.Context, have int, names []string) error {
	if have == len(names) {
		return nil
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
		if err := s.step(ctx, have+n+1, string(sql)); err != nil {
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

// schemaVersion gives the database's schema number, 0 when it has none yet, and
// the migrations there are. More than those is ErrNewer: the database is refused and
// left as it is. It writes nothing.
func (s *Store) schemaVersion(ctx context.Context) (have int, names []string, err error) {
	if names, err = fs.Glob(schemaFiles, "schema/*.sql"); err != nil {
		return 0, nil, err
	}
	var meta int
	if _, err := s.w.row(ctx, []any{&meta}, `SELECT count(*) FROM sqlite_schema WHERE name='meta'`); err != nil || meta == 0 {
		return 0, names, err
	}
	if _, err := s.w.row(ctx, []any{&have}, metaValue, "schema"); err != nil {
		return 0, nil, err
	}
	if have > len(names) {
		return 0, nil, fmt.Errorf("%w: its schema is %d, this program knows %d", ErrNewer, have, len(names))
	}
	return have, names, nil
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
