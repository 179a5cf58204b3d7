package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"phivault/vault"
	"phivault/vault/store/pagemem"
	"phivault/vault/store/unsealed"
)

// Options say which vault a database belongs to and how it is reached.
type Options struct {
	VFS       string          // registered VFS that the file is opened through; "": SQLite's own, which Unsealed must permit
	Unsealed  unsealed.Permit // only for measurements and tests
	VaultID   vault.Hash
	Device    [16]byte
	Genesis   []byte      // Create only: payload of the first entry
	Clock     vault.Clock // nil: time.Now
	Committed func(Head)  // after each durable transaction, with the own log's head; it must not block
	// Check, Open only, is asked before anything is written, not even what a killed
	// process left to be done; its error is Open's. It may use Head, Contains and
	// Meta. Closing writes too: for a refusal to leave the files as they were, the
	// VFS must be held (cryptvfs.Options.Held) and Check release it when it is content.
	Check func(context.Context, *Store) error
	// ReadOnly, Open only, is for a VFS that is (cryptvfs.Options.ReadOnly): nothing
	// is written, and whatever would write is vault.ErrReadOnly. So is Open where a
	// process has left something to be finished before anything can be read.
	ReadOnly bool
}

// Head is a place in the own log: an entry and the chain up to and with it.
type Head struct {
	Entry int64
	Chain vault.Chain
}

// Store is an open database. It is safe for concurrent use: one writer and a
// few readers, which see the last commit.
type Store struct {
	o    Options
	pack packer
	path string

	waiting atomic.Int32  // who wants to write; merging and loading make room for them
	wanted  chan struct{} // tells whoever is loading; may hold what is over
	loadFor time.Duration // loadFor

	guests chan guest // to whoever is loading
	write  gate       // guards w and what follows
	w      *conn
	ready  bool // next, loose and purges were read: see prepare
	next   counters
	head   Head
	cache  *views
	lore   *lore
	fresh  fresh
	loose  bool  // there are puts or tombstones that are linked to no record
	purges bool  // there are contents that were removed on purpose
	undone int   // loadings' transactions that came to nothing
	blob   int64 // the last attachment's number; 0: unread. It only grows: who writes one may still go by its number

	failed atomic.Bool // memory may differ from the database: nothing works any more

	rebuilding atomic.Bool  // the full-text index lacks records: until a rebuild that began is finished
	remade     atomic.Int64 // rebuilds that began

	checking sync.Mutex // one Verify at a time, so that its connections are there

	moving   sync.Mutex   // held while the write-ahead log is moved; taken before write
	mostLog  int64        // mostLog
	logSize  atomic.Int64 // bytes of the write-ahead log that are in use, about
	logHolds atomic.Bool  // what was removed on purpose may still be in the log, moved or not
	logBound atomic.Int64 // size of the write-ahead log at which it is moved next, before anyone writes

	readers chan struct{} // one element for each reader that may work now
	free    freeConns
	keeper  *keeper
	closed  sync.Once
	ended   chan struct{} // closed by Close
}

type counters struct{ entry, record, subject, phrase int64 }

// maxReaders bounds connections for reading; each may cache readCacheKiB.
const (
	maxReaders    = 2
	readCacheKiB  = 16 << 10
	writeCacheKiB = 24 << 10
)

// Create makes a new database at path, whose first entry is the genesis.
func Create(ctx context.Context, path string, o Options) (*Store, error) {
	s, err := open(ctx, path, "rwc", o)
	if err != nil {
		return nil, err
	}
	if s.next.entry != 1 {
		return nil, errors.Join(fmt.Errorf("%w: there is a database already", vault.ErrUsage), s.Close())
	}
	err = s.appendGenesis(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Open opens the database at path and brings it to the newest schema.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s, err := open(ctx, path, "rw", o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func open(ctx context.Context, path, mode string, o Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.VFS == "" && !o.Unsealed.Given() {
		return nil, fmt.Errorf("%w: a database without encryption", vault.ErrUsage)
	}
	pagemem.Use()
	s := &Store{o: o, path: path, readers: make(chan struct{}, maxReaders), ended: make(chan struct{}),
		wanted: make(chan struct{}, 1), guests: make(chan guest), write: newGate(), loadFor: loadFor, mostLog: mostLog, cache: newViews(), lore: newLore()}
	for range maxReaders {
		s.readers <- struct{}{}
	}
	if err := s.openWriter(ctx, mode); err != nil {
		return nil, errors.Join(mapError(err), s.Close())
	}
	if !o.ReadOnly {
		s.keeper = startKeeper(s)
	}
	return s, nil
}

func (s *Store) openWriter(ctx context.Context, mode string) (err error) {
	if s.w, err = s.connect(mode, fmt.Sprintf(writerPragmas, writeCacheKiB, checkpointAt)); err != nil {
		return err
	}
	s.w.db.Logged() // from the first commit on
	s.w.wrote = s.noteLog
	create := mode == "rwc"
	have, half, err := s.schemaVersion(ctx)
	if err != nil {
		return err
	}
	loose := true
	if !create {
		if loose, err = s.inspect(ctx, have); err != nil {
			return err
		}
	}
	if s.o.ReadOnly {
		return written(have, half)
	}
	if err := s.adoptLog(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx, have); err != nil {
		return err
	}
	if loose {
		if err := s.sweepBlobs(ctx); err != nil && !errors.Is(mapError(err), vault.ErrFull) {
			return err
		}
	}
	if half || have < newestSchema {
		if err := s.finishRebuild(ctx, nil); err != nil {
			return err
		}
	}
	if create {
		return s.prepare(ctx)
	}
	return nil
}

// written refuses a database that cannot be read as it lies there.
func written(have int, half bool) error {
	switch {
	case have < newestSchema:
		return fmt.Errorf("%w: its schema is %d, and %d is needed first", vault.ErrReadOnly, have, newestSchema)
	case half:
		return fmt.Errorf("%w: its index is only half made", vault.ErrReadOnly)
	}
	return nil
}

// inspect refuses what may not be opened, finds the own log's end, and reports whether there
// may be attachments that no record cites. It writes nothing.
func (s *Store) inspect(ctx context.Context, have int) (loose bool, err error) {
	if have == newestSchema {
		var chain []byte
		if _, err := s.w.row(ctx, []any{&s.head.Entry, &chain, &loose}, ownEndAndLoose, ownLog); err != nil {
			return false, err
		}
		copy(s.head.Chain[:], chain)
	}
	if s.head.Entry == 0 { // an older schema, or a log that is still to begin
		some := int64(0)
		if have > 0 {
			if some, err = count(ctx, s.w, "SELECT max(last) IS NOT NULL FROM batch"); err != nil {
				return false, err
			}
		}
		if some == 0 {
			return false, fmt.Errorf("%w: the database holds no vault", vault.ErrIntegrity)
		}
		if s.head, err = s.ownEnd(ctx); err != nil {
			return false, err
		}
		loose = true
	}
	if s.o.Check == nil {
		return loose, nil
	}
	return loose, s.o.Check(ctx, s)
}

// ownEndAndLoose is one statement, since preparing each takes longer than running it.
const ownEndAndLoose = "SELECT last,chain,EXISTS(" + looseBlobs + ") FROM batch WHERE log=? ORDER BY last DESC LIMIT 1"

// loadQuery is one statement for the same reason.
const loadQuery = `SELECT (SELECT coalesce(max(entry),0)+1 FROM entry), (SELECT coalesce(max(record),0)+1 FROM record),
	(SELECT coalesce(max(subject),0)+1 FROM subject), (SELECT coalesce(max(phrase),0)+1 FROM phrase),
	EXISTS(SELECT 1 FROM entry WHERE record IS NULL AND kind<=2), EXISTS(SELECT 1 FROM purge)`

// prepare reads, before the first writing, what only writing needs: whoever opens a vault
// and reads does not wait for it. The writer is the caller's, outside of a transaction.
func (s *Store) prepare(ctx context.Context) error {
	if s.ready {
		return nil
	}
	err := s.load(ctx)
	s.ready = err == nil
	return err
}

// load reads what the writer keeps in memory: all of it, or nothing changes.
func (s *Store) load(ctx context.Context) error {
	s.cache = newViews()
	var next counters
	var loose, purges bool
	if _, err := s.w.row(ctx, []any{&next.entry, &next.record, &next.subject, &next.phrase, &loose, &purges}, loadQuery); err != nil {
		return err
	}
	h, err := s.ownEnd(ctx)
	if err != nil {
		return err
	}
	next.phrase = max(next.phrase, s.next.phrase) // readers may remember what had a number
	s.next, s.head, s.loose, s.purges = next, h, loose, purges
	return nil
}

// read lends a reading connection to f.
func (s *Store) read(ctx context.Context, f func(*conn) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	select {
	case <-s.readers:
	case <-s.ended:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.readers <- struct{}{} }()
	c := s.free.take()
	if c == nil {
		var err error
		if c, err = s.openReader(); err != nil {
			return mapError(err)
		}
	}
	defer s.free.put(c)
	return mapError(f(c))
}

func (s *Store) openReader() (*conn, error) {
	return s.connect("rw", fmt.Sprintf(readerPragmas, readCacheKiB))
}

// Close ends background work, moves the write-ahead log into the database and
// closes it. What was appended is durable without it.
func (s *Store) Close() (err error) {
	s.closed.Do(func() { err = s.close() })
	return err
}

func (s *Store) close() error {
	var errs []error
	if s.keeper != nil {
		s.keeper.stop()
	}
	for range maxReaders {
		<-s.readers
	}
	for c := s.free.take(); c != nil; c = s.free.take() {
		errs = append(errs, c.close())
	}
	close(s.ended)
	s.checking.Lock()
	defer s.checking.Unlock()
	s.write.Lock()
	defer s.write.Unlock()
	if s.w != nil {
		errs = append(errs, s.w.close())
	}
	s.pack.close()
	return mapError(errors.Join(errs...))
}
