//go:build linux || darwin

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// demoAt starts the demo on a terminal with a folder of its own for what it makes.
func demoAt(t *testing.T) (s *screen, tmp string) {
	t.Helper()
	dir, env := person(t)
	tmp = filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	s = sit(t, append(env, "TMPDIR="+tmp), nil, "demo")
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(dir, "state")); err == nil {
			t.Error("the demo wrote into its user's own folders")
		}
	})
	return s, tmp
}

func nothingIn(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestDemoOpensTheInterfaceAndRemovesItsVaultAfterwards(t *testing.T) {
	s, tmp := demoAt(t)
	s.expect("Enter opens the interface").typed("\n").looks("This is the demo's vault. Its passphrase: ")
	said := regexp.MustCompile(`Its passphrase: ([a-z -]+[a-z])`).FindStringSubmatch(s.drawn())
	if said == nil {
		t.Fatalf("no passphrase in\n%s", s.drawn())
	}
	pass := strings.TrimSpace(said[1])
	s.typed(pass + "\r").looks("4 patients")
	// Locked and opened again, by another process; the folder is still there.
	s.typed("\x0c").looks("Its passphrase: " + pass).typed(pass + "\r").looks("4 patients")
	s.typed("\x03").expect("is removed.").ends(0)
	nothingIn(t, tmp)
}

func TestDemoRemovesItsVaultWhenTheInterfaceIsEndedBySignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		s, tmp := demoAt(t)
		s.expect("Enter opens the interface").typed("\n").looks("Its passphrase: ")
		if err := s.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		<-s.done
		nothingIn(t, tmp)
	}
}

func TestDemoEndsBeforeTheInterfaceWithCtrlC(t *testing.T) {
	s, tmp := demoAt(t)
	s.expect("Enter opens the interface").typed("\x03").expect("is removed.").ends(130)
	nothingIn(t, tmp)
}

// A terminal that is closed tells more than once: its shell and the system both do.
func TestDemoRemovesItsVaultWhenTheTerminalIsClosed(t *testing.T) {
	s, tmp := demoAt(t)
	s.expect("Enter opens the interface")
	clear, err := filepath.Glob(filepath.Join(tmp, "*", "*.ndjson"))
	inputs, _ := filepath.Glob(filepath.Join(tmp, "*", "records"))
	if err != nil || len(clear)+len(inputs) > 0 {
		t.Errorf("in the clear: %v %v %v", clear, inputs, err)
	}
	for range 3 {
		s.cmd.Process.Signal(syscall.SIGHUP)
	}
	s.file.Close()
	for s.cmd.Process.Signal(syscall.SIGHUP) == nil {
		runtime.Gosched()
	}
	<-s.done
	nothingIn(t, tmp)
}

// Without a signal, as an orphan: the terminal's end is all that is seen.
func TestDemoRemovesItsVaultWhenTheTerminalEnds(t *testing.T) {
	s, tmp := demoAt(t)
	s.expect("Enter opens the interface").typed("\x04")
	<-s.done
	nothingIn(t, tmp)
}
