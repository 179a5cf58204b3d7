package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// demoVariable tells the process that shows the demo's vault in the interface
// where the demo's folder is.
const demoVariable = "PHIVAULT_DEMO"

// show opens the interface on the demo's vault, where there is a terminal for it.
// It is a process of its own, since a locked interface becomes another process; the
// demo waits for it and cleans up.
func (d *demonstration) show() error {
	// Through pipes the transcript is all there is.
	if !d.out.tty || d.g.noInput || d.manner() == notShown {
		return nil
	}
	d.drop()
	t, err := d.prompt()
	if err != nil {
		return err
	}
	_, err = t.line(d.ctx, "\n# Enter opens the interface on this vault, Ctrl-C ends the demo. ")
	t.close()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return because(err, "the interface")
	}
	c := exec.CommandContext(d.ctx, self)
	c.Args = []string{os.Args[0], "--vault", filepath.Join(d.dir, "vault"), "--no-keyring"}
	if d.accessible {
		c.Args = append(c.Args, "--accessible")
	}
	c.Env = append(os.Environ(), demoVariable+"="+d.dir)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Cancel, c.WaitDelay = func() error { return c.Process.Signal(syscall.SIGTERM) }, 10*time.Second
	if err := c.Run(); err != nil {
		if d.ctx.Err() != nil {
			return context.Cause(d.ctx)
		}
		return failed("failed", "the interface ended with an error", "")
	}
	return nil
}

// shownIn has the interface keep what it remembers in the demo's folder, and gives
// the words for the locked screen: nobody knows that vault's passphrase yet.
func (a *app) shownIn(demo string) (reason string) {
	a.state = filepath.Join(demo, "state")
	b, err := os.ReadFile(filepath.Join(demo, "new.txt"))
	if err != nil {
		return ""
	}
	return "This is the demo's vault. Its passphrase: " + clean(string(b))
}
