package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"phivault/tui"
	"phivault/vault/local"
)

// settingsFile is where the interface keeps how it was set, in the state folder.
const settingsFile = "interface.json"

// settings reads how the interface was set; the usual when there is nothing.
func (a *app) settings() tui.Settings {
	usual := tui.Settings{Idle: 5, Theme: "colour"}
	name, err := a.settingsPath()
	if err != nil {
		return usual
	}
	b, err := os.ReadFile(name)
	s := usual
	if err != nil || json.Unmarshal(b, &s) != nil || s.Idle < 0 || s.Idle > 24*60 {
		return usual
	}
	return s
}

func (a *app) settingsPath() (string, error) {
	dir := a.state
	if dir == "" {
		var err error
		if dir, err = local.DefaultStateDir(); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, settingsFile), nil
}

func (a *app) saveSettings(s tui.Settings) error {
	name, err := a.settingsPath()
	if err != nil {
		return err
	}
	b, err := json.Marshal(s)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o700)
	}
	if err == nil {
		err = os.WriteFile(name, append(b, '\n'), 0o600)
	}
	if err != nil {
		return because(err, "the settings cannot be kept")
	}
	return nil
}
