package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"phivault/vault"
	"phivault/vault/journal"
)

// errLogLeft is a folder that cannot be written with a log that nobody has moved into
// the database: the process before did not end in order.
var errLogLeft = errors.New("it holds a log that has to be moved into the database first; copy the folder to a disk that can be written, and back that one up")

// ReadJournal is Journal for reading alone, where the folder cannot be written too: what
// the journal would note down is then noted in memory. What would change the vault is
// vault.ErrReadOnly there, and so is a vault whose journal has to withdraw something
// first.
func (v *Vault) ReadJournal(ctx context.Context) (*journal.Journal, error) { return v.openDoor(ctx) }

// ReadOnly reports whether the folder cannot be written: what would change the vault is
// vault.ErrReadOnly.
func (v *Vault) ReadOnly() bool { return v.lock.readOnly() }

// notedState is a journal's state of which nothing is written: what is set is held in
// memory until the vault is closed.
type notedState struct {
	vault.JournalState
	mu   sync.Mutex        // guards what follows
	held map[string][]byte // nil: removed
}

var _ vault.JournalState = (*notedState)(nil)

func (s *notedState) State(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	b, ok := s.held[key]
	s.mu.Unlock()
	if ok {
		return bytes.Clone(b), nil
	}
	return s.JournalState.State(ctx, key)
}

func (s *notedState) SetState(_ context.Context, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[key] = bytes.Clone(value)
	return nil
}

func (s *notedState) States(ctx context.Context, prefix string) ([]string, error) {
	keys, err := s.JournalState.States(ctx, prefix)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.held {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.DeleteFunc(slices.Compact(keys), func(k string) bool { b, ok := s.held[k]; return ok && b == nil }), nil
}

// still calls f with the database at path as it lies in a folder that cannot be written:
// nothing moves there.
func still(path string, f func(*os.File) error) error {
	switch fi, err := os.Stat(path + walSuffix); {
	case err == nil && fi.Size() > 0:
		return fmt.Errorf("%w: %w", vault.ErrReadOnly, errLogLeft)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fault("reading the database", err)
	}
	db, err := openPlain(path, os.O_RDONLY)
	if err != nil {
		return fault("reading the database", err)
	}
	defer db.Close()
	return f(db)
}
