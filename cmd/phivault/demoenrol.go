package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
)

// enrol runs device invite and device join at the same time, as two people would
// at two machines, and shows both in the order in which things happen.
func (d *demonstration) enrol() error {
	ctx, cancel := context.WithCancel(d.ctx)
	defer cancel()
	in, words, err := os.Pipe()
	if err != nil {
		return err
	}
	defer words.Close()
	inviter := d.child.aside()
	inviter.openTTY = func() (*terminal, error) { return &terminal{in, inviter.said}, nil }
	args := []string{"device", "invite"}
	d.shows(d.child, args)
	invited := inviter.begin(ctx, cancel, args)
	invitation, err := inviter.said.until("\n")
	if err != nil {
		return errors.Join(<-invited, err)
	}
	d.print(invitation)
	if err := os.WriteFile("invitation.txt", []byte(invitation), 0o600); err != nil {
		return err
	}
	d.say("It waits, while the new device takes the invitation.")

	joiner := d.desk.aside()
	args = []string{"device", "join", "--name", "desk", "--invitation-file", "invitation.txt", "--passphrase-file", "desk.txt"}
	d.shows(d.desk, args)
	joined := joiner.begin(ctx, cancel, args)
	head, err := joiner.said.until("device:\n\n")
	if err != nil {
		return errors.Join(<-joined, <-invited, err)
	}
	line, err := joiner.said.until("\n")
	if err != nil {
		return errors.Join(<-joined, <-invited, err)
	}
	d.print(head + line)
	d.say("Typed on the laptop, these words tell it which device it lets in.")
	if _, err := io.WriteString(words, strings.TrimSpace(line)+"\n"); err != nil {
		return err
	}
	err = errors.Join(<-invited, <-joined)
	d.desk.held, d.desk.scripted = joiner.held, joiner.scripted
	if d.desk.held != nil {
		d.desk.held.app = d.desk.app
	}
	d.print(strings.Replace(inviter.said.rest(), "refuse): ", "refuse): "+strings.TrimSpace(line)+"\n", 1))
	d.say("And on the desk:")
	d.print(joiner.said.rest())
	return err
}

// aside is a second command line of a device, whose output the demo reads while it
// runs.
type aside struct {
	*app
	said *overheard
}

func (v *device) aside() *aside {
	a := &aside{app: new(app), said: newOverheard()}
	*a.app = *v.app
	a.out, a.err = demoSink(a.said), demoSink(a.said)
	return a
}

// begin runs a command. One that fails ends the other one, too.
func (a *aside) begin(ctx context.Context, cancel func(), args []string) <-chan error {
	done := make(chan error, 1)
	go func() {
		code := a.run(ctx, append(args, "--no-keyring"))
		a.said.Close()
		if code == 0 {
			done <- nil
			return
		}
		cancel()
		done <- failed("failed", "a step of the demo ended with exit code "+itoa(code), "")
	}()
	return done
}

// overheard is output that can be waited for. Closing it ends the waiting.
type overheard struct {
	mu   sync.Mutex
	more *sync.Cond
	b    []byte
	shut bool
}

var _ io.WriteCloser = (*overheard)(nil)

func newOverheard() *overheard {
	o := new(overheard)
	o.more = sync.NewCond(&o.mu)
	return o
}

func (o *overheard) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b = append(o.b, p...)
	o.more.Broadcast()
	return len(p), nil
}

// Close ends until. What is written afterwards is kept all the same.
func (o *overheard) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.shut = true
	o.more.Broadcast()
	return nil
}

// until takes everything up to a text and with it, and waits for that.
func (o *overheard) until(text string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if i := bytes.Index(o.b, []byte(text)); i >= 0 {
			s := string(o.b[:i+len(text)])
			o.b = o.b[i+len(text):]
			return s, nil
		}
		if o.shut {
			return "", failed("failed", "a step of the demo said something else: "+clean(string(o.b)), "")
		}
		o.more.Wait()
	}
}

// rest takes what is left.
func (o *overheard) rest() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := string(o.b)
	o.b = nil
	return s
}

func demoSink(w io.Writer) *sink { return &sink{w: bufio.NewWriter(w), utf8: true, short: true} }
