//go:build linux || darwin

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// session of a person at a terminal: what is typed, and what is seen.
type screen struct {
	t    *testing.T
	cmd  *exec.Cmd
	file *os.File
	mu   sync.Mutex
	seen bytes.Buffer
	read int // how far expect has looked
	more chan struct{}
	done chan error
}

// person prepares a folder with the environment of a fresh user.
func person(t *testing.T) (dir string, env []string) {
	dir = t.TempDir()
	return dir, append(os.Environ(), "PHIVAULT_HOME="+filepath.Join(dir, "vault"), "XDG_STATE_HOME="+filepath.Join(dir, "state"),
		"HOME="+dir, "TERM=xterm", "LANG=C.UTF-8", "LC_ALL=", "NO_COLOR=", "DBUS_SESSION_BUS_ADDRESS=", passphraseVariable+"=")
}

// sit starts phivault on a terminal of 80 columns. stdin nil is the terminal.
func sit(t *testing.T, env []string, stdin io.Reader, args ...string) *screen {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, cmd: exec.Command(self), more: make(chan struct{}, 1), done: make(chan error, 1)}
	s.cmd.Args = append([]string{"phivault", "--no-keyring"}, args...)
	s.cmd.Env = env
	s.cmd.Stdin = stdin
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	pty.Setsize(ours, &pty.Winsize{Rows: 24, Cols: 80})
	if stdin == nil {
		s.cmd.Stdin = theirs
	}
	s.cmd.Stdout, s.cmd.Stderr = theirs, theirs
	// The terminal is the controlling one whatever stdin is.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	s.file = ours
	go s.watch()
	t.Cleanup(func() { s.cmd.Process.Kill(); ours.Close() })
	return s
}

func (s *screen) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := s.file.Read(buf)
		s.mu.Lock()
		s.seen.Write(buf[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			s.done <- s.cmd.Wait()
			return
		}
	}
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

// expect waits until text appears after what was expected before. A line break stands
// for a space: lines are broken between words.
func (s *screen) expect(text string) *screen {
	s.t.Helper()
	limit := time.After(time.Minute)
	want := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(text), " ", "(?: |\r?\n)"))
	for {
		if at := want.FindStringIndex(s.text()[s.read:]); at != nil {
			s.read += at[1]
			return s
		}
		select {
		case <-s.more:
		case err := <-s.done:
			s.done <- err
			if want.MatchString(s.text()[s.read:]) {
				continue
			}
			s.t.Fatalf("ended without %q:\n%s", text, s.text())
		case <-limit:
			s.t.Fatalf("no %q in\n%s", text, s.text())
		}
	}
}

func (s *screen) typed(text string) *screen {
	s.t.Helper()
	if _, err := s.file.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
	return s
}

// id is the first that a listing shows.
func (s *screen) id() string {
	s.t.Helper()
	for _, w := range strings.Fields(s.text()) {
		if len(w) == shortLength && looksLikeID(w) {
			return w
		}
	}
	s.t.Fatalf("no id in\n%s", s.text())
	return ""
}

// ends waits for the exit code.
func (s *screen) ends(want int) {
	s.t.Helper()
	got := 0
	var exit *exec.ExitError
	if err := <-s.done; errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		s.t.Fatal(err)
	}
	if got != want {
		s.t.Fatalf("exit code %d, want %d:\n%s", got, want, s.text())
	}
	if strings.Contains(s.text(), testPassphrase) {
		s.t.Errorf("the passphrase is on the screen:\n%s", s.text())
	}
}

const enter = "\r"

// made is a vault with some records.
func made(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir, env = person(t)
	write(t, filepath.Join(dir, "pass"), testPassphrase+"\n")
	write(t, filepath.Join(dir, "in.ndjson"), `{"resourceType":"Patient","id":"p1","name":[{"family":"Sample","given":["Ada"]}]}
{"resourceType":"Condition","id":"c1","clinicalStatus":{"text":"active"},"recordedDate":"2024-01-02","code":{"text":"Gout \u001b[31mred`+"\u202e\u009b"+`"},"subject":{"reference":"Patient/p1"}}
`)
	sit(t, env, nil, "init", "--passphrase-file", filepath.Join(dir, "pass")).ends(0)
	sit(t, env, nil, "import", filepath.Join(dir, "in.ndjson"), "--passphrase-file", filepath.Join(dir, "pass")).expect("2 new").ends(0)
	return dir, env
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestInitAsksTwiceAndShowsTheStrength(t *testing.T) {
	_, env := person(t)
	s := sit(t, env, nil, "init")
	s.expect("There is no recovery").expect("New passphrase").typed("secret" + enter)
	s.expect("weak").expect("Use it all the same? [y/N]").typed("n\n")
	s.expect("New passphrase").typed(testPassphrase + enter)
	s.expect("10^").expect("The same again").typed("something else" + enter)
	s.expect("not the same").expect("New passphrase").typed(testPassphrase + enter)
	s.expect("The same again").typed(testPassphrase + enter)
	s.expect("vault").ends(0)

	// Backspace takes whole characters, Ctrl-U the line.
	s = sit(t, env, nil, "status")
	s.expect("Passphrase: ").typed("wrong\x15" + testPassphrase + "é田\x7f\x7f" + enter).expect("records").ends(0)
}

func TestInitOffersAPassphraseToWhoGivesNone(t *testing.T) {
	_, env := person(t)
	s := sit(t, env, nil, "init")
	s.expect("New passphrase").typed(enter).expect("it is shown once").expect("The same again")
	_, after, _ := strings.Cut(s.text(), "bits):")
	words := strings.TrimSpace(strings.Split(strings.TrimSpace(after), "\r\n")[0])
	// An empty answer is the way out: another one, while this one counts no more.
	s.typed(enter).expect("it is shown once").expect("The same again").typed(words + enter).expect("something else").expect("The same again")
	after = strings.Split(s.text(), "bits):")[2]
	words = strings.TrimSpace(strings.Split(strings.TrimSpace(after), "\r\n")[0])
	if n := len(strings.Fields(words)); n != 6 {
		t.Fatalf("%d words in %q", n, after)
	}
	s.typed("no" + enter).expect("something else").expect("The same again").typed(words + enter).expect("vault").ends(0)
	sit(t, env, nil, "status").expect("Passphrase").typed(words + enter).expect("records").ends(0)
}

func TestWrongPassphraseIsAskedForThreeTimes(t *testing.T) {
	_, env := made(t)
	s := sit(t, env, nil, "list")
	for range 2 {
		s.expect("Passphrase: ").typed("wrong" + enter).expect("Try again")
	}
	s.expect("Passphrase: ").typed("wrong" + enter).expect("wrong passphrase or damaged key file").ends(12)
	sit(t, env, nil, "list").expect("Passphrase: ").typed("\x03").expect("interrupted").ends(130)
	sit(t, env, nil, "list").expect("Passphrase: ").typed("\x04").expect("no passphrase was given").ends(4)
}

func TestPassphraseIsAskedOnTheTerminalWhenStdinIsData(t *testing.T) {
	_, env := made(t)
	data := strings.NewReader(`{"resourceType":"Condition","id":"c2","code":{"text":"Cough"},"subject":{"reference":"Patient/p1"}}`)
	sit(t, env, data, "import", "-").expect("Passphrase: ").typed(testPassphrase + enter).expect("1 new").ends(0)
}

func TestTheScreenShowsNothingThatRecordsCommand(t *testing.T) {
	dir, env := made(t)
	pass := filepath.Join(dir, "pass")
	for _, args := range [][]string{{"list"}, {"list", "--json"}, {"search", "gout"}, {"search", "gout", "--json"}} {
		s := sit(t, env, nil, append(args, "--passphrase-file", pass)...)
		s.expect("Gout").ends(0)
		if i := strings.Index(s.text(), "\x1b[31m"); i >= 0 || strings.Contains(s.text(), "\u202e") {
			t.Errorf("%v shows %q", args, s.text())
		}
	}
	s := sit(t, env, nil, "list", "Condition", "--passphrase-file", pass)
	s.expect("Condition").ends(0)
	id := s.id()
	for _, more := range [][]string{nil, {"--readable"}, {"--meta"}, {"--raw"}} {
		s := sit(t, env, nil, append([]string{"show", id, "--passphrase-file", pass}, more...)...)
		s.expect("Gout").ends(0)
		raw := len(more) > 0 && more[0] == "--raw"
		if strings.Contains(s.text(), "\x1b[31m") || strings.Contains(s.text(), "\u202e") != raw {
			t.Errorf("show %v shows %q", more, s.text())
		}
	}
}

func TestSensitiveAndDestructiveCommandsAskAgain(t *testing.T) {
	dir, env := made(t)
	out := filepath.Join(dir, "out.json")
	s := sit(t, env, nil, "export", "-o", out)
	s.expect("Passphrase: ").typed(testPassphrase + enter).expect("Passphrase again: ").typed("wrong" + enter)
	s.expect("Try again").expect("Passphrase again: ").typed(testPassphrase + enter).expect("2 records written").ends(0)

	sit(t, env, nil, "export").expect("to the terminal in the clear").ends(2)

	s = sit(t, env, nil, "list", "Condition", "--passphrase-file", filepath.Join(dir, "pass"))
	s.expect("Condition").ends(0)
	id := s.id()
	s = sit(t, env, nil, "rm", id)
	s.expect("Passphrase: ").typed(testPassphrase + enter).expect("Delete Condition ").expect("[y/N]").typed("n\n").expect("not confirmed").ends(4)
	s = sit(t, env, nil, "rm", id)
	s.expect("Passphrase: ").typed(testPassphrase + enter).expect("[y/N]").typed("y\n").expect("deleted").ends(0)

	s = sit(t, env, nil, "passwd")
	s.expect("Passphrase: ").typed(testPassphrase + enter).expect("Passphrase again: ").typed(testPassphrase + enter)
	s.expect("New passphrase").typed("harbour ninety copper windmill" + enter).expect("The same again").typed("harbour ninety copper windmill" + enter)
	s.expect("is changed").ends(0)
	sit(t, env, nil, "status").expect("Passphrase: ").typed("harbour ninety copper windmill" + enter).expect("records").ends(0)
}

func TestEditFormKeepsAndReplacesSimpleFields(t *testing.T) {
	dir, env := made(t)
	pass := filepath.Join(dir, "pass")
	s := sit(t, env, nil, "list", "Condition", "--passphrase-file", pass)
	s.expect("Condition").ends(0)
	id := s.id()
	sit(t, env, nil, "edit", id, "--passphrase-file", pass).expect("recordedDate [2024-01-02]: ").typed("\n").expect("unchanged").ends(0)
	sit(t, env, nil, "edit", id, "--passphrase-file", pass).expect("recordedDate [2024-01-02]: ").typed("2025-06-07\n").expect("version 2  saved").ends(0)
	sit(t, env, nil, "show", id, "--passphrase-file", pass).expect("Version    2").expect("Recorded  2025-06-07").ends(0)
	sit(t, env, nil, "show", id, "--raw", "--passphrase-file", pass).expect(`"recordedDate":`).ends(0)
}

func TestTrendDrawsAPlotOnATerminal(t *testing.T) {
	dir, env := made(t)
	pass := filepath.Join(dir, "pass")
	for _, v := range []string{"2024-01-01 6.30", "2025-01-01 5.90"} {
		date, value, _ := strings.Cut(v, " ")
		sit(t, env, nil, "add", "observation", "--patient", "Sample", "--code", "4548-4", "--value", value, "--unit", "%", "--date", date,
			"--passphrase-file", pass).expect("added").ends(0)
	}
	sit(t, env, nil, "trend", "--patient", "Sample", "--code", "4548-4", "--passphrase-file", pass).
		expect("6.30 ┤").expect("5.90 ┤").expect("2024-01-01").expect("VALUE").expect("no range supplied").ends(0)
}

func TestDemoRemovesEverythingAlsoAfterCtrlC(t *testing.T) {
	dir, env := person(t)
	tmp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	s := sit(t, append(env, "TMPDIR="+tmp), nil, "demo")
	s.expect("$ phivault import records").typed("\x03").expect("is removed.").expect("phivault: demo: interrupted").ends(130)
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
