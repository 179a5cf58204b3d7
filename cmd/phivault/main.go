// Phivault is the vault's command line: one binary for people and scripts.
//
// It keeps results on stdout and everything else on stderr, ends with an exit
// code that says what happened (see outcomes), speaks versioned JSON under
// --json, and asks for the passphrase where no process list and no log sees it.
//
// It never writes PHI, a name, a query or a file name into an error, never
// takes a secret as a flag's value, and never puts a record into a temporary
// file in the clear.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"phivault/crypto/secret"
	"phivault/vault/local"
)

func main() {
	hardened := secret.HardenProcess()
	local.LimitMemory()
	log.SetOutput(io.Discard) // GODEBUG=http2debug=1 has net/http write requests, with their credentials, there
	var pass *secret.Bytes
	if s := os.Getenv(passphraseVariable); s != "" {
		pass = secret.FromBytes([]byte(s))
		os.Unsetenv(passphraseVariable)
	}
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	a.hardened, a.envPass = hardened, pass
	os.Exit(a.main(os.Args[1:]))
}

// main runs one command line and gives the exit code.
func (a *app) main(args []string) int {
	cobra.MousetrapHelpText = ""
	ctx, stop := interruptible()
	defer stop()
	return a.run(ctx, args)
}

// interruptible gives a context that the first SIGINT, SIGTERM or SIGHUP cancels, with
// the fault as its cause; the second one ends the process as usual, but a SIGHUP, which
// the shell and the system both send when a terminal goes. SIGPIPE is
// an error of the write instead of a sudden end, so that the vault is closed.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	ignorePipeSignal()
	ch := make(chan os.Signal, 2)
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ends = append(ends, syscall.SIGHUP)
	}
	signal.Notify(ch, ends...)
	go func() {
		s, ok := <-ch
		if !ok {
			return
		}
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		if s == os.Interrupt {
			cancel(errInterrupted)
		} else {
			cancel(errTerminated)
		}
		// Taken, and not ignored from now on: one that comes while that is being said
		// to the system would end the process.
		for range ch {
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(ch)
		cancel(nil)
	}
}
