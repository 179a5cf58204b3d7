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

// stage is where a vault is put together before it is one. The folder's lock is
// held. What a killed process left here is thrown away by the next.
type stage struct {
	dir  string // of the vault
	made bool   // the folder was made for this
}

// begin readies the folder and an empty stage in it. made says that the vault's
// folder was not there before.
func begin(dir string, made bool) (*stage, error) {
	s := &stage{dir, made}
	// A database without its key file in the vault's place is the half of an
	// interrupted finish; vacant made sure that its key never left the stage.
	for _, name := range [...]string{dbName, walName} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fault("clearing what an interrupted attempt left", err)
		}
	}
	if err := os.RemoveAll(s.path("")); err != nil {
		return nil, fault("clearing what an interrupted attempt left", err)
	}
	if err := os.Mkdir(s.path(""), 0o700); err != nil {
		return nil, fault("making the vault's folder", err)
	}
	return s, nil
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, stageName, name) }

// finish makes the stage's content the vault. The key file comes last: until it
// is in its place, the folder is no vault.
func (s *stage) finish() error {
	if fi, err := os.Stat(s.path(walName)); err == nil && fi.Size() > 0 {
		return fmt.Errorf("%w: a write-ahead log is left after closing the database", vault.ErrIntegrity)
	}
	if err := syncFile(s.path(dbName)); err != nil {
		return fault("writing the database", err)
	}
	for _, name := range [...]string{dbName, keyName} {
		if err := keyfile.Replace(s.path(name), filepath.Join(s.dir, name)); err != nil {
			return fault("putting the vault in place", err)
		}
	}
	_ = os.RemoveAll(s.path("")) // Open removes it too
	return nil
}

// abandon removes what a failed attempt made, as far as it can.
func (s *stage) abandon() {
	_ = os.RemoveAll(s.path(""))
	if sv, err := look(s.dir); err == nil && !sv.key {
		_ = os.Remove(filepath.Join(s.dir, dbName))
	}
	if s.made {
		_ = os.Remove(filepath.Join(s.dir, lockName))
		_ = os.Remove(s.dir)
	}
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return first(f.Sync(), f.Close())
}
