package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"phivault/vault"
)

// survey is what lies in a vault's folder.
type survey struct {
	folder   bool // there is a folder
	key, db  bool
	stage    bool // the folder of a vault in the making
	stageKey bool
	stranger bool // something that no vault has
	loose    bool // others can read the folder, the keys or the database
}

func look(dir string) (s survey, err error) {
	fi, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fault("looking into the vault's folder", err)
	}
	if !fi.IsDir() {
		return s, fmt.Errorf("%w: the path names a file, and a vault is a folder", vault.ErrNoVault)
	}
	s.folder, s.loose = true, readableByOthers(fi)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return s, fault("looking into the vault's folder", err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == keyName:
			s.key = true
		case name == dbName:
			s.db = true
		case name == stageName && e.IsDir():
			s.stage = true
			_, err := os.Stat(filepath.Join(dir, stageName, keyName))
			s.stageKey = err == nil
		case name == walName, name == lockName, name == rekeyName, name == rekeyName+walSuffix, strings.HasPrefix(name, "."+keyName+"."):
		default:
			s.stranger = true
		}
	}
	return s, nil
}

// unfinished reports a vault that was being made when the process ended. It
// never opened: its key file is still in the stage.
func (s survey) unfinished() bool { return s.stage && !s.key && (s.stageKey || !s.db) }

// vault is nil when the folder holds a whole vault, as far as names can tell.
func (s survey) vault() error {
	switch {
	case s.key && s.db:
		return nil
	case s.unfinished():
		return fmt.Errorf("%w: making one was interrupted and can be started again", vault.ErrNoVault)
	case s.key:
		return fmt.Errorf("%w: the database is missing, vault.key is there and vault.db is not; restore a backup", vault.ErrIntegrity)
	case s.db:
		return fmt.Errorf("%w: the key file is missing, vault.db is there and vault.key is not; put the key file back or restore a backup", vault.ErrIntegrity)
	}
	return vault.ErrNoVault
}

// ErrExists is a folder in which no vault can be made, because there is one or
// because it holds other things.
var ErrExists = errors.New("the folder is not empty")

// vacant is nil when a vault can be made in the folder.
func (s survey) vacant() error {
	switch {
	case s.unfinished():
		return nil
	case s.key && s.db:
		return fmt.Errorf("%w: there is a vault in it already", ErrExists)
	case s.key || s.db:
		return fmt.Errorf("%w: there is a part of a vault in it", ErrExists)
	case s.stranger:
		return fmt.Errorf("%w: a vault has a folder to itself", ErrExists)
	}
	return nil
}

// size is the length of a file, and whether others can read it.
func statPart(path string) (size int64, loose bool, err error) {
	fi, err := os.Stat(path)
	if err != nil {
		return 0, false, err
	}
	return fi.Size(), readableByOthers(fi), nil
}
