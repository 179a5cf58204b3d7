package main

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/local"
	"phivault/vault/local/oskeyring"
)

// app is one run of the program: where it reads and writes, and what the global
// flags say. Tests and the demo make their own.
type app struct {
	stdin    *os.File
	out      *sink // results
	err      *sink // everything else
	env      func(string) string
	now      vault.Clock
	hardened secret.Report
	g        globals

	openTTY func() (*terminal, error) // the controlling terminal
	ring    local.Keyring             // the system's keyring; nil: none

	envPass  *secret.Bytes     // from the environment; nil when it was not there
	scripted *secret.Bytes     // read from a flag's source or the environment, once
	hold     func(*local.Keys) // is given the keys of the vault that is opened next (watch)
	keep     bool              // a vault that is made stays open (demo)
	held     *session          // a vault kept open over several commands (demo)
	state    string            // the folder for anchors; "": the platform's

	accessible  bool // the interface in lines
	interacting bool // the interface is what runs: its errors are no fault of the command line
	ran         *cobra.Command
}

// globals are the flags of every command.
type globals struct {
	vault       string
	json        bool
	quiet       bool
	verbose     bool
	noInput     bool
	color       string
	wait        time.Duration
	passFD      int
	passFile    string
	passCommand string
	deviceFile  string
	noKeyring   bool
	acceptOlder bool
}

func newApp(in, out, errw *os.File, env func(string) string) *app {
	return &app{stdin: in, out: newSink(out, env), err: newSink(errw, env), env: env, now: time.Now, openTTY: openTTY,
		ring: oskeyring.New("phivault")}
}

// run executes one command line and gives its exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.ran, a.interacting = nil, false
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteContextC(ctx)
	if a.ran == nil {
		a.ran = cmd
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		err = cause
	}
	if ferr := a.out.flush(); err == nil {
		err = ferr
	}
	a.wipe()
	if err == nil || isPipeClosed(err) {
		return 0
	}
	// A flag that came after the fault was not read.
	if end := slices.Index(args, "--"); slices.Contains(args[:max(end, 0)], "--json") || end < 0 && slices.Contains(args, "--json") {
		a.g.json = true
	}
	if (a.ran == root || a.ran == nil) && !a.interacting {
		err = rootFault(err)
	}
	return a.report(err)
}

// wipe forgets the passphrases of this run.
func (a *app) wipe() {
	if a.held != nil {
		return
	}
	a.scripted.Destroy()
	a.envPass.Destroy()
	a.scripted, a.envPass = nil, nil
}

// errorObject is phivault.error.v1.
type errorObject struct {
	Schema  string `json:"schema"`
	Code    string `json:"code"`
	Exit    int    `json:"exit"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// report writes the error, a line of its own or an object, and gives the exit code.
func (a *app) report(err error) int {
	o, why, hint := explain(err)
	message := why
	if what := commandName(a.ran); what != "" {
		message = what + ": " + why
	}
	if a.g.json {
		writeJSON(a.err, errorObject{"phivault.error.v1", o.code, o.exit, message, hint})
	} else {
		line := "phivault: " + message
		if hint != "" {
			line += "; " + hint
		}
		io.WriteString(a.err, a.err.wrap(line)+"\n")
	}
	a.err.flush()
	return o.exit
}

// commandName is the command as typed, without the program: "audit export".
func commandName(c *cobra.Command) string {
	if c == nil || !c.HasParent() {
		return ""
	}
	if p := commandName(c.Parent()); p != "" {
		return p + " " + c.Name()
	}
	return c.Name()
}

// notef tells the user something on stderr unless --quiet; warnf also then.
func (a *app) note(s string) {
	if !a.g.quiet {
		a.warn(s)
	}
}

func (a *app) warn(s string) {
	a.out.flush()
	if a.g.json {
		o := noteObject{"phivault.note.v1", "note", strings.TrimPrefix(s, "phivault: note: ")}
		if text, ok := strings.CutPrefix(s, "phivault: warning: "); ok {
			o.Kind, o.Message = "warning", text
		}
		writeJSON(a.err, o)
	} else {
		io.WriteString(a.err, a.err.wrap(s)+"\n")
	}
	a.err.flush()
}

// emit writes one JSON object as a line of the result.
func (a *app) emit(v any) error { return writeJSON(a.out, v) }
