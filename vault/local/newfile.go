package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"phivault/crypto/keyfile"
	"phivault/vault"
)

// ErrFileExists is a new file's name that is taken: nothing is overwritten.
var ErrFileExists = errors.New("there is a file of that name already")

// newFile writes a file that appears under its name only when it is whole. Until
// then it is beside it, named with partialSuffix and locked, so that what a killed
// process left can be told from what another is writing.
type newFile struct {
	*os.File
	path string
}

const partialSuffix = ".partial"

func createNew(path string) (*newFile, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, ErrFileExists
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fault("looking at the file's place", err)
	}
	f, err := os.OpenFile(path+partialSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, placeFault(err)
	}
	n := &newFile{f, path}
	ok, err := tryLock(f)
	if err == nil && !ok {
		err = fmt.Errorf("%w: another process is writing this file", ErrFileExists)
	}
	if err == nil && !stillAt(f, path+partialSuffix) {
		err = fmt.Errorf("%w: another process just wrote this file", ErrFileExists)
	}
	if err != nil {
		return nil, first(err, f.Close())
	}
	if err := f.Truncate(0); err != nil {
		n.abandon()
		return nil, placeFault(err)
	}
	return n, nil
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
func (n *newFile) abandon() {
	// Windows does not remove what is open.
	name := n.Name()
	_ = os.Remove(name)
	_ = n.Close()
	_ = os.Remove(name)
}
