package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/remotetest"
)

// run gives what one command line prints and exits with.
func run(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	a := &app{out: &o, err: &e, env: func(string) string { return "" }}
	code = a.run(t.Context(), args)
	return o.String(), e.String(), code
}

// serving starts a host and gives where it is and what it proves.
func serving(t *testing.T, dir string) (address string, pin remote.Pin, stop func() int) {
	t.Helper()
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() {
		a := &app{out: w, err: io.Discard, env: func(string) string { return "" }}
		done <- a.run(ctx, []string{"serve", "--dir", dir, "--listen", "127.0.0.1:0", "--json"})
		w.Close()
	}()
	var first struct{ Schema, Address, Pin string }
	if err := json.NewDecoder(r).Decode(&first); err != nil {
		t.Fatal(err)
	}
	pin, err := remote.ParsePin(first.Pin)
	if err != nil || first.Schema != "phivault-host.serve.v1" {
		t.Fatalf("%+v, %v", first, err)
	}
	stopped := false
	stop = func() int {
		if stopped {
			return 0
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() { stop() })
	return first.Address, pin, stop
}

func TestFromNothingToAServedAndCheckedVault(t *testing.T) {
	dir := t.TempDir()
	address, pin, stop := serving(t, dir)
	token, errs, code := run(t, "token", "--dir", dir, "--quota", "1MiB", "--label", "clinic")
	if code != 0 || len(strings.TrimSpace(token)) != 26 {
		t.Fatalf("%q, %q, %d", token, errs, code)
	}
	key, err := hosted.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	open := func() *hosted.Remote {
		c, err := hosted.Open(hosted.Config{Address: address, Vault: remotetest.Space(), HTTP: remote.HTTP{Pin: pin}}, key)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	c := open()
	if err := c.Register(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	n := remotetest.Name()
	remotetest.Put(t, c, n, remotetest.Bytes(2000))
	if _, errs, code := run(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0"); code != exitInUse || !strings.HasPrefix(errs, "phivault-host: ") || !strings.Contains(errs, "still finishing") {
		t.Errorf("a second host: %q, %d", errs, code)
	}
	if out, _, code := run(t, "vaults", "--dir", dir, "--json"); code != 0 || !strings.Contains(out, `"used":2000`) || !strings.Contains(out, `"label":"clinic"`) {
		t.Errorf("%s, %d", out, code)
	}
	tag := remotetest.Space().String()
	if _, errs, code := run(t, "vaults", "set", tag, "--quota", "1KiB", "--dir", dir); code != 0 {
		t.Errorf("%s, %d", errs, code)
	}
	if out, _, code := run(t, "check", "--dir", dir); code != 0 || !strings.Contains(out, "over quota "+tag) || !strings.Contains(out, "1 vault, 1 object, 2000 bytes") {
		t.Errorf("%s, %d", out, code)
	}
	if code := stop(); code != 0 {
		t.Errorf("a stopped host exits with %d", code)
	}
	if err := os.Truncate(filepath.Join(dir, "objects", filepath.FromSlash(n.String())), 1999); err != nil {
		t.Fatal(err)
	}
	out, errs, code := run(t, "check", "--dir", dir, "--json")
	if code != exitDamage || !strings.Contains(out, `"kind":"changed"`) || !strings.Contains(out, `"ok":false`) || strings.Count(errs, "\n") != 1 {
		t.Errorf("%s%s, %d", out, errs, code)
	}
	// The pin outlives the process.
	address2, pin2, _ := serving(t, dir)
	if address = address2; pin2 != pin {
		t.Error("the pin has changed")
	}
	if keys, _, code := run(t, "vaults", "--dir", dir, "--json"); code == 0 {
		var v struct{ Keys []string }
		if err := json.Unmarshal([]byte(keys), &v); err != nil || len(v.Keys) != 1 {
			t.Fatalf("%s, %v", keys, err)
		}
		if _, errs, code := run(t, "vaults", "revoke", tag, v.Keys[0], "--dir", dir); code != 0 {
			t.Errorf("%s, %d", errs, code)
		}
	}
	if _, err := remotetest.Get(t.Context(), open(), n); err == nil {
		t.Error("a revoked key still reads")
	}
}

func TestWrongUseIsSaidInOneLine(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"serve"}, exitUsage}, {[]string{"token"}, exitUsage}, {[]string{"vaults"}, exitUsage}, {[]string{"check"}, exitUsage},
		{[]string{"token", "--dir", dir, "--quota", "much"}, exitUsage}, {[]string{"token", "--dir", dir, "extra"}, exitUsage},
		{[]string{"serve", "--dir", dir, "--cert", "x"}, exitUsage}, {[]string{"serve", "--dir", dir, "--log", "loud"}, exitUsage},
		{[]string{"serve", "--dir", dir, "--s3-bucket", "b"}, exitUsage},
		{[]string{"serve", "--dir", dir, "--s3-bucket", "b", "--s3-endpoint", "127.0.0.1:1"}, exitUsage}, // no credentials
		{[]string{"vaults", "set", "nobody", "--dir", dir, "--quota", "1GiB"}, exitError},
		{[]string{"vaults", "revoke", "nobody", "key", "--dir", dir}, exitError},
		{[]string{"serve", "--dir", dir, "--cert", dir + "/none", "--key", dir + "/none"}, exitError},
		{[]string{"serve", "--dir", dir, "--listen", "nowhere:at:all"}, exitError},
		{[]string{"tokn", "--dir", dir}, exitUsage}, {[]string{"nothing", "of", "ours"}, exitUsage},
		{[]string{"check", "--dir", dir + "/mistyped"}, exitError}, {[]string{"vaults", "--dir", dir + "/mistyped"}, exitError},
		{[]string{"token", "--dir", dir + "/mistyped"}, exitError},
	} {
		_, errs, code := run(t, c.args...)
		if code != c.code || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "phivault-host: ") || strings.Contains(errs, dir) {
			t.Errorf("%v: %q, %d; want %d", c.args, errs, code, c.code)
		}
	}
	if _, err := os.Stat(dir + "/mistyped"); err == nil {
		t.Error("looking at a folder that is not there made it")
	}
	if _, errs, _ := run(t, "tokn"); !strings.Contains(errs, "did you mean token?") {
		t.Error(errs)
	}
	if out, _, code := run(t, "--help"); code != 0 || !strings.Contains(out, "Exit codes") {
		t.Errorf("%s, %d", out, code)
	}
}

func TestABucketThatIsNotThereIsUnreachable(t *testing.T) {
	var o, e bytes.Buffer
	a := &app{out: &o, err: &e, env: func(v string) string {
		return map[string]string{accessVariable: "access", secretVariable: remotetest.Secret}[v]
	}}
	code := a.run(t.Context(), []string{"serve", "--dir", t.TempDir(), "--s3-bucket", "bucket", "--s3-endpoint", "127.0.0.1:1"})
	if code != exitUnreachable || strings.Contains(e.String(), remotetest.Secret) {
		t.Errorf("%q, %d", e.String(), code)
	}
}

func TestSizesAreReadAsTheyArePrinted(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "5B": 5, "500MiB": 500 << 20, "2TiB": 2 << 40} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != want {
			t.Errorf("%s: %d, %v", text, s, err)
		}
		again := s
		if err := again.Set(s.String()); err != nil || again != s {
			t.Errorf("%s prints as %s", text, s.String())
		}
	}
	for _, text := range []string{"", "0", "-1", "1GB", "9999999TiB", "x"} {
		var s size
		if s.Set(text) == nil {
			t.Errorf("%q became %d", text, s)
		}
	}
}
