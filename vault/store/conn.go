package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	sqlite3 "modernc.org/sqlite/lib"
)

// conn is one database connection with its prepared statements. It is used by
// one goroutine at a time.
//
// Statements run without the caller's context: a context with a Done channel
// costs modernc a goroutine per statement. Loops look at the context instead.
type conn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt

	within bool  // a transaction of transact's
	lost   error // what may have ended it: nothing more is done in it
}

func newConn(ctx context.Context, db *sql.DB) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: map[string]*sql.Stmt{}}, nil
}

func (c *conn) stmt(query string) (*sql.Stmt, error) {
	if c.lost != nil {
		return nil, c.lost
	}
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	s, err := c.c.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = s
	return s, nil
}

// heed gives err back. After some errors SQLite has taken the whole transaction back,
// savepoints included (https://sqlite.org/lang_transaction.html, 3.1): whoever went on
// would write each statement for good, and the log would lack what came before.
func (c *conn) heed(err error) error {
	if code, ok := codeOf(err); ok && c.within && c.lost == nil {
		switch code & 0xff {
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_ABORT:
			c.lost = err
		}
	}
	return err
}

// run executes a prepared statement; for the fixed statements of hot paths.
func (c *conn) run(query string, args ...any) error {
	_, err := c.change(query, args...)
	return err
}

// change is run and tells how many rows were changed.
func (c *conn) change(query string, args ...any) (int64, error) {
	s, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, c.heed(err)
	}
	return r.RowsAffected()
}

// exec executes SQL that is not worth keeping prepared.
func (c *conn) exec(_ context.Context, query string, args ...any) error {
	if c.lost != nil {
		return c.lost
	}
	_, err := c.c.ExecContext(context.Background(), query, args...)
	return c.heed(err)
}

// row scans the first row into dest and reports whether there was one.
func (c *conn) row(_ context.Context, dest []any, query string, args ...any) (bool, error) {
	s, err := c.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, c.heed(err)
}

// rows calls each for every row; each scans. Returning errStop ends it without
// an error.
func (c *conn) rows(ctx context.Context, each func(scan func(...any) error) error, query string, args ...any) error {
	s, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return c.heed(err)
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n&63 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := each(rows.Scan); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
	}
	return c.heed(rows.Err())
}

var errStop = errors.New("stop")

// transact runs f between BEGIN IMMEDIATE and COMMIT; whatever fails leaves the
// database as it was.
func (c *conn) transact(_ context.Context, f func() error) (err error) {
	if err := c.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	c.within = true
	done := false
	defer func() {
		c.within, c.lost = false, nil
		if !done {
			if rb := c.run("ROLLBACK"); rb != nil && err == nil {
				err = rb
			}
		}
	}()
	if err := f(); err != nil {
		return err
	}
	if err := c.run("COMMIT"); err != nil {
		return err
	}
	done = true
	return nil
}

// freeConns are connections that nobody uses. The one used last is taken first:
// whoever reads alone fills one cache and not each in turn.
type freeConns struct {
	mu  sync.Mutex
	all []*conn
}

// take gives a connection, or nil when there is none.
func (f *freeConns) take() *conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.all) - 1
	if n < 0 {
		return nil
	}
	c := f.all[n]
	f.all = f.all[:n]
	return c
}

func (f *freeConns) put(c *conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, c)
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	if err := errors.Join(append(errs, c.c.Close())...); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}
