//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// command is phivault without a terminal.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Args = append([]string{"phivault", "--no-keyring"}, args...)
	c.Env = env
	return c
}

// manyRecords writes n conditions.
func manyRecords(t *testing.T, name string, n int) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintf(w, `{"resourceType":"Condition","id":"m%d","code":{"text":"Condition number %d"},"subject":{"reference":"Patient/p1"}}`+"\n", i, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestInterruptedImportKeepsWhatWasFinishedAndContinues(t *testing.T) {
	dir, env := made(t)
	pass, in := filepath.Join(dir, "pass"), filepath.Join(dir, "many.ndjson")
	manyRecords(t, in, 6000)
	// A pipe in place of a file's end: the import waits for the rest of it.
	for _, c := range []struct {
		sig  os.Signal
		exit int
		says string
	}{{os.Interrupt, 130, "interrupted"}, {syscall.SIGTERM, 4, "asked to stop"}} {
		cmd := command(t, env, "import", in, "-", "--passphrase-file", pass)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Once it reads stdin the vault is open and the signal handler in place.
		if _, err := stdin.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(c.sig); err != nil {
			t.Fatal(err)
		}
		stdin.Write([]byte("\n"))
		stdin.Close()
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != c.exit || !strings.Contains(errs.String(), c.says) {
			t.Fatalf("%v: exit code %d, %s", c.sig, got, &errs)
		}
	}
	clean, err := command(t, env, "verify", "--passphrase-file", pass).CombinedOutput()
	if err != nil || !strings.Contains(string(clean), "clean") {
		t.Fatalf("%v\n%s", err, clean)
	}
	again, err := command(t, env, "import", in, "--passphrase-file", pass).CombinedOutput()
	if err != nil || !strings.Contains(string(again), "0 refused") {
		t.Fatalf("%v\n%s", err, again)
	}
	count, err := command(t, env, "status", "--passphrase-file", pass).CombinedOutput()
	if err != nil || !strings.Contains(string(count), "6002 live") {
		t.Fatalf("%v\n%s", err, count)
	}
}

// trip is a terminal that interrupts as soon as progress shows on it.
type trip struct {
	cancel context.CancelCauseFunc
	seen   bytes.Buffer
}

func (t *trip) Write(p []byte) (int, error) {
	t.seen.Write(p)
	if strings.Contains(t.seen.String(), "Importing") {
		t.cancel(errInterrupted)
	}
	return len(p), nil
}

func TestImportStopsAfterTheTransactionUnderWay(t *testing.T) {
	dir, env := made(t)
	pass, in := filepath.Join(dir, "pass"), filepath.Join(dir, "many.ndjson")
	const all = 45_000 // more than one transaction takes
	manyRecords(t, in, all)
	ctx, cancel := context.WithCancelCause(context.Background())
	screen := &trip{cancel: cancel}
	out, shown := paper(false, 0)
	a := newApp(os.Stdin, os.Stdout, os.Stderr, func(string) string { return "" })
	a.out, a.ring, a.state = out, nil, filepath.Join(dir, "state", "phivault")
	a.err = &sink{w: bufio.NewWriter(screen), tty: true, cols: 120, utf8: true}
	now := time.Now()
	a.now = func() time.Time { now = now.Add(time.Second); return now }
	code := a.run(ctx, []string{"import", in, "--vault", filepath.Join(dir, "vault"), "--passphrase-file", pass})
	if code != 130 || !strings.Contains(screen.seen.String(), "phivault: import: interrupted; what was finished is kept; run it again to continue") {
		t.Fatalf("exit code %d\n%s", code, &screen.seen)
	}
	var kept int
	if _, err := fmt.Sscanf(shown.String(), "%d new", &kept); err != nil || kept == 0 || kept == all {
		t.Fatalf("%q: nothing was interrupted, or nothing kept", shown)
	}
	again, err := command(t, env, "import", in, "--json", "--passphrase-file", pass).Output()
	if want := fmt.Sprintf(`"new":%d,"same":%d,`, all-kept, kept); err != nil || !strings.Contains(string(again), want) {
		t.Fatalf("%v: no %s in %s", err, want, again)
	}
}

func TestPassphrasesComeFromDescriptors(t *testing.T) {
	_, env := made(t)
	with := func(args ...string) error {
		c := command(t, env, args...)
		for _, line := range []string{testPassphrase, "harbour ninety copper windmill"} {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(w, "%s\nmore", line)
			w.Close()
			defer r.Close()
			c.ExtraFiles = append(c.ExtraFiles, r)
		}
		return c.Run()
	}
	if err := with("passwd", "--passphrase-fd", "3", "--new-passphrase-fd", "4"); err != nil {
		t.Fatal(err)
	}
	if err := with("status", "--passphrase-fd", "4"); err != nil {
		t.Fatal(err)
	}
	if err := with("status", "--passphrase-fd", "3"); err == nil {
		t.Fatal("the old passphrase opens it")
	}
}

func TestAPipeThatClosesEarlyIsNoError(t *testing.T) {
	dir, env := made(t)
	pass, in := filepath.Join(dir, "pass"), filepath.Join(dir, "many.ndjson")
	manyRecords(t, in, 3000)
	if out, err := command(t, env, "import", in, "--passphrase-file", pass).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, args := range [][]string{{"list"}, {"list", "--json"}, {"export"}, {"export", "--format", "csv"}} {
		cmd := command(t, env, append(args, "--passphrase-file", pass)...)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = w, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if _, err := r.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if err := cmd.Wait(); err != nil || errs.Len() > 0 {
			t.Errorf("%v: %v %s", args, err, &errs)
		}
	}
	// Each of them was closed well: the audit trail has all four.
	out, err := command(t, env, "audit", "list", "--passphrase-file", pass).CombinedOutput()
	if err != nil || strings.Count(string(out), " export ") != 2 || strings.Count(string(out), " list ") < 2 {
		t.Errorf("%v\n%s", err, out)
	}
}
