package main

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"phivault/tui/widget"
	"phivault/vault"
)

// paper is a sink that a test reads.
func paper(tty bool, cols int) (*sink, *bytes.Buffer) {
	b := new(bytes.Buffer)
	return &sink{w: bufio.NewWriter(b), tty: tty, cols: cols, utf8: true}, b
}

func TestTableAlignsColumnsOfAnyScript(t *testing.T) {
	out, b := paper(true, 40)
	tab := newTable(out, column{title: "NAME", shrink: 1}, column{title: "N", right: true})
	tab.row("田中", "1")
	tab.row("e\u0301le\u0300ve", "12")
	tab.row("evil\x1b[2J\nname", "123")
	if err := tab.close(); err != nil {
		t.Fatal(err)
	}
	out.flush()
	want := "NAME            N\n田中            1\ne\u0301le\u0300ve          12\nevil[2J name  123\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b, want)
	}
}

func TestTableFitsTheTerminalAndCutsNothingInAPipe(t *testing.T) {
	long := strings.Repeat("word ", 30) + "end"
	for _, tty := range []bool{true, false} {
		out, b := paper(tty, 40)
		tab := newTable(out, column{title: "ID"}, column{title: "TEXT", shrink: 1})
		tab.row("abcdef", long)
		tab.close()
		out.flush()
		for _, l := range strings.Split(b.String(), "\n") {
			if tty && widget.Width(l) > 40 {
				t.Errorf("%q is wider than the terminal", l)
			}
		}
		if !tty && !strings.Contains(b.String(), "end") {
			t.Error("a pipe lost text")
		}
	}
}

func TestTheLastColumnIsBrokenBetweenWords(t *testing.T) {
	text := "keys replaced by rekey, now C, 3 entries set aside, says that B signed two histories"
	for _, cols := range []int{40, 60, 80, 100} {
		for _, first := range []string{"B", strings.Repeat("x", 30)} {
			out, b := paper(true, cols)
			tab := newTable(out, column{title: "DEVICE"}, column{title: ""})
			tab.row(first, text)
			tab.row("A", "this one")
			tab.close()
			out.flush()
			if got := strings.Join(strings.Fields(b.String()), " "); got != "DEVICE "+first+" "+text+" A this one" {
				t.Errorf("%d columns: %q", cols, got)
			}
			for _, l := range strings.Split(b.String(), "\n") {
				if widget.Width(l) > cols {
					t.Errorf("%q is wider than %d columns", l, cols)
				}
			}
		}
	}
	out, b := paper(false, 0)
	tab := newTable(out, column{title: "DEVICE"}, column{title: ""})
	tab.row("B", text)
	tab.close()
	out.flush()
	if !strings.HasSuffix(b.String(), "  "+text+"\n") {
		t.Errorf("a program gets %q", b)
	}
}

// What all rows say is said once where there is too little room, and nowhere else.
func TestAColumnThatSaysTheSameMakesRoom(t *testing.T) {
	title := strings.Repeat("long title ", 4) + "end"
	for _, x := range []struct {
		cols         int
		other, first string // the second row's source, and the first line
	}{
		{80, "clinic", "PATIENT: Ada Sample  SOURCE: clinic"},
		{75, "lab", "PATIENT: Ada Sample"},
		{85, "clinic", "SOURCE: clinic"},
		{160, "clinic", "TITLE"},
	} {
		out, b := paper(true, x.cols)
		tab := newTable(out, column{title: "TITLE", shrink: 3}, column{title: "VALUE"}, column{title: "PATIENT", shrink: 2, once: true},
			column{title: "SOURCE", shrink: 2, once: true})
		tab.row(title, "12345678901234567890", "Ada Sample", "clinic")
		tab.row("short", "1", "Ada Sample", x.other)
		tab.close()
		out.flush()
		lines := strings.Split(b.String(), "\n")
		if !strings.HasPrefix(lines[0], x.first) || !strings.Contains(b.String(), title) != (x.other == "lab") {
			t.Errorf("%d columns:\n%s", x.cols, b)
		}
		if strings.Contains(x.first, "SOURCE") == strings.Contains(lines[1], "SOURCE") && x.cols < 160 {
			t.Errorf("%d columns: the source\n%s", x.cols, b)
		}
	}
	out, b := paper(true, 40)
	tab := newTable(out, column{title: "TITLE", shrink: 3}, column{title: "SOURCE", shrink: 2, once: true})
	for range tableLook {
		tab.row(title, "clinic")
	}
	tab.row(title, "lab") // after the widths were chosen
	tab.close()
	out.flush()
	if !strings.HasPrefix(b.String(), "TITLE") || !strings.Contains(b.String(), "lab") {
		t.Errorf("a source is gone:\n%s", b)
	}
}

// A refusal is found again by where it was: that is never cut.
func TestWhereSomethingWasRefusedIsNotCut(t *testing.T) {
	out, b := paper(true, 80)
	a := &app{out: out, err: out}
	i := &importing{a: a, f: &importFlags{}, o: importObject{Refused: 1, Refusals: []refusalObject{{"records/portal-of-2024.zip", "entry 2, line 1024, entry 17",
		"it is no FHIR resource: resourceType is not there, and what is there is no Bundle either"}}}}
	if err := i.report(); err != nil {
		t.Fatal(err)
	}
	out.flush()
	if s := b.String(); !strings.Contains(s, "records/portal-of-2024.zip  entry 2, line 1024, entry 17") || !strings.Contains(s, "Bundle either") || strings.Contains(s, "…") {
		t.Errorf("\n%s", s)
	}
	for _, l := range strings.Split(b.String(), "\n") {
		if widget.Width(l) > 80 {
			t.Errorf("%q is wider than the terminal", l)
		}
	}
}

func TestTableStreamsRowsAfterTheFirst(t *testing.T) {
	out, b := paper(false, 0)
	tab := newTable(out, column{title: "N"}, column{title: "X"})
	for i := range 3 * tableLook {
		tab.row(fmt.Sprint(i), "longer than before "+strings.Repeat("x", i%50))
	}
	if len(tab.held) != 0 {
		t.Error("rows are held back")
	}
	tab.close()
	out.flush()
	if n := strings.Count(b.String(), "\n"); n != 3*tableLook+1 {
		t.Errorf("%d lines", n)
	}
}

func TestJSONOnATerminalHasNothingToActOn(t *testing.T) {
	out, b := paper(true, 80)
	if err := writeJSON(out, map[string]string{"title": "a\u202e\u009b\x7f<b>"}); err != nil {
		t.Fatal(err)
	}
	out.flush()
	if got, want := b.String(), `{"title":"a\u202e\u009b\u007f<b>"}`+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFlagsShowASignAndTheirLetters(t *testing.T) {
	for flag, want := range map[string]string{"": "–", "H": "▲ H", "HH": "▲▲ HH", "L": "▼ L", "LL": "▼▼ LL", "N": "· N", "A": "◆ A"} {
		if got := flagText(flag, true); got != want {
			t.Errorf("%s: %q", flag, got)
		}
		if got := flagText(flag, false); flag != "" && got != flag || flag == "" && got != "-" {
			t.Errorf("%s in ASCII: %q", flag, got)
		}
	}
	if rangeText("", "", "") != "no range supplied" || rangeText("4.0", "5.60", "") != "4.0–5.60" || rangeText("", "5", "") != "≤ 5" {
		t.Error("a range is shown otherwise than supplied")
	}
}

func TestNoAllergyRecordsIsNotNoKnownAllergies(t *testing.T) {
	if s := nothingText(vault.Query{Type: "AllergyIntolerance"}); !strings.Contains(s, `not "no known allergies"`) {
		t.Error(s)
	}
}
