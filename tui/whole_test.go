package tui_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"phivault/tui"
)

// Every screen that speaks to its reader, on the smallest terminal and on larger ones:
// no sentence ends in the middle.
func TestNoSentenceIsCutAtTheEdge(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {100, 30}, {80, 50}} {
		first := inWorld(t, &opener{dir: filepath.Join(t.TempDir(), "vault")}, &world{}).Resize(size[0], size[1]).Whole()
		first.Press("ctrl+g").Whole().Press("ctrl+n").Screen("join").Whole().Type("x").Press("enter").Whole().Press("enter").Screen("join passphrase").Whole()
		first.Type("weak").Whole().Press("enter").Whole().Type("weak").Press("enter").Whole().Type("other").Press("enter").Whole()

		w := invitedWorld()
		w.rounds = []tui.Round{{Remote: "main", Trouble: tui.TroubleGone, Words: "main: the remote went back"}}
		s := inWorld(t, sample(t), w).Resize(size[0], size[1]).Whole().Unlock("wrong").Whole().Unlock(passphrase)
		for _, key := range []string{"Y", "D", "C", "A", "I", "E", "S", "a", "/"} {
			s.Press(key).Whole().Press("f1").Whole().Press("f1").Leave("chart")
		}
		s.Press("Y", "y").Whole().Press("t").Whole().Press("d").Whole().Press("v").Whole().Press("enter").Whole().Press("esc")
		s.Press("a").Whole().Press("down").Whole().Press("ctrl+u").Type("https://host.example").Press("enter").Whole().Press("down").Whole().Leave("chart")
		s.Press("D").Whole().Press("d").Whole().Press("down", "n").Whole().Press("ctrl+u", "enter").Whole().Press("esc", "d").Whole().Press("enter").Whole().Press("esc")
		s.Press("i").Whole().Press("up").Whole().Press("down").Type(passphrase).Press("enter").Screen("invitation").Whole().Press("r").Whole().Press("t").Whole().Press("esc").Whole()
		w.comes = &tui.Candidate{ID: "dd04aabb", Name: "tablet"}
		s.Press("i").Type(passphrase).Press("enter").Screen("admit").Whole().Type("wrong").Press("enter").Whole().Press("esc").Whole()
		for tr := tui.TroubleOffline; tr <= tui.TroubleForged; tr++ {
			w.rounds[0].Trouble, w.st.SetAside, w.st.Waiting, w.st.Conflicts = tr, 1, 1, 12
			w.rounds[0].Words = "main: " + strings.Repeat("the words of an error at some length, ", 3) + "and its end"
			s.Leave("chart").Press("Y", "enter").Whole()
		}
		w.err = errors.New(strings.Repeat("an error that says at some length what was not done, and why. ", 4) + "And what to do.")
		s.Press("t").Whole().Expect("And what to do.", "Enter sync now").Press("down").Refuse("And what to do.")
	}
}

// Where the terminal is too small that is said whole, however small it is.
func TestATerminalThatIsTooSmallIsToldSoWhole(t *testing.T) {
	for _, size := range [][2]int{{60, 20}, {79, 24}, {80, 23}, {30, 8}} {
		s := inWorld(t, sample(t), clinicWorld()).Resize(size[0], size[1]).Unlock(passphrase).Whole()
		if text := strings.Join(strings.Fields(s.Text()), " "); !strings.HasSuffix(text, "phivault needs 80 and 24: make the window larger, or start phivault --accessible.") {
			t.Errorf("%v: %q", size, text)
		}
		s.Resize(80, 24).Screen("chart summary").Refuse("larger")
	}
}
