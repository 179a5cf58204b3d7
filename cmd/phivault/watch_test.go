//go:build linux || darwin

package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// sync --watch tells of the first round, lets go of the vault, and ends when it is
// interrupted.
func TestWatch(t *testing.T) {
	dir, env := made(t)
	pass := filepath.Join(dir, "pass")
	run := func(args ...string) []byte {
		t.Helper()
		var out, errs bytes.Buffer
		c := command(t, env, append(args, "--passphrase-file", pass, "--wait", "30s")...)
		c.Stdout, c.Stderr = &out, &errs
		if err := c.Run(); err != nil {
			t.Fatalf("%v: %s", err, &errs)
		}
		return out.Bytes()
	}
	run("remote", "add", "main", "folder:"+filepath.Join(dir, "cloud"))
	c := command(t, env, "sync", "--watch", "--json", "--passphrase-file", pass)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	cut := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer cut.Stop()
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil || checkLine(bytes.TrimSpace(line[:n]), "phivault.sync.v1") != nil || !bytes.Contains(line[:n], []byte(`"code":"ok"`)) {
		t.Errorf("%v: %q %s", err, line[:n], &errs)
	}
	if got := run("status", "--json"); !bytes.Contains(got, []byte(`"name":"main"`)) {
		t.Errorf("status beside a watch: %s", got)
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err = c.Wait()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 130 {
		t.Errorf("%v: %s", err, &errs)
	}
}
