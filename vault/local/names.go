package local

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// The files of a vault's folder.
const (
	keyName   = "vault.key"
	dbName    = "vault.db"
	walSuffix = "-wal"
	walName   = dbName + walSuffix
	lockName  = "lock"
	rekeyName = "vault.db.rekey" // the database under the key that is about to be in force
	stageName = "new"

	appName = "phivault"
)

// DefaultDir is where a vault lies when nothing else is said: phivault in the
// platform's folder for data ($XDG_DATA_HOME or ~/.local/share; on macOS
// ~/Library/Application Support; on Windows %LocalAppData%).
func DefaultDir() (string, error) {
	return platformDir("XDG_DATA_HOME", filepath.Join(".local", "share"), "")
}

// DefaultStateDir is where the anchor lies when there is no keyring: phivault in
// $XDG_STATE_HOME or ~/.local/state; on macOS and Windows a folder apart from the
// vault in the platform's folder for data.
func DefaultStateDir() (string, error) {
	return platformDir("XDG_STATE_HOME", filepath.Join(".local", "state"), "-state")
}

func platformDir(xdg, below, suffix string) (string, error) {
	switch runtime.GOOS {
	case "windows":
		if d := os.Getenv("LocalAppData"); filepath.IsAbs(d) {
			return filepath.Join(d, appName+suffix), nil
		}
		return "", errors.New("%LocalAppData% is not set; name the vault's folder")
	case "darwin", "ios":
		below = filepath.Join("Library", "Application Support")
	default:
		suffix = ""
		// The XDG specification has relative paths ignored.
		if d := os.Getenv(xdg); filepath.IsAbs(d) {
			return filepath.Join(d, appName), nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("the home folder is not known; name the vault's folder")
	}
	return filepath.Join(home, below, appName+suffix), nil
}
