package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	sqlite3 "modernc.org/sqlite/lib"

	"phivault/vault/store/sqlite"
)

// conn is one database connection with its prepared statements. It is used by
// one goroutine at a time. Statements are not interrupted: loops look at the context.
type conn struct {
	db    *sqlite.Conn
	stmts map[string]*statement

	wrote  func() // nil, or called after whatever may have been a commit
	within bool   // a transaction of transact's
	lost   error  // what may have ended it: nothing more is done in it
}

// statement is a prepared one. While its rows are read it is nobody else's.
type statement struct {
	*sqlite.Stmt
	busy bool
}

// pragmas are what every connection is told. Plain files need the page size and the
// journal mode said; an encrypting VFS makes its files that way.
const (
	pragmas      = "PRAGMA temp_store=2;PRAGMA foreign_keys=1;PRAGMA trusted_schema=0;PRAGMA cell_size_check=1;" + busyTimeout + ";"
	plainPragmas = "PRAGMA page_size=4096;PRAGMA journal_mode=wal;"

	readerPragmas = "PRAGMA cache_size=-%d;PRAGMA query_only=1" // KiB
	// The log is overwritten from its beginning once all of it was moved: a sync of a file
	// that grows takes almost twice as long. What is beyond the limit is cut.
	writerPragmas = "PRAGMA cache_size=-%d;PRAGMA synchronous=FULL;PRAGMA wal_autocheckpoint=0;PRAGMA secure_delete=ON;PRAGMA journal_size_limit=%d" // KiB, bytes

	// busyTimeout is how long a connection waits for another's lock, in milliseconds.
	busyTimeout = "PRAGMA busy_timeout=10000"
)

// connect opens the database, which mode "rwc" makes where there is none, and has the
// connection do what further says.
func (s *Store) connect(mode, further string) (*conn, error) {
	db, err := s.dial(mode, further)
	if err != nil {
		return nil, err
	}
	return &conn{db: db, stmts: map[string]*statement{}}, nil
}

func (s *Store) dial(mode, further string) (*sqlite.Conn, error) {
	q, first := url.Values{"mode": {mode}}, ""
	if s.o.VFS == "" {
		first = plainPragmas
	} else {
		q.Set("vfs", s.o.VFS)
	}
	db, err := sqlite.Open(FileURI(s.path, q))
	if err != nil {
		return nil, err
	}
	if err := db.Run(first + pragmas + further); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// stmt gives the prepared statement of a query: another one while it is being read.
func (c *conn) stmt(query string) (*statement, error) {
	if c.lost != nil {
		return nil, c.lost
	}
	s := c.stmts[query]
	if s != nil && !s.busy {
		return s, nil
	}
	p, err := c.db.Prepare(query)
	if err != nil {
		return nil, err
	}
	s2 := &statement{Stmt: p}
	if s == nil {
		c.stmts[query] = s2
	}
	return s2, nil
}

// begin starts a statement, which whoever called it gives back to done.
func (c *conn) begin(query string, args []any) (*statement, error) {
	s, err := c.stmt(query)
	if err != nil {
		return nil, err
	}
	s.busy = true
	if err := s.Query(args...); err != nil {
		c.done(query, s)
		return nil, err
	}
	return s, nil
}

func (c *conn) done(query string, s *statement) {
	s.Reset()
	if s.busy = false; c.stmts[query] != s {
		_ = s.Close() // it never fails
	}
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
	s, err := c.begin(query, args)
	if err != nil {
		return 0, err
	}
	defer c.done(query, s)
	for {
		more, err := s.Step()
		if err != nil {
			return 0, c.heed(err)
		}
		if !more {
			c.written()
			return c.db.Changes(), nil
		}
	}
}

// exec executes SQL that is not worth keeping prepared: args are its first statement's.
func (c *conn) exec(_ context.Context, query string, args ...any) error {
	if c.lost != nil {
		return c.lost
	}
	defer c.written()
	return c.heed(c.db.Run(query, args...))
}

func (c *conn) written() {
	if c.wrote != nil && !c.within {
		c.wrote()
	}
}

// row scans the first row into dest and reports whether there was one.
func (c *conn) row(_ context.Context, dest []any, query string, args ...any) (bool, error) {
	s, err := c.begin(query, args)
	if err != nil {
		return false, err
	}
	defer c.done(query, s)
	ok, err := s.Step()
	if err == nil && ok {
		err = s.Scan(dest...)
	}
	return ok && err == nil, c.heed(err)
}

// rows calls each for every row; each scans. Returning errStop ends it without
// an error.
func (c *conn) rows(ctx context.Context, each func(scan func(...any) error) error, query string, args ...any) error {
	s, err := c.begin(query, args)
	if err != nil {
		return err
	}
	defer c.done(query, s)
	scan := s.Scan
	for n := 0; ; n++ {
		more, err := s.Step()
		if err != nil || !more {
			return c.heed(err)
		}
		if n&63 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := each(scan); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
	}
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
		c.written()
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
	for _, s := range c.stmts {
		_ = s.Close() // it never fails
	}
	if err := c.db.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}
