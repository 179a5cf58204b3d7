package local

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"phivault/crypto/keyfile"
	"phivault/vault"
)

// ErrFileExists is a new file's name that is taken: nothing is overwritten.
var ErrFileExists = errors.New("there is a file of that name already")

// newFile writes a file that appears under its name only when it is whole. Until
// then it is beside it, under a name that nobody can guess and prepare, and locked,
// so that what a killed process left can be told from what another is writing.
type newFile struct {
	*os.File
	path string
}

// A temporary's name is that of the file, a period, 16 hex digits and partialSuffix.
const (
	partialSuffix = ".partial"
	partialTries  = 8
)

func createNew(path string) (*newFile, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, ErrFileExists
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fault("looking at the file's place", err)
	}
	removeStale(path)
	f, err := createBeside(path)
	if err != nil {
		return nil, err
	}
	return &newFile{f, path}, nil
}

// createBeside makes a temporary for path.
func createBeside(path string) (*os.File, error) {
	for range partialTries {
		var random [8]byte
		rand.Read(random[:])
		f, err := os.OpenFile(path+"."+hex.EncodeToString(random[:])+partialSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, placeFault(err)
		}
		// Where nothing can be locked, nobody takes it for stale either.
		ok, err := tryLock(f)
		if err != nil || ok && stillAt(f, f.Name()) {
			return f, nil
		}
		// In the moment before the lock another backup took it for stale.
		discard(f)
	}
	return nil, fmt.Errorf("%w: other processes keep writing it", ErrFileExists)
}

// removeStale removes the temporaries for path that killed processes of this user
// left, as far as it can. Whatever else has such a name is not ours.
func removeStale(path string) {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return
	}
	for _, e := range entries {
		if !isPartial(e.Name(), base) {
			continue
		}
		name := filepath.Join(dir, e.Name())
		f, err := openPlain(name, os.O_RDWR)
		if err != nil {
			continue
		}
		fi, err := f.Stat()
		if err != nil || !ownFile(f, fi) {
			_ = f.Close()
			continue
		}
		if ok, err := tryLock(f); ok && err == nil && stillAt(f, name) {
			discard(f)
			continue
		}
		_ = f.Close()
	}
}

func isPartial(name, base string) bool {
	middle, ok := strings.CutPrefix(name, base+".")
	middle, ok2 := strings.CutSuffix(middle, partialSuffix)
	id, err := hex.DecodeString(middle)
	return ok && ok2 && err == nil && len(id) == 8
}

// discard removes a temporary, with the log of a database that it may be.
func discard(f *os.File) {
	_ = os.Remove(f.Name() + walSuffix)
	// Windows does not remove what is open.
	_ = os.Remove(f.Name())
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// placeFault is fault for a place that is not the vault's folder.
func placeFault(err error) error {
	if isFull(err) {
		return fmt.Errorf("%w: the backup was not written", vault.ErrFull)
	}
	return fmt.Errorf("writing the backup: %w", cause(err))
}

// finish makes the content last and gives it its name, unless that was taken
// meanwhile.
func (n *newFile) finish() error {
	if err := n.Sync(); err != nil {
		return placeFault(err)
	}
	if err := publish(n.File, n.Name(), n.path); err != nil {
		return err
	}
	if err := keyfile.SyncDir(filepath.Dir(n.path)); err != nil {
		return fmt.Errorf("the backup is in its place, but the disk did not confirm that it lasts (%v)", cause(err))
	}
	return nil
}

// abandon removes what there is.
func (n *newFile) abandon() { discard(n.File) }
