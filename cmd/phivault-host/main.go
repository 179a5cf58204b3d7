// Phivault-host keeps vaults' objects and serves them to their members: opaque
// names, opaque bytes, over TLS 1.3.
//
// It links nothing that could open what it keeps. It prints results on stdout,
// everything else on stderr, and logs neither content nor names.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"phivault/sync/host"
	"phivault/sync/remote"
)

// Exit codes, as in the help.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInUse       = 11
	exitDamage      = 13
	exitUnreachable = 15
)

var errDamage = errors.New("the store has lost or changed what it had acknowledged")

var errNoState = errors.New("no host's state in that folder; give the --dir that serve has")

// usageError is a fault of the command line.
type usageError struct{ error }

func main() {
	log.SetOutput(io.Discard) // GODEBUG=http2debug=1 has net/http write requests there, tokens and names included
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	a := &app{out: os.Stdout, err: os.Stderr, env: os.Getenv}
	code := a.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// app is one run of the program.
type app struct {
	out, err io.Writer
	env      func(string) string
	dir      string
	json     bool
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if err != nil {
		more := ""
		if errors.Is(err, host.ErrInUse) {
			more = "; one that was told to stop may be still finishing, for as long as its --grace"
		}
		fmt.Fprintf(a.err, "phivault-host: %v%s\n", err, more)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	_, usage := errors.AsType[usageError](err)
	switch {
	case err == nil:
		return exitOK
	case usage:
		return exitUsage
	case errors.Is(err, host.ErrInUse):
		return exitInUse
	case errors.Is(err, errDamage):
		return exitDamage
	case errors.Is(err, remote.ErrUnavailable), errors.Is(err, remote.ErrRefused), errors.Is(err, remote.ErrUntrusted):
		return exitUnreachable
	}
	return exitError
}

const help = `Keeps phivault's vaults for their members: objects that this program cannot
open, over TLS 1.3, append-only, within quotas.

A first host, on a machine that others can reach by the name or address HOST:

    phivault-host serve --dir /srv/phivault --name HOST
    phivault-host token --dir /srv/phivault --quota 20GiB

serve prints the pin that clients need when the certificate is the host's own;
token, run beside it, prints a word that registers one vault, once. On the first
laptop, which asks for that word:

    phivault remote add main https://HOST:8443 --pin PIN

Exit codes: 0 done, 1 error, 2 wrong use, 11 the state folder is in use by another
process, 13 the store has lost or changed something, 15 the store behind cannot be
reached or refuses.`

func (a *app) command() *cobra.Command {
	root := &cobra.Command{Use: "phivault-host", Short: "Keeps phivault's vaults, and cannot open them", Long: help,
		SilenceErrors: true, SilenceUsage: true, Args: known,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return checkEmpty(cmd) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.Help()
			return usageError{errors.New("say serve, token, vaults or check")}
		}}
	root.PersistentFlags().StringVar(&a.dir, "dir", a.env("PHIVAULT_HOST_DIR"), "folder of the host's state; also PHIVAULT_HOST_DIR")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON, one object a line")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.serveCommand(), a.tokenCommand(), a.vaultsCommand(), a.checkCommand())
	return root
}

// checkEmpty refuses a flag that is given and says nothing: a variable that was not
// set, and no wish for the default. An empty label takes one away.
func checkEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		said := strings.TrimSpace(f.Value.String()) != ""
		if list, ok := f.Value.(pflag.SliceValue); ok {
			said = len(list.GetSlice()) > 0 && !slices.Contains(list.GetSlice(), "")
		}
		if err == nil && !said && !(cmd.Name() == "set" && f.Name == "label") {
			err = usageError{errors.New("--" + f.Name + " is empty; give it a value, or leave it out")}
		}
	})
	return err
}

// known is run for what names no command: nothing, or a slip of the fingers.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usageError{errors.New("unknown command; did you mean " + near[0] + "?")}
	}
	return usageError{errors.New("unknown command; say serve, token, vaults or check")}
}

// needDir is run before each command's work.
func (a *app) needDir() error {
	if a.dir == "" {
		return usageError{errors.New("no state folder: give --dir or set PHIVAULT_HOST_DIR")}
	}
	return nil
}

// noArgs and exactly turn cobra's own complaints into wrong use.
func noArgs(cmd *cobra.Command, args []string) error { return exactly(0)(cmd, args) }

func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(n)(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
