package keyfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MaxFile is the most bytes a key file has: far above what MaxEpochs needs.
const MaxFile = 1 << 20

// WriteFile puts a key file in place whole or not at all: whoever reads path,
// also after a crash, finds the old file or the new one. The file is private to
// the user (0600; on Windows it inherits the folder's rights). data that is not
// a key file is refused with ErrFormat or ErrVersion, and the old file stays.
//
// The caller holds the vault's lock. Temporary files that a killed process left
// beside path are removed; nothing ever reads them.
func WriteFile(path string, data []byte) error { return writeFile(path, data, SyncDir) }

func writeFile(path string, data []byte, syncDir func(string) error) error {
	if _, _, err := parse(data); err != nil {
		return err
	}
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	if err := removeStale(dir, base); err != nil {
		return err
	}
	// A random name: two writers that ignore the lock then fail at worst,
	// and never rename each other's half-written file into place.
	var random [8]byte
	rand.Read(random[:])
	temp := filepath.Join(dir, tempPrefix(base)+hex.EncodeToString(random[:])+tempSuffix)
	if err := writeSynced(temp, data); err != nil {
		_ = os.Remove(temp)
		return err
	}
	if err := rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return err
	}
	if err := syncDir(dir); err != nil {
		return unsynced(err)
	}
	return nil
}

// unsynced drops the cause's kind: a full or read-only disk would be taken for a
// file that was not written.
func unsynced(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("%w (%v)", ErrUnsynced, err)
}

// Replace gives the file from the name to, in place of a file of that name, and
// makes that last through a power cut. Both are in one folder or in two of one
// file system. After ErrUnsynced it has its new name, after any other error not.
func Replace(from, to string) error {
	if err := rename(from, to); err != nil {
		return err
	}
	if err := SyncDir(filepath.Dir(to)); err != nil {
		return unsynced(err)
	}
	return nil
}

const tempSuffix = ".tmp"

func tempPrefix(base string) string { return "." + base + "." }

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// removeStale removes what an interrupted WriteFile of the same file left.
func removeStale(dir, base string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		middle, ok := strings.CutPrefix(e.Name(), tempPrefix(base))
		if !ok {
			continue
		}
		middle, ok = strings.CutSuffix(middle, tempSuffix)
		if id, err := hex.DecodeString(middle); !ok || err != nil || len(id) != 8 {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// ReadFile reads a key file of at most MaxFile bytes: ErrFormat for anything
// longer and for what is no regular file. Errors of the file system come back
// wrapped (errors.Is with fs.ErrNotExist works).
func ReadFile(path string) ([]byte, error) {
	// Before opening: opening a named pipe would wait for a writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: no regular file", ErrFormat)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: over %d bytes", ErrFormat, MaxFile)
	}
	return data, nil
}
