package tui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The screens as they are, at the least size and at two larger ones.
func TestScreensLookAsTheyDid(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {160, 48}} {
		name := func(s string) string { return fmt.Sprintf("%s-%dx%d", s, size[0], size[1]) }
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			s := sit(t, practice(t, 4)).Resize(size[0], size[1]).Golden(name("unlock"))
			s.Unlock(passphrase).Golden(name("patients"))
			s.Press("down", "enter").Golden(name("summary"))
			for i, tab := range []string{"timeline", "labs", "medications", "immunizations", "documents", "all"} {
				s.Press(fmt.Sprint(i + 2)).Golden(name(tab))
			}
			s.Press("3", "enter").Golden(name("values"))
			s.Press("t").Golden(name("trend"))
			s.Press("enter").Golden(name("record"))
			s.Press("r").Golden(name("record-json"))
			s.Press("v").Golden(name("history"))
			s.Press("esc", "esc", "esc", "esc").Screen("chart labs")
			s.Press("/").Type("lisinopril").Golden(name("search")).Press("esc")
			s.Press("6", "enter", "o").Golden(name("attachments")).Press("esc", "esc")
			s.Press("a").Golden(name("add"))
			for i, form := range []string{"vitals", "observation", "condition", "medication", "allergy", "immunization", "note"} {
				s.Press(fmt.Sprint(i + 1)).Golden(name("form-" + form))
				s.Press("esc", "a")
			}
			s.Press("esc", "I").Golden(name("import")).Press("esc", "E").Golden(name("export")).Press("esc", "S").Golden(name("settings"))
			s.Press("esc", "A").Golden(name("audit")).Press("esc", "?").Golden(name("help"))
		})
	}
}

// The picture in the README is lines of a screen as it is drawn.
func TestTheReadmeShowsTheInterfaceAsItIs(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.ReadFile(filepath.Join("testdata", "labs-80x24.golden"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```\n")
	picture, _, _ := strings.Cut(rest, "```")
	lines, left := strings.Split(strings.TrimSpace(picture), "\n"), string(screen)
	if len(lines) < 10 {
		t.Fatalf("%d lines of a picture", len(lines))
	}
	for _, l := range lines {
		_, after, found := strings.Cut(left, l+"\n")
		if !found {
			t.Fatalf("no such line, or not in this order: %q", l)
		}
		left = after
	}
}
