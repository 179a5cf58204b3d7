//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"log"
	mathrand "math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// program is phivault-host as it is shipped, in a process of its own.
type program struct {
	t       *testing.T
	path    string
	dir     string
	address string
	pin     string
	store   []string // flags that say where objects lie; the folder without
	env     []string

	cmd  *exec.Cmd
	seen chan struct{} // a request was answered; closed when the process has ended
}

// buildHost builds phivault-host. It looks at the sources so that the result of a
// test that has run before is not taken for that of other sources.
func buildHost(t *testing.T) *program {
	t.Helper()
	for _, dir := range []string{"../phivault-host", "../../sync"} {
		err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(p, ".go") {
				_, err = os.ReadFile(p)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	h := &program{t: t, path: filepath.Join(t.TempDir(), "phivault-host"), dir: t.TempDir()}
	if out, err := exec.Command("go", "build", "-o", h.path, "../phivault-host").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // an address that is free, to be the same after each start
	if err != nil {
		t.Fatal(err)
	}
	h.address = l.Addr().String()
	l.Close()
	return h
}

func (h *program) start() {
	h.t.Helper()
	h.cmd = exec.Command(h.path, append([]string{"serve", "--dir", h.dir, "--listen", h.address, "--json"}, h.store...)...)
	h.cmd.Env = append(os.Environ(), h.env...)
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	logs, err := h.cmd.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	seen := make(chan struct{}, 1<<16)
	h.seen = seen
	go func() {
		defer close(seen)
		for lines := bufio.NewScanner(logs); lines.Scan(); {
			select {
			case seen <- struct{}{}:
			default: // nobody counts so far
			}
		}
	}()
	h.t.Cleanup(h.kill)
	var first struct{ Pin string }
	if err := json.NewDecoder(out).Decode(&first); err != nil {
		h.t.Fatalf("the host does not start: %v", err)
	}
	h.pin = first.Pin
}

// requests returns when n requests were answered, or nobody asks any more.
func (h *program) requests(n int, over <-chan struct{}) {
	for range n {
		select {
		case _, running := <-h.seen:
			if !running {
				return
			}
		case <-over:
			return
		}
	}
}

func (h *program) kill() {
	if h.cmd != nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
		h.cmd = nil
	}
}

func (h *program) says(args ...string) string {
	h.t.Helper()
	var errs bytes.Buffer
	c := exec.Command(h.path, append(args, "--dir", h.dir)...)
	c.Stderr, c.Env = &errs, append(os.Environ(), h.env...)
	out, err := c.Output()
	if err != nil {
		h.t.Fatalf("phivault-host %v: %v\n%s%s", args, err, out, &errs)
	}
	return string(out)
}

// user is a person at a device with a vault.
type user struct {
	t   *testing.T
	env []string
	dir string
}

func (u user) command(args ...string) *exec.Cmd {
	return command(u.t, u.env, append(args, "--passphrase-file", filepath.Join(u.dir, "pass"))...)
}

func (u user) does(args ...string) string {
	u.t.Helper()
	out, err := u.command(args...).CombinedOutput()
	if err != nil {
		u.t.Fatalf("phivault %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// writes imports n records of about a kilobyte that do not pack.
func (u user) writes(round, n int) {
	u.t.Helper()
	var b bytes.Buffer
	for i := range n {
		noise := make([]byte, 600)
		rand.Read(noise)
		fmt.Fprintf(&b, `{"resourceType":"Condition","id":"r%d-%d","code":{"text":"%x"},"subject":{"reference":"Patient/p1"}}`+"\n", round, i, noise)
	}
	name := filepath.Join(u.dir, "more.ndjson")
	write(u.t, name, b.String())
	u.does("import", name)
}

// enrol makes a second device.
func (u user) enrol() user {
	u.t.Helper()
	dir, env := person(u.t)
	second := user{u.t, env, dir}
	write(u.t, filepath.Join(dir, "pass"), testPassphrase+"\n")
	invite := u.command("device", "invite", "--yes", "--valid", "1m")
	out, err := invite.StdoutPipe()
	if err != nil {
		u.t.Fatal(err)
	}
	if err := invite.Start(); err != nil {
		u.t.Fatal(err)
	}
	defer invite.Process.Kill()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		u.t.Fatal(err)
	}
	join := second.command("device", "join", "-", "--name", "desk", "--valid", "1m")
	join.Stdin = strings.NewReader(line)
	if said, err := join.CombinedOutput(); err != nil {
		u.t.Fatalf("join: %v\n%s", err, said)
	}
	io.Copy(io.Discard, lines)
	if err := invite.Wait(); err != nil {
		u.t.Fatalf("invite: %v", err)
	}
	return second
}

// The host, and then the client, is killed in the middle of a push, again and
// again. The next sync completes, the other device gets everything, both verify,
// and the host finds nothing wrong with its store.
func TestKilledInTheMiddleOfAPush(t *testing.T) {
	rounds := 2
	if os.Getenv("PHIVAULT_SLOW") != "" {
		rounds = 40
	}
	survives(t, buildHost(t), rounds)
}

// The same with a bucket behind the host.
func TestKilledOverABucket(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only there a variable can name the issuers to believe")
	}
	store := s3mem.New()
	if err := store.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(gofakes3.New(store, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // connections of a killed host
	srv.StartTLS()
	defer srv.Close()
	h := buildHost(t)
	defer h.kill()
	roots := filepath.Join(t.TempDir(), "roots.pem")
	write(t, roots, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})))
	h.store = []string{"--s3-endpoint", strings.TrimPrefix(srv.URL, "https://"), "--s3-bucket", "bucket"}
	h.env = []string{"SSL_CERT_FILE=" + roots, "PHIVAULT_HOST_S3_ACCESS_KEY=AKIATEST", "PHIVAULT_HOST_S3_SECRET_KEY=only-for-tests"}
	survives(t, h, 1)
}

// survives kills the host rounds times, then as often the client.
func survives(t *testing.T, h *program, rounds int) {
	h.start()
	dir, env := made(t)
	u := user{t, env, dir}
	write(t, filepath.Join(dir, "token"), "token="+strings.TrimSpace(h.says("token"))+"\n")
	u.does("remote", "add", "main", "https://"+h.address, "--pin", h.pin, "--credentials-file", filepath.Join(dir, "token"))
	u.does("sync")
	other := u.enrol()
	total := 2
	rng := mathrand.New(mathrand.NewPCG(uint64(rounds), 7))
	for round := range 2 * rounds {
		u.writes(round, 900) // three objects, or more
		total += 900
		h.kill()
		h.start()
		sync := u.command("sync")
		if err := sync.Start(); err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{})
		go func() { _ = sync.Wait(); close(over) }()
		h.requests(rng.IntN(9), over)
		if round < rounds {
			h.kill()
			h.start()
			// It is patient for a while and may succeed; if not, it was the remote.
			if <-over; sync.ProcessState.ExitCode() != 0 && sync.ProcessState.ExitCode() != 15 {
				t.Fatalf("round %d: sync: %v", round, sync.ProcessState)
			}
		} else {
			_ = sync.Process.Kill()
			<-over
		}
		u.does("sync")
	}
	other.does("sync")
	for _, d := range []user{u, other} {
		if out := d.does("verify"); !strings.Contains(out, "clean") {
			t.Errorf("verify: %s", out)
		}
		if out := d.does("status"); !strings.Contains(out, fmt.Sprintf("%d live", total)) {
			t.Errorf("status, want %d records: %s", total, out)
		}
	}
	h.kill()
	if out := h.says(append([]string{"check"}, h.store...)...); !strings.Contains(out, "1 vault") {
		t.Errorf("check: %s", out)
	}
}
