//go:build linux || darwin

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
)

// looks waits until the terminal, as an emulator draws it, shows one of the texts.
func (s *screen) looks(texts ...string) *screen {
	s.t.Helper()
	limit := time.After(time.Minute)
	shows := func() bool {
		now := s.drawn()
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(now, text) })
	}
	for {
		if shows() {
			return s
		}
		select {
		case <-s.more:
		case err := <-s.done:
			s.done <- err
			if shows() {
				return s
			}
			s.t.Fatalf("ended without %q:\n%s", texts, s.drawn())
		case <-limit:
			s.t.Fatalf("no %q on the screen:\n%s", texts, s.drawn())
		}
	}
}

// drawn is what a terminal of 80 columns and 24 lines shows after everything
// that was written to it.
func (s *screen) drawn() string {
	e := vt.NewEmulator(80, 24)
	go func() { // what the emulator answers to questions
		var b [256]byte
		for {
			if _, err := e.Read(b[:]); err != nil {
				return
			}
		}
	}()
	defer e.Close()
	e.Write([]byte(s.text()))
	return e.String()
}

func TestBareOnATerminalOpensTheInterface(t *testing.T) {
	dir, env := made(t)
	s := sit(t, env, nil).looks("This vault is locked.").typed("wrong\r").looks("wrong passphrase")
	s.typed(testPassphrase + "\r").looks("Sample, Ada").looks("PROBLEMS (1 active)")
	if shown := s.text(); strings.Contains(shown, "\x1b[31mred") || strings.Contains(shown, "\u202e") {
		t.Error("a record commands the terminal")
	}
	s.typed("/gou").looks("Condition").typed("\x1b").looks("›1 Summary")
	s.typed("a3").looks("Add: Problem").typed("Sprained ankle\x13").looks("Sprained ankle").looks("Saved.")

	// Locked by a key: another process at the same terminal, with nothing of it.
	s.typed("\x0c").looks("The vault was locked.")
	if strings.Contains(s.drawn(), "Sample") {
		t.Error("the locked screen shows a name")
	}
	s.typed(testPassphrase + "\r").looks("PROBLEMS (2 active)").typed("Sx").looks("Settings").typed("\x1b").looks("›1 Summary").typed("\x03").ends(0)
	if !strings.Contains(s.text(), "\x1b[?1049l") {
		t.Error("the alternate screen was not left")
	}
	b, err := os.ReadFile(filepath.Join(dir, "state", "phivault", settingsFile))
	if err == nil {
		t.Errorf("settings were kept that nobody saved: %s", b)
	}
}

// Suspending locks: who continues the program is asked for the passphrase.
func TestSuspendingTheInterfaceLocksIt(t *testing.T) {
	dir, env := made(t)
	s := sit(t, append(env, "NO_COLOR=1"), nil, "--passphrase-file", filepath.Join(dir, "pass")).looks("PROBLEMS").typed("\x1a").looks("The vault was locked.")
	if strings.Contains(s.drawn(), "Sample") {
		t.Error("the locked screen shows a name")
	}
	s.typed(testPassphrase + "\r").looks("PROBLEMS").typed("\x03").ends(0)
	if colour := regexp.MustCompile("\x1b\\[[0-9;]*[34][0-7][;m]").FindString(s.text()); colour != "" {
		t.Errorf("a colour in spite of NO_COLOR: %q", colour)
	}
	// The terminal is left as it was: no mouse, a cursor, its own screen.
	for _, off := range []string{"\x1b[?1002l", "\x1b[?25h", "\x1b[?1049l"} {
		if strings.LastIndex(s.text(), off) < strings.LastIndex(s.text(), strings.NewReplacer("l", "h", "h", "l").Replace(off)) {
			t.Errorf("%q does not come last", off)
		}
	}
}

func TestSignalsCloseTheInterfaceAndTheVault(t *testing.T) {
	_, env := made(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		s := sit(t, env, nil).looks("locked").typed(testPassphrase + "\r").looks("PROBLEMS")
		if err := s.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		<-s.done
		// Nobody holds the vault, and the terminal is as it was.
		if !bytes.Contains([]byte(s.text()), []byte("\x1b[?1049l")) {
			t.Errorf("%v: the alternate screen was not left", sig)
		}
	}
	sit(t, env, nil, "status").expect("Passphrase: ").typed(testPassphrase + enter).expect("records").ends(0)
}

func TestWithoutATerminalForItTheCommandsAreShown(t *testing.T) {
	_, env := person(t)
	sit(t, append(env, "LANG=C"), nil).expect("UTF-8 locale").expect("a command is needed").ends(2)
}

// A terminal that cannot place text, and a person who asked for lines, get them.
func TestLinesOnATerminal(t *testing.T) {
	dir, env := made(t)
	dumb := append(env, "TERM=dumb")
	s := sit(t, dumb, nil).expect("This vault is locked").expect("Passphrase: ").typed("wrong" + enter).expect("wrong passphrase").expect("Passphrase: ")
	s.typed(testPassphrase + enter).expect("Main menu").expect("Number: ").typed("1\n").expect("Name, birth date or id").typed("sample\n")
	s.expect("Chart of Sample, Ada").expect("Number: ").typed("8\n").expect("3. Problem").expect("Number: ").typed("3\n")
	s.expect("What, needed").typed("Sprained ankle\n").expect("Code").typed("\n").expect("Date").typed("\n").expect("Status").typed("\n").expect("Remark").typed("\n")
	s.expect("Save it?").typed("yes\n").expect("Saved as 1 record").expect("Number: ")
	// Suspending locks: another process, with nothing of the records.
	s.typed("\x1a").expect("The vault was locked.").expect("Passphrase: ").typed(testPassphrase + enter).expect("Main menu").expect("Number: ")
	s.typed("lock\n").expect("The vault was locked.").expect("Passphrase: ").typed("\x03").expect("interrupted").ends(130)
	if strings.Contains(s.text(), "\x1b") {
		t.Error("a terminal that cannot is commanded")
	}

	pass := filepath.Join(dir, "pass")
	s = sit(t, env, nil, "--accessible", "--passphrase-file", pass).expect("Main menu").expect("Number: ")
	s.typed(strings.Repeat("long ", 40) + "\n").expect("Type a number").typed("0\n").ends(0)
	if strings.Contains(s.text(), "\x1b") {
		t.Error("lines hold commands to the terminal")
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		s := sit(t, env, nil, "--accessible", "--passphrase-file", pass).expect("Main menu").expect("Number: ")
		if err := s.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		<-s.done
	}
	sit(t, env, nil, "status", "--passphrase-file", pass).expect("records").ends(0)
}

// The screens take the passphrase's sources too, and end as commands do.
func TestTheInterfaceTakesAPassphraseFromItsSources(t *testing.T) {
	dir, env := made(t)
	pass, wrong := filepath.Join(dir, "pass"), filepath.Join(dir, "wrong")
	write(t, wrong, "not this one\n")
	s := sit(t, env, nil, "--passphrase-file", pass).looks("Sample, Ada").looks("PROBLEMS (1 active)")
	s.typed("\x0c").looks("The vault was locked.").typed(testPassphrase + "\r").looks("PROBLEMS").typed("\x03").ends(0)
	sit(t, env, nil, "--passphrase-file", wrong).expect("phivault: wrong passphrase or damaged key file; ").ends(12)
	sit(t, env, nil, "--vault", filepath.Join(dir, "none"), "--passphrase-file", pass).expect("phivault: no vault here; ").ends(10)
	sit(t, env, nil, "--no-input").expect("phivault: --no-input forbids asking for the passphrase").ends(2)
	sit(t, env, nil, "--no-input", "--passphrase-file", pass).looks("PROBLEMS").typed("\x03").ends(0)
	sit(t, append(env, passphraseVariable+"="+testPassphrase), nil).looks("PROBLEMS").typed("\x03").ends(0)
}

// What is typed while the vault opens is for nobody: not for the list that comes.
func TestWhatIsTypedTooEarlyDoesNothing(t *testing.T) {
	dir, env := made(t)
	pass := filepath.Join(dir, "pass")
	sit(t, env, nil, "add", "patient", "--name", "Bea Sample", "--passphrase-file", pass).expect("added").ends(0)
	for range 3 {
		s := sit(t, env, nil, "--passphrase-file", pass).typed("aq\x1bq").looks("Sample, Bea").looks("2 patients").looks("q back")
		s.typed("f").looks("Filter").typed("\x03").ends(0)
	}
	s := sit(t, env, nil).looks("This vault is locked.").typed(testPassphrase + "\rq\r\rq\r").looks("was not taken").looks("2 patients")
	s.typed("\r").looks("Summary").typed("\x03").ends(0)
}
