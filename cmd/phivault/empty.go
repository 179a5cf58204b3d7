package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkEmpty refuses a flag or an argument that is given and says nothing: a
// variable that was not set, and no wish for the default. As a filter it would
// mean everybody.
func checkEmpty(c *cobra.Command, args []string) error {
	if strings.HasPrefix(c.Name(), cobra.ShellCompRequestCmd) {
		return nil // the word that is being completed may be empty
	}
	empty := ""
	c.Flags().Visit(func(f *pflag.Flag) {
		if empty == "" && saysNothing(f.Value) {
			empty = f.Name
		}
	})
	if empty != "" {
		return usage("--"+empty+" is empty", "give it a value, or leave it out")
	}
	if slices.ContainsFunc(args, isBlank) {
		return usage("an argument is empty", `see "`+c.CommandPath()+` --help"`)
	}
	return nil
}

func saysNothing(v pflag.Value) bool {
	if list, ok := v.(pflag.SliceValue); ok {
		return len(list.GetSlice()) == 0 || slices.ContainsFunc(list.GetSlice(), isBlank)
	}
	return isBlank(v.String())
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
