//go:build linux || darwin

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestAPassphraseThatNobodySeesIsNotUsed: a generated passphrase that went
// nowhere would lose the records for good.
func TestAPassphraseThatNobodySeesIsNotUsed(t *testing.T) {
	dir, env := person(t)
	pass := filepath.Join(dir, "pass")
	if err := os.WriteFile(pass, []byte(testPassphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(stderr *os.File, args ...string) int {
		c := exec.Command(self)
		c.Args = append([]string{"phivault", "--no-keyring"}, args...)
		c.Env = env
		if stderr != nil { // nil is the null device
			c.Stderr = stderr
		}
		err := c.Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		if err != nil {
			t.Fatal(err)
		}
		return 0
	}
	sinks := map[string]*os.File{"nowhere": nil}
	if runtime.GOOS == "linux" {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer full.Close()
		sinks["full"] = full
	}
	for name, f := range sinks {
		if got := run(f, "init", "--generate"); got != 1 {
			t.Errorf("%s: init ended with %d", name, got)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "vault")); err == nil {
		t.Fatal("a vault was made")
	}
	if got := run(os.Stderr, "init", "-q", "--passphrase-file", pass); got != 0 {
		t.Fatal(got)
	}
	for name, f := range sinks {
		if got := run(f, "passwd", "--generate", "--passphrase-file", pass); got != 1 {
			t.Errorf("%s: passwd ended with %d", name, got)
		}
		if got := run(os.Stderr, "status", "--passphrase-file", pass); got != 0 {
			t.Fatalf("%s: the passphrase does not open the vault any more: %d", name, got)
		}
	}
}
