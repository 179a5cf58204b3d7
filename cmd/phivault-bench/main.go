// Phivault-bench measures the vault on synthetic records: importing, opening,
// reading, searching, editing, syncing, verifying; each beside the same code on
// plain SQLite files, and beside the sqlcipher and sqlite3 programs where those
// are installed. README.md explains every figure and what it does not say.
//
// It works in a folder of its own that is gone when it ends, also when it is
// interrupted. It never opens anybody's vault, never reads a record that it did
// not make, and never uses the network.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes, as phivault's.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

var errInterrupted = errors.New("interrupted")

func main() {
	if os.Getenv(workerVariable) != "" && len(os.Args) == 2 && os.Args[1] == workerArg {
		os.Exit(runWorker(os.Stdin, os.Stdout))
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ch
		cancel(errInterrupted)
	}()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

const usageText = `usage: phivault-bench [-n RECORDS] [--json] [--quiet] [--dir FOLDER] [--pairs N]
`

// fewestRecords gives every part of an import some records of its own.
const fewestRecords = 500

// command runs one command line and gives the exit code.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("phivault-bench", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	cfg := config{}
	f.IntVar(&cfg.records, "n", 20_000, "synthetic `records`")
	f.IntVar(&cfg.pairs, "pairs", 9, "turns of each measurement, three times as many of what is short")
	f.StringVar(&cfg.dir, "dir", os.TempDir(), "`folder` to work in")
	asJSON := f.Bool("json", false, "phivault.bench.v1")
	quiet := f.Bool("quiet", false, "no progress")
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(stdout)
		fmt.Fprint(stdout, usageText)
		f.PrintDefaults()
		return exitOK
	case err != nil:
		return fail(stderr, exitUsage, err.Error())
	case f.NArg() > 0:
		return fail(stderr, exitUsage, "it takes no arguments")
	case cfg.records < fewestRecords:
		return fail(stderr, exitUsage, fmt.Sprintf("-n is at least %d", fewestRecords))
	case cfg.pairs < fewestPairs || cfg.pairs > 99:
		return fail(stderr, exitUsage, fmt.Sprintf("--pairs is %d to 99", fewestPairs))
	}
	if !*quiet {
		cfg.say = func(what string) { fmt.Fprintln(stderr, what) }
	}
	res, sizes, jsonBytes, err := run(ctx, cfg)
	if err == nil {
		if *asJSON {
			err = json.NewEncoder(stdout).Encode(res)
		} else {
			err = writeTable(stdout, res, sizes, jsonBytes)
		}
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return fail(stderr, exitInterrupted, "interrupted")
	case isFull(err):
		return fail(stderr, exitError, "the disk is full; --dir names another folder")
	case errors.Is(err, errNoRoom):
		return fail(stderr, exitError, err.Error()+"; --dir names another folder")
	}
	return fail(stderr, exitError, err.Error())
}

func fail(w io.Writer, code int, what string) int {
	fmt.Fprintln(w, "phivault-bench: "+what)
	return code
}
