//go:build unix && !darwin

package oskeyring

import (
	"errors"
	"fmt"
	"os"
)

// reachable finds out whether there is a session bus to ask. Without one the
// D-Bus library would start one of its own (dbus-launch), which would outlive
// this process and hold no keyring anyway.
func reachable() error {
	if a := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); a != "" && a != "autolaunch:" {
		return nil
	}
	// The two places where the library looks.
	for _, name := range [...]string{"bus", "dbus-session"} {
		if _, err := os.Stat(fmt.Sprintf("/run/user/%d/%s", os.Getuid(), name)); err == nil {
			return nil
		}
	}
	return errors.New("no session bus")
}
