package main

import (
	"crypto/fips140"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the program's own; a released binary has it from its build.
var version = "0.1.0-dev"

// versionObject is phivault.version.v1.
type versionObject struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	FIPS     string `json:"fips140"`
	Module   string `json:"fips140_module"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Version, Go, FIPS module",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			o := newVersionObject()
			if a.g.json {
				return a.emit(o)
			}
			commit := o.Commit
			if commit == "" {
				commit = "not known"
			} else if o.Modified {
				commit += ", with changes"
			}
			return writeFields(a.out, [][2]string{{"phivault", o.Version}, {"commit", commit}, {"go", o.Go + " " + o.OS + "/" + o.Arch},
				{"fips140", o.FIPS + ", module " + o.Module}})
		},
	}
}

func newVersionObject() versionObject {
	o := versionObject{Schema: "phivault.version.v1", Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		FIPS: "off", Module: fips140.Version()}
	switch {
	case fips140.Enforced():
		o.FIPS = "only"
	case fips140.Enabled():
		o.FIPS = "on"
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				o.Commit = s.Value
			case "vcs.modified":
				o.Modified = s.Value == "true"
			}
		}
	}
	return o
}
