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
// back when the process dies, however it dies. What stands in the file is only
// for the message that others show, so the file is never removed.
type lock struct{ f *os.File }

// lockGrace covers the instants for which Inspect holds the lock to look at it.
const lockGrace = 20 * time.Millisecond

// acquire takes the lock file at path, waiting at most wait for its holder.
func acquire(ctx context.Context, path, command string, wait time.Duration) (*lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fault("taking the vault's lock", err)
		}
		if err := await(ctx, f, max(wait, lockGrace)); err != nil {
			_ = f.Close()
			return nil, err
		}
		// A failed attempt to make a vault removes its folder, lock included: what
		// was waited for may be a file without a name, which keeps nobody out.
		if !stillAt(f, path) {
			_ = f.Close()
			continue
		}
		l := &lock{f}
		l.sign(command)
		return l, nil
	}
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
			return fault("taking the vault's lock", err)
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
// name in a message.
func (l *lock) sign(command string) {
	if command == "" {
		command = filepath.Base(os.Args[0])
	}
	if l.f.Truncate(0) == nil {
		_, _ = l.f.WriteAt(fmt.Appendf(nil, "%d %s\n", os.Getpid(), command), 0)
	}
}

// release gives the lock back. The name is wiped first, so that nobody is
// blamed for a lock they no longer hold.
func (l *lock) release() error {
	if l == nil || l.f == nil {
		return nil
	}
	_ = l.f.Truncate(0)
	err := l.f.Close()
	l.f = nil
	return err
}

// holder reads who holds the lock. The text is not trusted: another user of a
// shared folder could have written terminal commands into it.
func holder(f *os.File) *InUseError {
	buf := make([]byte, 128)
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

// lockedBy looks at the lock without waiting: nil when nobody holds it.
func lockedBy(path string) (*InUseError, error) {
	f, err := os.Open(path)
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
