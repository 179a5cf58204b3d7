//go:build linux || darwin

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"

	"phivault/vault/local"
	"phivault/vault/local/oskeyring"
)

// drawer is a keyring in memory.
type drawer map[string]string

var _ local.Keyring = drawer{}

func (d drawer) Get(_ context.Context, name string) (string, error) {
	if v, ok := d[name]; ok {
		return v, nil
	}
	return "", local.ErrNoItem
}

func (d drawer) Set(_ context.Context, name, value string) error { d[name] = value; return nil }

func (d drawer) Delete(_ context.Context, name string) error {
	if _, ok := d[name]; !ok {
		return local.ErrNoItem
	}
	delete(d, name)
	return nil
}

// inside runs commands in this process, with a keyring and a terminal of the
// test's own.
type inside struct {
	t    *testing.T
	dir  string
	ring drawer
	out  bytes.Buffer
}

// run gives the exit code, and what was written to stdout and stderr in out.
// answer is typed once the terminal shows what it is keyed by.
func (i *inside) run(answer map[string]func(string) string, args ...string) int {
	i.t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		i.t.Fatal(err)
	}
	defer ours.Close()
	go func() {
		shown, buf := "", make([]byte, 1024)
		left := maps.Clone(answer)
		for {
			n, err := ours.Read(buf)
			if err != nil {
				return
			}
			shown += string(buf[:n])
			for key, reply := range left {
				if strings.Contains(shown, key) {
					delete(left, key)
					ours.WriteString(reply(shown))
				}
			}
		}
	}()
	i.out.Reset()
	w, _ := paper(false, 0)
	w.w.Reset(&i.out)
	a := newApp(os.Stdin, os.Stdout, os.Stderr, func(name string) string {
		if name == "PHIVAULT_HOME" {
			return filepath.Join(i.dir, "vault")
		}
		return ""
	})
	a.out, a.err, a.state, a.ring = w, w, filepath.Join(i.dir, "state"), i.ring
	a.openTTY = func() (*terminal, error) { return &terminal{theirs, theirs}, nil }
	code := a.run(context.Background(), args)
	theirs.Close()
	return code
}

func TestBindingNeedsTheKeyringOrThePrintedCode(t *testing.T) {
	i := &inside{t: t, dir: t.TempDir(), ring: drawer{}}
	pass := filepath.Join(i.dir, "pass")
	write(t, pass, testPassphrase+"\n")
	with := func(args ...string) []string { return append(args, "--passphrase-file", pass) }
	if code := i.run(nil, with("init")...); code != 0 {
		t.Fatalf("%d %s", code, &i.out)
	}
	secretCode := ""
	printed := regexp.MustCompile(`([A-Z2-7]{4}-){13}[A-Z2-7]{4}`)
	bind := map[string]func(string) string{
		"Type it from what you wrote": func(shown string) string {
			secretCode = printed.FindString(shown)
			return "not it\n"
		},
		"That is not it.": func(string) string { return strings.ToLower(secretCode) + "\n" },
	}
	if code := i.run(bind, with("keyring", "bind")...); code != 0 || !strings.Contains(i.out.String(), "bound to this device") {
		t.Fatalf("%d %s", code, &i.out)
	}
	if strings.Contains(i.out.String(), secretCode) {
		t.Error("the device secret is in the output, not only on the terminal")
	}
	if code := i.run(nil, with("status", "--json")...); code != 0 || !strings.Contains(i.out.String(), `"keyring":"bound"`) {
		t.Fatalf("%d %s", code, &i.out)
	}
	// Elsewhere the passphrase alone does not open it; with the code it does.
	if code := i.run(nil, with("status", "--no-keyring", "--json")...); code != 1 || !strings.Contains(i.out.String(), `"code":"device_secret"`) {
		t.Fatalf("%d %s", code, &i.out)
	}
	codeFile := filepath.Join(i.dir, "code")
	write(t, codeFile, secretCode+"\n")
	if code := i.run(nil, with("status", "--no-keyring", "--device-secret-file", codeFile)...); code != 0 {
		t.Fatalf("%d %s", code, &i.out)
	}
	// A backup does not need it.
	backup := filepath.Join(i.dir, "copy.backup")
	if code := i.run(nil, with("backup", backup)...); code != 0 {
		t.Fatalf("%d %s", code, &i.out)
	}
	if code := i.run(nil, with("drill", backup, "--no-keyring")...); code != 0 {
		t.Fatalf("%d %s", code, &i.out)
	}
	if code := i.run(nil, with("keyring", "unbind", "--json")...); code != 0 || !strings.Contains(i.out.String(), `"unbound"`) {
		t.Fatalf("%d %s", code, &i.out)
	}
	if code := i.run(nil, with("status", "--no-keyring")...); code != 0 {
		t.Fatalf("%d %s", code, &i.out)
	}
	if code := i.run(nil, with("doctor", "--json")...); code != 0 || !strings.Contains(i.out.String(), `"check":"keyring","state":"ok"`) {
		t.Fatalf("%d %s", code, &i.out)
	}
}

// mute is a keyring that does not answer.
type mute struct {
	drawer
	err error
}

func (m mute) Get(context.Context, string) (string, error) { return "", m.err }

func TestDoctorSaysOnceThatNoKeyringAnswers(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{oskeyring.ErrUnavailable, "no keyring answers"},
		{fmt.Errorf("%w: no bus", oskeyring.ErrUnavailable), "no keyring answers: no bus"},
		{errors.New("no bus"), "no keyring answers: no bus"},
	} {
		a := &app{ring: mute{drawer{}, c.err}}
		if got := a.keyringFinding(t.Context()).Detail; got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
