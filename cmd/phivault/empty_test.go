package main

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// emptyMeans are the flags whose empty value is a wish of its own, and why. There is none.
var emptyMeans = map[string]string{}

// "--patient $P" with P unset must not export everybody: whatever takes a value
// refuses an empty one, in every command there is.
func TestNoFlagTakesAnEmptyValue(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range allCommands(newApp(os.Stdin, os.Stdout, os.Stderr, os.Getenv).root()) {
		flags := func(f *pflag.Flag) {
			if f.Name == "help" || f.Value.Type() == "bool" {
				return
			}
			for _, blank := range []string{"", " "} {
				ran, err := try(t, c, "--"+f.Name+"="+blank)
				name := c.CommandPath() + " --" + f.Name
				if _, except := emptyMeans[name]; except {
					continue
				}
				if err == nil || ran {
					t.Errorf("%s=%q is taken", name, blank)
				} else if o, _, _ := explain(err); o.exit != 2 {
					t.Errorf("%s=%q: %v", name, blank, err)
				}
				seen[name] = true
			}
		}
		c.Flags().VisitAll(flags)
		c.InheritedFlags().VisitAll(flags)
		if ran, err := try(t, c, "--", ""); err == nil || ran {
			t.Errorf("%s takes an empty argument: %v", c.CommandPath(), err)
		}
		if ran, err := try(t, c, "--no-input"); !ran || err != nil {
			t.Errorf("%s does not run when nothing is empty: %v", c.CommandPath(), err)
		}
	}
	for _, name := range []string{"phivault export --patient", "phivault verify --with", "phivault edit --set", "phivault list --vault"} {
		if !seen[name] {
			t.Errorf("%s was not looked at", name)
		}
	}
}

func allCommands(c *cobra.Command) (all []*cobra.Command) {
	if !c.HasSubCommands() {
		return []*cobra.Command{c}
	}
	for _, sub := range c.Commands() {
		if sub.Name() != "help" && sub.Runnable() || sub.HasSubCommands() {
			all = append(all, allCommands(sub)...)
		}
	}
	return all
}

// try runs a command of a fresh tree whose work is taken out, and tells whether it
// came to that.
func try(t *testing.T, like *cobra.Command, args ...string) (ran bool, err error) {
	t.Helper()
	root := newApp(os.Stdin, os.Stdout, os.Stderr, os.Getenv).root()
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	path := []string{}
	for p := like; p.HasParent(); p = p.Parent() {
		path = append([]string{p.Name()}, path...)
	}
	c, _, err := root.Find(path)
	if err != nil || c.CommandPath() != like.CommandPath() {
		t.Fatalf("%v: %v", path, err)
	}
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(*cobra.Command, []string) error { ran = true; return nil }
	root.SetArgs(append(path, args...))
	err = root.ExecuteContext(context.Background())
	return ran, err
}
