package widget

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"phivault/crypto/secret"
	"phivault/tui/plain"
)

func TestCleanBoundsWhatOneLineCosts(t *testing.T) {
	if got := Clean("a\x1bb" + strings.Repeat("\u0301", 99)); utf8.RuneCountInString(got) != 2+plain.MarksMost {
		t.Errorf("%q", got)
	}
	for _, s := range []string{strings.Repeat("long", 1<<20), strings.Repeat("é", 1<<20)} {
		got := Clean(s)
		if len(got) > longest+8 || !strings.HasSuffix(got, "…") || !utf8.ValidString(got) {
			t.Errorf("%d bytes, ending %q", len(got), got[len(got)-8:])
		}
		for _, l := range CleanLines(s + "\n" + s) {
			if len(l) > longest+8 {
				t.Errorf("a line of %d bytes", len(l))
			}
		}
	}
}

func FuzzFit(f *testing.F) {
	for _, s := range []string{"", "plain text", "漢字🏥", "กำกำกำ", "각", "e\u0301\u0302", "a\x1b[2Jb\u202e", "🇩🇪🇫"} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 0 || n > 300 {
			return
		}
		s = Clean(s)
		for _, r := range s {
			if plain.Unsafe(r) {
				t.Fatalf("%U is left in %q", r, s)
			}
		}
		for _, got := range []string{Fit(s, n), FitRight(s, n)} {
			if Width(got) != n {
				t.Fatalf("%q has %d columns of %d", got, Width(got), n)
			}
		}
		if n > 1 {
			for _, l := range Wrap(s, n) {
				if Width(l) > n {
					t.Fatalf("%q is wider than %d", l, n)
				}
			}
		}
	})
}

func TestWrapLosesNothing(t *testing.T) {
	text := "  one two threeeeeeeeeeeeeeeeeeee four"
	lines := Wrap(text, 8)
	if got := strings.Join(lines, ""); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(text, " ", "") {
		t.Errorf("%q", lines)
	}
	if !strings.HasPrefix(lines[0], "  one") {
		t.Errorf("the indent is lost: %q", lines)
	}
}

func TestListKeepsItsSelectionInView(t *testing.T) {
	l := List{N: 100}
	for _, c := range []struct {
		key string
		at  int
	}{{"down", 1}, {"j", 2}, {"up", 1}, {"k", 0}, {"up", 0}, {"end", 99}, {"down", 99}, {"pgup", 90}, {"home", 0}, {"space", 9}} {
		l.Window(10)
		if !l.Key(c.key) || l.At != c.at {
			t.Errorf("after %s at %d, not %d", c.key, l.At, c.at)
		}
		if first, end := l.Window(10); l.At < first || l.At >= end || end-first != 10 {
			t.Errorf("after %s the window is %d to %d", c.key, first, end)
		}
	}
	if l.Key("x") {
		t.Error("x is no key of a list")
	}
	l.N = 3
	if first, end := l.Window(10); first != 0 || end != 3 || l.At != 2 {
		t.Errorf("a list that shrank: %d to %d at %d", first, end, l.At)
	}
}

func TestInputEdits(t *testing.T) {
	i := Input{Limit: 10}
	for _, k := range []string{"a", "b", "é"} {
		i.Key(k, k)
	}
	i.Key("left", "")
	i.Key("backspace", "")
	i.Key("x", "x")
	i.Key("home", "")
	i.Key("delete", "")
	if i.Text() != "xé" {
		t.Errorf("%q", i.Text())
	}
	if i.Paste(strings.Repeat("y", 9)) || i.Text() != "xé" {
		t.Error("more than the limit was taken")
	}
	if !i.Paste("1\x1b2") || i.Text() != "12xé" {
		t.Errorf("%q", i.Text())
	}
	i.Key("end", "")
	i.Key("ctrl+w", "")
	if i.Text() != "" {
		t.Errorf("%q", i.Text())
	}
}

func TestSecretIsNeverDrawn(t *testing.T) {
	var s Secret
	s.Key("p", "p")
	s.Paste("äss\nmore")
	if s.Len() != 4 || strings.ContainsAny(s.Draw(20, func(c string) string { return c }), "päs") {
		t.Errorf("%d: %q", s.Len(), s.Draw(20, nil))
	}
	s.Key("backspace", "")
	c := s.Copy()
	want := secret.FromBytes([]byte("päs"))
	if !c.Equal(want) {
		t.Error("not what was typed")
	}
	if s.Paste(strings.Repeat("x", 2000)) || s.Len() != 3 {
		t.Error("too much was taken")
	}
	s.Wipe()
	if s.Len() != 0 || s.Copy().Len() != 0 {
		t.Error("something is left")
	}
}

func TestAreaKeepsEveryCharacter(t *testing.T) {
	var a Area
	text := "{\n  \"a\": \"\u202e\t\",\n}"
	if !a.Set(text) || a.Text() != text {
		t.Fatalf("%q", a.Text())
	}
	a.Go(strings.Index(text, "a"))
	a.Key("x", "x")
	if want := strings.Replace(text, "a", "xa", 1); a.Text() != want {
		t.Errorf("%q, not %q", a.Text(), want)
	}
	a.Key("home", "")
	a.Key("backspace", "")
	a.Key("enter", "")
	if want := strings.Replace(text, "a", "xa", 1); a.Text() != want {
		t.Errorf("joining and breaking a line: %q, not %q", a.Text(), want)
	}
	if (&Area{Limit: 3}).Set("four") {
		t.Error("more than the limit was taken")
	}
}

func TestDiffIsTheShortest(t *testing.T) {
	before, after := strings.Fields("a b c d e f"), strings.Fields("a x c d f g")
	var b strings.Builder
	var back, forth []string
	for _, c := range Diff(before, after) {
		b.WriteString(string(c.Op) + c.Text)
		if c.Op != '+' {
			back = append(back, c.Text)
		}
		if c.Op != '-' {
			forth = append(forth, c.Text)
		}
	}
	if b.String() != " a-b+x c d-e f+g" || !slices.Equal(back, before) || !slices.Equal(forth, after) {
		t.Error(b.String())
	}
}

func TestPlotShowsValuesAsWritten(t *testing.T) {
	nan := math.NaN()
	dots := []Dot{{X: 0, Y: 6.1, Text: "6.10", When: "a", Low: 4, High: 6.2}, {X: 5, Y: 7, Text: "7", When: "b", Mark: '▲', Low: nan, High: nan},
		{X: 10, Y: 5.9, Text: "5.900", When: "c", Low: nan, High: nan}}
	lines := Plot(dots, 60, 15, 0)
	all := strings.Join(lines, "\n")
	for _, want := range []string{" 6.10 ┤", "7 ┤", "5.900 ┤", "▲", "◉", "┄", "└┬"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if len(lines) != 15 {
		t.Errorf("%d lines", len(lines))
	}
	for _, l := range lines {
		if Width(l) != 60 {
			t.Errorf("%d columns: %q", Width(l), l)
		}
	}
	if Plot(dots[:1], 60, 15, 0) != nil || Plot(dots, 20, 15, 0) != nil {
		t.Error("there is nothing to draw")
	}
	huge := []Dot{{X: 0, Y: -math.MaxFloat64, Text: "-1.7e308"}, {X: 0, Y: math.MaxFloat64, Text: "1.7e308"}}
	if Plot(huge, 60, 15, -1) == nil {
		t.Error("the greatest numbers are not drawn")
	}
}

func TestSpark(t *testing.T) {
	for want, in := range map[string][]float64{"▁█": {1, 2}, "▄▄": {3, 3}, "–": {1}, "▁·█": {1, math.NaN(), 9}} {
		if got := Spark(in, 8); got != want {
			t.Errorf("%v is %s, not %s", in, got, want)
		}
	}
	if got := Spark([]float64{9, 1, 2}, 2); got != "▁█" {
		t.Errorf("the newest two are %s", got)
	}
}

func TestPagerHangsTextUnderItsLabel(t *testing.T) {
	var p Pager
	p.Set([]string{"Label  \tone two three four five six seven", "plain"})
	lines := p.Draw(30, 5)
	if len(lines) != 3 || !strings.HasPrefix(lines[1], "       ") || strings.TrimSpace(lines[2]) != "plain" {
		t.Errorf("%q", lines)
	}
}
