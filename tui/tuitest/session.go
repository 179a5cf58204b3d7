package tuitest

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"phivault/tui"
)

// Session is a person in front of the interface.
type Session struct {
	t     testing.TB
	m     *tui.Model
	now   time.Time
	queue []tea.Cmd
	quit  bool
	w, h  int
}

// New starts the interface on a terminal of 80 columns and 24 lines, at noon of
// a day in 2026 unless the options have a clock.
func New(t testing.TB, o tui.Options) *Session {
	t.Helper()
	s := &Session{t: t, now: time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)}
	if o.Clock == nil {
		o.Clock = func() time.Time { return s.now }
	}
	s.m = tui.New(context.Background(), o)
	t.Cleanup(s.m.Close)
	s.queue = append(s.queue, s.m.Init())
	return s.Resize(80, 24)
}

// Resize changes the terminal's size.
func (s *Session) Resize(w, h int) *Session {
	s.t.Helper()
	s.w, s.h = w, h
	return s.send(tea.WindowSizeMsg{Width: w, Height: h})
}

// send gives one message and answers everything that follows from it.
func (s *Session) send(msg tea.Msg) *Session {
	s.t.Helper()
	if s.quit {
		s.t.Fatal("the interface has ended")
	}
	_, cmd := s.m.Update(msg)
	s.queue = append(s.queue, cmd)
	s.frame()
	for len(s.queue) > 0 {
		cmd := s.queue[0]
		s.queue = s.queue[1:]
		if cmd == nil {
			continue
		}
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			s.queue = append(append([]tea.Cmd{}, msg...), s.queue...)
		case tea.QuitMsg:
			s.quit = true
		default:
			_, cmd := s.m.Update(msg)
			s.queue = append(s.queue, cmd)
			s.frame()
		}
	}
	return s
}

// Send gives any message, as a signal is one.
func (s *Session) Send(msg tea.Msg) *Session { s.t.Helper(); return s.send(msg) }

var special = map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
	"left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
	"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "f1": tea.KeyF1, "space": tea.KeySpace}

// Press presses keys by their names: "enter", "ctrl+l", "shift+tab", "t".
func (s *Session) Press(keys ...string) *Session {
	s.t.Helper()
	for _, name := range keys {
		k := tea.KeyPressMsg{}
		for {
			if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
				k.Mod, name = k.Mod|tea.ModCtrl, rest
			} else if rest, ok := strings.CutPrefix(name, "shift+"); ok {
				k.Mod, name = k.Mod|tea.ModShift, rest
			} else {
				break
			}
		}
		if code, ok := special[name]; ok {
			k.Code = code
			if name == "space" {
				k.Text = " "
			}
		} else if r := []rune(name); len(r) == 1 {
			k.Code = unicode.ToLower(r[0])
			if k.Mod&tea.ModCtrl == 0 {
				k.Text = name
			}
		} else {
			s.t.Fatalf("there is no key %q", name)
		}
		s.send(k)
	}
	return s
}

// Type types text, character by character.
func (s *Session) Type(text string) *Session {
	s.t.Helper()
	for _, r := range text {
		s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return s
}

// Paste pastes text.
func (s *Session) Paste(text string) *Session {
	s.t.Helper()
	return s.send(tea.PasteMsg{Content: text})
}

// Click clicks in column x of line y, both from 0.
func (s *Session) Click(x, y int) *Session {
	s.t.Helper()
	return s.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
}

// Wheel turns the wheel by one notch down.
func (s *Session) Wheel() *Session {
	s.t.Helper()
	return s.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
}

// Unlock gives the passphrase.
func (s *Session) Unlock(passphrase string) *Session {
	s.t.Helper()
	return s.Screen("unlock").Type(passphrase).Press("enter")
}

// Away lets time pass without a key.
func (s *Session) Away(d time.Duration) *Session {
	s.t.Helper()
	s.now = s.now.Add(d)
	return s.send(tui.Tick{})
}

// Screen demands that the screen of that name is shown.
func (s *Session) Screen(name string) *Session {
	s.t.Helper()
	if got := s.m.Screen(); got != name {
		s.t.Fatalf("the screen is %q, not %q:\n%s", got, name, s.Text())
	}
	return s
}

// Is reports whether the screen of that name is shown.
func (s *Session) Is(name string) bool { return s.m.Screen() == name }

// Leave presses Esc until a screen whose name begins so is shown.
func (s *Session) Leave(name string) *Session {
	s.t.Helper()
	for range 8 {
		if strings.HasPrefix(s.m.Screen(), name) {
			return s
		}
		s.Press("esc")
	}
	s.t.Fatalf("Esc does not lead to %q:\n%s", name, s.Text())
	return s
}

// Expect demands that each of the texts is on the screen.
func (s *Session) Expect(texts ...string) *Session {
	s.t.Helper()
	for _, want := range texts {
		if !strings.Contains(s.Text(), want) {
			s.t.Fatalf("no %q on the screen:\n%s", want, s.Text())
		}
	}
	return s
}

// Refuse demands that none of the texts is on the screen.
func (s *Session) Refuse(texts ...string) *Session {
	s.t.Helper()
	for _, not := range texts {
		if strings.Contains(s.Text(), not) {
			s.t.Fatalf("%q is on the screen:\n%s", not, s.Text())
		}
	}
	return s
}

// Ended demands that the interface ended so.
func (s *Session) Ended(how tui.Result) *Session {
	s.t.Helper()
	if !s.quit || s.m.Result() != how {
		s.t.Fatalf("ended %v as %v, want %v", s.quit, s.m.Result(), how)
	}
	return s
}

// Raw is the frame with its styles.
func (s *Session) Raw() string { return s.m.View().Content }

// Text is what is to be read on the screen, without spaces at the ends of lines.
func (s *Session) Text() string {
	lines := strings.Split(ansi.Strip(s.Raw()), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

var style = regexp.MustCompile("\x1b\\[[0-9;]*m")

// frame holds every frame to the terminal's size, and its text to be harmless.
func (s *Session) frame() {
	s.t.Helper()
	raw := s.Raw()
	lines := strings.Split(raw, "\n")
	if len(lines) != s.h {
		s.t.Fatalf("a frame of %d lines on a terminal of %d:\n%s", len(lines), s.h, s.Text())
	}
	for i, l := range lines {
		if w := ansi.StringWidthWc(l); w != s.w {
			s.t.Fatalf("line %d has %d columns of %d: %q", i, w, s.w, l)
		}
		for _, r := range style.ReplaceAllString(l, "") {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) {
				s.t.Fatalf("line %d holds %U: %q", i, r, l)
			}
		}
	}
}

// Whole demands that no sentence is cut at the edge of the terminal. The texts of
// records, which are cut in lists and can be read whole by opening them, are not held
// to it: what is on the screen is to be of the interface's own words.
func (s *Session) Whole() *Session {
	s.t.Helper()
	for i, l := range strings.Split(s.Text(), "\n") {
		if ansi.StringWidthWc(l) >= s.w-2 && cut(l) {
			s.t.Errorf("on %d columns line %d is cut within a sentence: %q", s.w, i, l)
		}
	}
	return s
}

// cut reports whether a line is prose that was cut at the edge of the terminal: several
// words with single spaces between, as columns have not.
func cut(line string) bool {
	text := strings.TrimLeft(strings.TrimLeft(line, " "), "›!·✓ ")
	return strings.HasSuffix(text, "…") && !strings.Contains(text, "  ") && len(strings.Fields(text)) > 4 && !strings.Contains(text, " · ")
}

var device = regexp.MustCompile(`\b[0-9a-f]{8}\b`)

// Golden compares the screen with testdata/NAME.golden, or writes that file when
// PHIVAULT_GOLDEN is set. Names of devices, which are random, are masked.
func (s *Session) Golden(name string) *Session {
	s.t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := device.ReplaceAllString(s.Text(), "########") + "\n"
	if os.Getenv("PHIVAULT_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return s
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if got != string(want) {
		s.t.Errorf("%s differs; it is\n%s\nand was\n%s", path, got, want)
	}
	return s
}
