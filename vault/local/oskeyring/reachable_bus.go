//go:build unix && !darwin

package oskeyring

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// reachable finds out whether there is a session bus to ask. Without one the
// D-Bus library would start one of its own (dbus-launch), which would outlive
// this process and hold no keyring anyway.
func reachable() error {
	return busAt(os.Getenv("DBUS_SESSION_BUS_ADDRESS"), fmt.Sprintf("/run/user/%d", os.Getuid()))
}

// busAt looks where the library does: at the address in the environment, then
// for two files in the user's runtime folder.
func busAt(address, runtime string) error {
	if address != "" && address != "autolaunch:" {
		return nil
	}
	for _, name := range [...]string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join(runtime, name)); err == nil {
			return nil
		}
	}
	return errors.New("no session bus")
}
