//go:build linux || darwin

package main

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/sync/host"
	"phivault/sync/remote/folder"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

// The attacks on the whole program, by the numbers of the design's list; the others
// are in vault/journal/attacktest and beside what they attack.

// counted is a host in this process that counts requests by kind.
type counted struct {
	address, pin, token string
	mu                  sync.Mutex
	requests            map[string]int
}

func (c *counted) Enabled(context.Context, slog.Level) bool { return true }
func (c *counted) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *counted) WithGroup(string) slog.Handler            { return c }
func (c *counted) Handle(_ context.Context, r slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "kind" {
			c.requests[a.Value.String()]++
		}
		return true
	})
	return nil
}

func (c *counted) objects() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests["object"] + c.requests["join"] + c.requests["list"]
}

// counting serves a host until the test ends. Its connections count as well: they
// are made before a request is.
func counting(t *testing.T) *counted {
	t.Helper()
	state := t.TempDir()
	store, err := folder.Create(filepath.Join(state, "objects"))
	must(t, err)
	proof, err := host.SelfSigned(state, []string{"localhost"}, time.Now)
	must(t, err)
	c := &counted{requests: map[string]int{}, pin: proof.Pin.String()}
	h, err := host.New(host.Config{State: state, Store: store, Log: slog.New(c)})
	must(t, err)
	admin, err := host.OpenAdmin(state, time.Now)
	must(t, err)
	c.token, err = admin.Mint(host.Token{Quota: 1 << 30, Object: 1 << 30, Expires: time.Now().Add(time.Hour)})
	must(t, err)
	must(t, admin.Close())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	c.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, &accepting{l, c}, proof, time.Second) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-served)
		must(t, h.Close())
		must(t, store.Close())
	})
	return c
}

type accepting struct {
	net.Listener
	c *counted
}

func (a *accepting) Accept() (net.Conn, error) {
	conn, err := a.Listener.Accept()
	if err == nil {
		a.c.mu.Lock()
		a.c.requests["connection"]++
		a.c.mu.Unlock()
	}
	return conn, err
}

func (c *counted) connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests["connection"]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Attack 40. A host watches when its clients ask, to learn when a chart is opened and
// what is looked for. Precondition: a vault with this host as its remote. Expected:
// opening, listing, searching, showing and exporting connect to nothing. The interface
// exchanges by a rhythm of its own, which reading does not touch: that is tested there.
// Seen to succeed with withVault asking every remote whether it answers.
func TestAttack40ReadingCausesNoRequest(t *testing.T) {
	dir, env := made(t)
	h := counting(t)
	write(t, filepath.Join(dir, "token"), "token="+h.token+"\n")
	pass := filepath.Join(dir, "pass")
	run := func(args ...string) string {
		t.Helper()
		b, err := command(t, env, append(args, "--passphrase-file", pass)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, b)
		}
		return string(b)
	}
	run("remote", "add", "main", "https://"+h.address, "--pin", h.pin, "--credentials-file", filepath.Join(dir, "token"))
	run("sync")
	id := strings.Fields(strings.Split(run("list", "Condition"), "\n")[1])[0]
	before := h.connections()
	if before == 0 {
		t.Fatal("nothing is counted")
	}
	for _, args := range [][]string{{"list"}, {"search", "gout"}, {"show", id}, {"history", id}, {"status"}, {"verify"}, {"remote", "list"},
		{"device", "list"}, {"conflicts", "list"}, {"audit", "list"}, {"export", "--force", "--yes"}, {"doctor"}} {
		run(args...)
		if n := h.connections(); n != before {
			t.Fatalf("%v connected to the host", args)
		}
	}
}

// Attack 25. A host shows a client nothing new for months, while another device goes
// on. Precondition: two devices, of which one is shown an old copy of the store. Expected:
// after 90 days by the client's own clock, sync and status name the device and when it
// was last heard of; before, and after news came, nothing. Seen to succeed with stale
// taking the remote's last sync for the device's last news.
func TestAttack25FrozenForMonths(t *testing.T) {
	c := newCouple(t, "desk")
	old := filepath.Join(c.dir, "old")
	must(t, os.CopyFS(old, os.DirFS(filepath.Join(c.dir, "store"))))
	c.clock = c.clock.Add(100 * 24 * time.Hour)
	c.add(t, c.theirs, "news")
	c.sync(t, c.theirs, filepath.Join(c.dir, "store"))
	c.clock = c.clock.Add(-99 * 24 * time.Hour)
	if out := c.sync(t, c.ours, old); strings.Contains(out, "nothing was heard") || !strings.Contains(out, `"stale":[]`) {
		t.Errorf("after a day: %s", out)
	}
	c.clock = c.clock.Add(99 * 24 * time.Hour)
	out := c.sync(t, c.ours, old)
	if !strings.Contains(out, `"stale":[{"device":"B","name":"desk","since":"2026-03-01T`) || !strings.Contains(out, "nothing was heard of device B desk since 2026-03-01T") {
		t.Errorf("after 100 days: %s", out)
	}
	if out := c.run(t, c.ours, "status", "--json"); !strings.Contains(out, `"seen":"2026-03-01T`) {
		t.Errorf("status has no last news: %s", out)
	}
	// A host that held the others' objects back has ours all the same, signs of life too.
	merge(t, old, filepath.Join(c.dir, "store"))
	if out := c.sync(t, c.ours, filepath.Join(c.dir, "store")); strings.Contains(out, "nothing was heard") || !strings.Contains(out, `"stale":[]`) {
		t.Errorf("after news: %s", out)
	}
}

// Attack 44. A device that somebody let in has a name that commands the terminal: its
// clipboard, its screen, its direction. Precondition: it was admitted by somebody who
// typed its words. Expected: none of it reaches stdout or stderr of any command. Seen to
// succeed with clean taken out of deviceList and of the table's cells.
func TestAttack44ADeviceThatCommandsTheTerminal(t *testing.T) {
	c := newCouple(t, "desk\x1b]52;c;aGVsbG8=\a\x1b[2J\u009b31m\u202e\u2066\r\n")
	for _, args := range [][]string{{"device", "list"}, {"status"}, {"sync"}, {"audit", "list"}, {"device", "list", "--json"}, {"status", "--json"}} {
		out := c.run(t, c.ours, args...)
		if strings.ContainsAny(out, "\x1b\a\r\u009b\u202e\u2066") || len(out) == 0 {
			t.Errorf("%v shows %q", args, out)
		}
	}
}

// merge copies the objects that another store lacks into it.
func merge(t *testing.T, from, to string) {
	t.Helper()
	must(t, filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		there := filepath.Join(to, rel)
		if _, err := os.Stat(there); err == nil {
			return nil
		}
		if d.IsDir() {
			return os.Mkdir(there, 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(there, b, 0o600)
	}))
}

// couple is a vault of two devices that share a folder, with one clock.
type couple struct {
	dir          string
	clock        time.Time
	ours, theirs *local.Vault
}

func newCouple(t *testing.T, name string) *couple {
	t.Helper()
	ctx := context.Background()
	c := &couple{dir: t.TempDir(), clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	o := func(name string) local.Options {
		return local.Options{StateDir: filepath.Join(c.dir, name+"-state"), Clock: func() time.Time { return c.clock }}
	}
	p := secret.FromBytes([]byte(testPassphrase))
	defer p.Destroy()
	var err error
	c.ours, err = local.Create(ctx, filepath.Join(c.dir, "ours"), p, keyfile.DefaultParams(), o("ours"))
	must(t, err)
	t.Cleanup(func() { must(t, c.ours.Close(ctx)) })
	j, err := c.ours.Journal(ctx)
	must(t, err)
	i := identity.NewInvitation()
	n, err := local.NewNewcomer()
	must(t, err)
	defer n.Destroy()
	w, err := journal.NewRequest(i, n.Device, name, [32]byte{1})
	must(t, err)
	candidate, err := j.Candidate(i, w.Envelope)
	must(t, err)
	reply, err := j.Admit(ctx, candidate, segment.RoleMember)
	must(t, err)
	joined, err := w.Accept(reply)
	must(t, err)
	defer joined.Destroy()
	c.theirs, err = local.Join(ctx, filepath.Join(c.dir, "theirs"), p, keyfile.DefaultParams(), n, joined, o("theirs"))
	must(t, err)
	t.Cleanup(func() { must(t, c.theirs.Close(ctx)) })
	store := filepath.Join(c.dir, "store")
	must(t, os.Mkdir(store, 0o700))
	c.sync(t, c.ours, store)
	c.add(t, c.theirs, "first")
	c.sync(t, c.theirs, store)
	c.sync(t, c.theirs, store)
	c.sync(t, c.ours, store)
	return c
}

func (c *couple) add(t *testing.T, v *local.Vault, text string) {
	t.Helper()
	write(t, filepath.Join(c.dir, "in.json"), `{"resourceType":"Condition","id":"`+text+`","code":{"text":"`+text+`"}}`)
	c.run(t, v, "import", filepath.Join(c.dir, "in.json"))
}

// sync syncs with a folder as the vault's one remote.
func (c *couple) sync(t *testing.T, v *local.Vault, store string) string {
	t.Helper()
	ctx := context.Background()
	list, err := v.Remotes(ctx)
	must(t, err)
	if len(list) == 0 {
		_, err = v.AddRemote(ctx, local.Remote{Name: "main", URL: "folder:" + store})
	} else {
		list[0].URL = "folder:" + store
		err = v.KeepRemote(ctx, list[0])
	}
	must(t, err)
	return c.run(t, v, "sync", "--json")
}

// run is a command on a vault that is open here; what it wrote to stdout and stderr.
func (c *couple) run(t *testing.T, v *local.Vault, args ...string) string {
	t.Helper()
	out, err := os.CreateTemp(c.dir, "out")
	must(t, err)
	defer out.Close()
	a := newApp(os.Stdin, out, out, func(string) string { return "" })
	a.now = vault.Clock(func() time.Time { return c.clock })
	a.held = &session{v, a}
	if code := a.run(context.Background(), append([]string{"--no-keyring", "--no-input", "--vault", v.Dir()}, args...)); code != 0 {
		b, _ := os.ReadFile(out.Name())
		t.Fatalf("%v: exit %d\n%s", args, code, b)
	}
	_, err = out.Seek(0, io.SeekStart)
	must(t, err)
	b, err := io.ReadAll(out)
	must(t, err)
	return string(b)
}

// Attack 47. Somebody with a hold on the environment has the program trace and dump
// itself, and lets it crash: TEA_TRACE, TEA_DEBUG, http2debug, GOTRACEBACK=crash, SIGQUIT,
// SIGABRT, SIGSEGV while a chart is open. Expected: no trace file, no core; what a crash
// prints holds no passphrase and nothing of a record; no request in a log. Seen to
// succeed with main leaving package log's output as it is, for the authorization of
// requests. No trace appeared even with HardenProcess leaving the environment alone.
func TestAttack47CrashesAndDebugRuns(t *testing.T) {
	dir, env := made(t)
	h := counting(t)
	write(t, filepath.Join(dir, "token"), "token="+h.token+"\n")
	write(t, filepath.Join(dir, "more.json"), `{"resourceType":"Condition","id":"k1","clinicalStatus":{"text":"active"},"code":{"text":"`+canaryText+`"},"subject":{"reference":"Patient/p1"}}`)
	trace := filepath.Join(dir, "trace")
	env = append(env, "TEA_TRACE="+trace, "TEA_DEBUG="+trace, "DEBUG=1", "GOTRACEBACK=crash", "GODEBUG=http2debug=2")
	pass := filepath.Join(dir, "pass")
	var said strings.Builder
	for _, args := range [][]string{{"import", filepath.Join(dir, "more.json"), "--map", "patient=p1"}, {"import", filepath.Join(dir, "more.json")},
		{"remote", "add", "main", "https://" + h.address, "--pin", h.pin, "--credentials-file", filepath.Join(dir, "token")}, {"sync"}} {
		c := command(t, env, append(args, "--passphrase-file", pass)...)
		c.Dir, c.Stderr = dir, &said
		_ = c.Run()
	}
	if h.objects() == 0 {
		t.Fatalf("nothing was synced: %s", said.String())
	}
	for _, w := range []string{h.token, "uthorization", "PhivaultHost", "v1/", canaryText, testPassphrase} {
		if strings.Contains(said.String(), w) {
			t.Errorf("%q on stderr of a debug run", w)
		}
	}
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSEGV} {
		s := sit(t, env, nil).looks("This vault is locked.").typed(testPassphrase + enter).looks(canaryText)
		shown := len(s.text())
		must(t, s.cmd.Process.Signal(sig))
		err := <-s.done
		dump := s.text()[shown:]
		if err == nil || !strings.Contains(dump, "goroutine ") {
			t.Errorf("%v: no crash: %v %q", sig, err, dump)
		}
		for _, w := range []string{canaryText, "Sample", "Gout", testPassphrase, "violin"} {
			if strings.Contains(dump, w) {
				t.Errorf("%v: the dump holds %q", sig, w)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		if strings.Contains(e.Name(), "core") || e.Name() == "trace" {
			t.Errorf("%s was written", e.Name())
		}
	}
}
