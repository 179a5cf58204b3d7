package main

import (
	"io"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// "--objects $D" with D unset is not the default folder: every flag with a value
// refuses an empty one, but a label, which an empty one takes away.
func TestNoFlagTakesAnEmptyValue(t *testing.T) {
	tree := func() *cobra.Command {
		a := &app{out: io.Discard, err: io.Discard, env: func(string) string { return "" }}
		return a.command()
	}
	seen := 0
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		for _, sub := range c.Commands() {
			walk(sub, append(path[:len(path):len(path)], sub.Name()))
		}
		look := func(f *pflag.Flag) {
			if f.Value.Type() == "bool" || f.Name == "help" {
				return
			}
			root, ran := tree(), false
			same, _, err := root.Find(path)
			if err != nil || same.CommandPath() != c.CommandPath() {
				t.Fatal(path, err)
			}
			same.Args, same.RunE = cobra.ArbitraryArgs, func(*cobra.Command, []string) error { ran = true; return nil }
			root.SetOut(io.Discard)
			root.SetArgs(append(path[:len(path):len(path)], "--"+f.Name+"="))
			code, name := exitCode(root.Execute()), c.CommandPath()+" --"+f.Name
			if want := name == "phivault-host vaults set --label"; ran != want || !want && code != exitUsage {
				t.Errorf("%s with an empty value: exit %d", name, code)
			}
			seen++
		}
		c.Flags().VisitAll(look)
		c.InheritedFlags().VisitAll(look)
	}
	walk(tree(), nil)
	if seen < 20 {
		t.Errorf("%d flags were looked at", seen)
	}
}
