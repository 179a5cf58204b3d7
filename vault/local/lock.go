package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"phivault/vault"
)

// InUseError says who has the vault open. It wraps vault.ErrInUse.
type InUseError struct {
	PID     int    // 0: not known
	Command string // "": not known
}

func (e *InUseError) Error() string {
	switch {
	case e.PID == 0:
		return vault.ErrInUse.Error()
	case e.Command == "":
		return fmt.Sprintf("%v: process %d", vault.ErrInUse, e.PID)
	}
	return fmt.Sprintf("%v: %s, process %d", vault.ErrInUse, e.Command, e.PID)
}

func (e *InUseError) Unwrap() error { return vault.ErrInUse }

// lock is the right of one process to a vault. The operating system takes it
// back when the process dies, however it dies.
//
// It is two locks. That of the file named lock comes before there is a database,
// and its text, for the message that others show, says who holds it. But a file
// of that name is deleted one day by someone who thinks it stale; so the database
// is locked too. What SQLite locks is in the memory of this process alone.
type lock struct {
	f       *os.File // nil where there is none and none can be made
	signed  bool
	db      *os.File // nil until guard
	reading bool     // nothing in the folder can be written
}

const (
	// lockGrace covers the instants for which Inspect holds the locks to look at them.
	lockGrace = 20 * time.Millisecond
	lockText  = 128 // bytes at most: a longer file is not one of ours
)

// acquire takes the lock file at path, waiting at most wait for its holder.
// Nothing is written to it before it is held and known to be a file of its own.
func acquire(ctx context.Context, path, command string, wait time.Duration) (*lock, error) {
	f, err := locked(ctx, path, wait, func() (*os.File, error) { return openPlain(path, os.O_RDWR|os.O_CREATE) })
	if err != nil {
		return nil, err
	}
	l := &lock{f: f}
	l.sign(command)
	return l, nil
}

// acquireReading is acquire where nothing can be written. The file of the lock is
// there where the vault was ever open; without it the database's has to do.
func acquireReading(ctx context.Context, path string, wait time.Duration) (*lock, error) {
	f, err := locked(ctx, path, wait, func() (*os.File, error) { return openPlain(path, os.O_RDONLY) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &lock{f: f, reading: true}, nil
}

// readOnly reports whether what is locked can only be read.
func (l *lock) readOnly() bool { return l != nil && l.reading }

// guard locks the database at path too, and keeps it open: on some systems
// closing a locked file by any handle would let go of it.
func (l *lock) guard(ctx context.Context, path string, wait time.Duration) (err error) {
	mode := os.O_RDWR
	if l.reading {
		mode = os.O_RDONLY
	}
	l.db, err = locked(ctx, path, wait, func() (*os.File, error) { return openPlain(path, mode) })
	return err
}

// locked opens a file and takes its lock.
func locked(ctx context.Context, path string, wait time.Duration, open func() (*os.File, error)) (*os.File, error) {
	for {
		f, err := open()
		if err != nil {
			return nil, fault(lockClause(path), err)
		}
		if err := await(ctx, f, max(wait, lockGrace)); err != nil {
			_ = f.Close()
			return nil, err
		}
		// A failed attempt to make a vault removes its folder, lock included: what
		// was waited for may be a file without a name, which keeps nobody out.
		if stillAt(f, path) {
			return f, nil
		}
		_ = f.Close()
	}
}

func lockClause(path string) string {
	return "taking the vault's lock, the file " + filepath.Base(path)
}

func stillAt(f *os.File, path string) bool {
	have, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(have, named)
}

func await(ctx context.Context, f *os.File, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		ok, err := tryLock(f)
		if err != nil {
			return fault(lockClause(f.Name()), err)
		}
		if ok {
			return nil
		}
		left := time.Until(deadline)
		if left <= 0 {
			return holder(f)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(pause, left)):
		}
	}
}

// sign leaves word of who holds the lock. Failing (a full disk) costs only the
// name in a message. A file that has another name as well, or is longer than what
// stands in a lock, may be somebody's own and is left as it is.
func (l *lock) sign(command string) {
	if fi, err := l.f.Stat(); err != nil || fi.Size() > lockText || !oneName(l.f, fi) {
		return
	}
	if command == "" {
		command = filepath.Base(os.Args[0])
	}
	l.signed = true
	if l.f.Truncate(0) == nil {
		line := fmt.Appendf(nil, "%d %s", os.Getpid(), command)
		_, _ = l.f.WriteAt(append(line[:min(len(line), lockText-1)], '\n'), 0)
	}
}

// release gives the locks back. The name is wiped first, so that nobody is
// blamed for a lock they no longer hold.
func (l *lock) release() error {
	if l == nil {
		return nil
	}
	if l.signed && l.f != nil {
		_ = l.f.Truncate(0)
	}
	var err error
	if l.db != nil {
		err = l.db.Close()
	}
	if l.f != nil {
		err = first(err, l.f.Close())
	}
	l.f, l.db = nil, nil
	return err
}

// holder reads who holds the lock. The text is not trusted: another user of a
// shared folder could have written terminal commands into it.
func holder(f *os.File) *InUseError {
	buf := make([]byte, lockText)
	n, err := f.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return &InUseError{}
	}
	line, _, _ := strings.Cut(string(buf[:n]), "\n")
	digits, command, _ := strings.Cut(line, " ")
	pid, err := strconv.Atoi(digits)
	if err != nil || pid <= 0 {
		return &InUseError{}
	}
	for _, r := range command {
		if r < 0x20 || r > 0x7e {
			return &InUseError{PID: pid}
		}
	}
	return &InUseError{PID: pid, Command: command}
}

// lockedBy looks at the locks of the vault in dir without waiting: nil when
// nobody holds them.
func lockedBy(dir string) (*InUseError, error) {
	f, err := openPlain(filepath.Join(dir, lockName), os.O_RDONLY)
	in, err := looked(f, err)
	if in != nil || err != nil {
		return in, err
	}
	return looked(openPlain(filepath.Join(dir, dbName), os.O_RDONLY))
}

func looked(f *os.File, err error) (*InUseError, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault("looking at the vault's lock", err)
	}
	defer f.Close()
	ok, err := tryLock(f)
	if err != nil {
		return nil, fault("looking at the vault's lock", err)
	}
	if ok {
		return nil, nil
	}
	return holder(f), nil
}
