package main

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const longHelp = `phivault keeps health records in an encrypted vault on this machine.

Nobody can reset a lost passphrase: there is no recovery, by design. A backup and
"phivault drill" stand in its place.`

// root builds the whole command tree. Building it touches no file.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "phivault",
		Short:             "An encrypted vault for health records",
		Long:              longHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              noArgs,
		RunE:              a.runBare,
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			a.ran = c
			if err := checkEmpty(c, args); err != nil {
				return err
			}
			return a.checkGlobals()
		},
	}
	root.SuggestionsMinimumDistance = 2
	a.addGlobals(root.PersistentFlags())
	root.Flags().BoolVar(&a.accessible, "accessible", false, "the interface in plain lines: for screen readers, simple terminals and pipes")
	root.SetFlagErrorFunc(flagFault)
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	root.AddGroup(&cobra.Group{ID: "records", Title: "Records"}, &cobra.Group{ID: "vault", Title: "The vault"},
		&cobra.Group{ID: "sync", Title: "Several devices"},
		&cobra.Group{ID: "more", Title: "More"})
	for _, c := range a.commands() {
		root.AddCommand(c)
	}
	root.AddCommand(&cobra.Command{Use: "errors", Short: "Error codes and exit codes", Long: errorHelp()})
	root.SetUsageTemplate(root.UsageTemplate() + "{{if not .HasParent}}\nExit codes:\n" + exitHelp() + "{{end}}")
	root.CompletionOptions.DisableDefaultCmd = true
	return root
}

func (a *app) commands() []*cobra.Command {
	groups := []struct {
		id   string
		list []*cobra.Command
	}{
		{"records", []*cobra.Command{a.importCommand(), a.exportCommand(), a.listCommand(), a.showCommand(), a.historyCommand(),
			a.searchCommand(), a.trendCommand(), a.addCommand(), a.editCommand(), a.rmCommand()}},
		{"vault", []*cobra.Command{a.initCommand(), a.statusCommand(), a.passwdCommand(), a.rekeyCommand(), a.keyringCommand(), a.verifyCommand(),
			a.auditCommand(), a.backupCommand(), a.restoreCommand(), a.drillCommand()}},
		{"sync", []*cobra.Command{a.syncCommand(), a.remoteCommand(), a.deviceCommand(), a.conflictsCommand()}},
		{"more", []*cobra.Command{a.demoCommand(), a.doctorCommand(), a.leaksCommand(), a.completionCommand(), a.versionCommand()}},
	}
	var all []*cobra.Command
	for _, g := range groups {
		for _, c := range g.list {
			c.GroupID = g.id
			all = append(all, c)
		}
	}
	return all
}

func (a *app) addGlobals(f *pflag.FlagSet) {
	a.g = globals{}
	f.StringVar(&a.g.vault, "vault", "", "the vault's `folder` (else PHIVAULT_HOME, else the platform's)")
	f.BoolVar(&a.g.json, "json", false, "results and errors as JSON")
	f.BoolVarP(&a.g.quiet, "quiet", "q", false, "no progress and no remarks")
	f.BoolVarP(&a.g.verbose, "verbose", "v", false, "more remarks")
	f.BoolVar(&a.g.noInput, "no-input", false, "never ask anything")
	f.StringVar(&a.g.color, "color", "auto", "colours: auto, always or never")
	f.DurationVar(&a.g.wait, "wait", 0, "how long to wait for another process that has the vault open")
	f.IntVar(&a.g.passFD, "passphrase-fd", -1, "read the passphrase, one line, from descriptor `N`")
	f.StringVar(&a.g.passFile, "passphrase-file", "", "read the passphrase from `file`, which nobody else may read")
	f.StringVar(&a.g.passCommand, "passphrase-command", "", "take the passphrase from a `command`'s output (no shell; quotes group words)")
	f.StringVar(&a.g.deviceFile, "device-secret-file", "", "read the printed device secret of a bound vault from `file`")
	f.BoolVar(&a.g.noKeyring, "no-keyring", false, "do without the system's keyring")
	f.BoolVar(&a.g.acceptOlder, "accept-older", false, "open a vault that was put back to an older state on purpose")
}

func (a *app) checkGlobals() error {
	switch a.g.color {
	case "auto":
	case "always":
		a.out.color, a.err.color = true, true
	case "never":
		a.out.color, a.err.color = false, false
	default:
		return usage("--color is auto, always or never", "")
	}
	if a.g.wait < 0 {
		return usage("--wait is not negative", "")
	}
	return nil
}

// runBare is phivault without a command.
func (a *app) runBare(c *cobra.Command, _ []string) error {
	if m := a.manner(); m != notShown {
		a.interacting = true
		return a.interact(c.Context(), m)
	}
	c.SetOut(a.out)
	if !a.g.json {
		if err := c.Help(); err != nil {
			return err
		}
	}
	return usage("a command is needed", `see "phivault help COMMAND"`)
}

// flagFault turns a flag error into words that repeat nothing of what was typed
// but the names of flags that exist: what looks like a flag may be a name or a
// query.
func flagFault(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	hint := `see "` + c.CommandPath() + ` --help"`
	switch {
	case errors.As(err, &unknown):
		if near := nearest(c, unknown.GetSpecifiedName()); near != "" {
			hint = "did you mean --" + near + "?"
		}
		return usage("unknown flag", hint)
	case errors.As(err, &missing):
		return usage("--"+missing.GetFlag().Name+" needs a value", hint)
	case errors.As(err, &invalid):
		return usage("--"+invalid.GetFlag().Name+" has a value that is not understood", hint)
	}
	return usage("the flags are not understood", hint)
}

// nearest gives the flag that differs from name by at most two letters.
func nearest(c *cobra.Command, name string) (best string) {
	least := 3
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if d := distance(name, f.Name); d < least && d < len(f.Name)/2 {
			least, best = d, f.Name
		}
	})
	return best
}

// distance is Levenshtein's, where two neighbours that changed places count once.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// unknownCommand replaces cobra's own words for a command that does not exist,
// which repeat what was typed.
func unknownCommand(root *cobra.Command, typed string) error {
	hint := `see "phivault help"`
	if near := root.SuggestionsFor(typed); len(near) > 0 {
		hint = "did you mean " + near[0] + "?"
	}
	return usage("unknown command", hint)
}

// rootFault hides what else cobra says of a command line that names no command.
func rootFault(err error) error {
	var f *fault
	if errors.As(err, &f) {
		return err
	}
	return usage("unknown command", `see "phivault help"`)
}

func noArgs(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !c.HasParent():
		return unknownCommand(c, args[0])
	}
	return usage("this command takes no arguments", `see "`+c.CommandPath()+` --help"`)
}

// without gives a check for no arguments, with what was probably meant by one.
func without(hint string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("this command takes no arguments", hint)
		}
		return nil
	}
}

// takes gives a check for least to most arguments; most < 0 is no limit.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return usage("it takes "+what, `see "`+c.CommandPath()+` --help"`)
		}
		return nil
	}
}

// group makes a command that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: func(c *cobra.Command, args []string) error {
		hint := `see "` + c.CommandPath() + ` --help"`
		c.SuggestionsMinimumDistance = 2
		if len(args) > 0 {
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean " + near[0] + "?"
			}
		}
		return usage("it needs one of its commands", hint)
	}, RunE: func(c *cobra.Command, _ []string) error { return nil }}
	c.AddCommand(subs...)
	return c
}
