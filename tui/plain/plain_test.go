package plain

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanLeavesNothingThatATerminalActsOn(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Ada Sample", "Ada Sample"},
		{"letters of all scripts", "Käthe Ọdẹ́wálé 田中 שרה", "Käthe Ọdẹ́wálé 田中 שרה"},
		{"escape sequence", "a\x1b[31mb", "a[31mb"},
		{"clipboard", "a\x1b]52;c;ZXZpbA==\x07b", "a]52;c;ZXZpbA==b"},
		{"C1 control sequence introducer", "a\u009b31mb", "a31mb"},
		{"C1 as a byte", "a\x9bb", "a\uFFFDb"},
		{"backspaces that hide", "evil\b\b\b\bgood", "evilgood"},
		{"line breaks become one space", "one\r\n\ttwo\vthree\u2028four", "one two three four"},
		{"no space at the ends", "\n one \n", " one "},
		{"delete", "a\x7fb", "ab"},
		{"override", "a\u202egpj.exe", "agpj.exe"},
		{"isolates and marks", "\u2066a\u2069\u200e\u200f\u061cb", "ab"},
		{"zero width", "a\u200b\u200c\u200d\u2060\ufeffb", "ab"},
		{"soft hyphen", "a\u00adb", "ab"},
		{"tags", "a\U000e0041\U000e007fb", "ab"},
		{"fillers", "a\u3164\uffa0\u115fb", "ab"},
		{"variation selectors", "a\ufe0f\U000e0100b", "ab"},
		{"private use", "a\ue000\U000f0000b", "ab"},
		{"a mark alone", "\u0301x", "\u25cc\u0301x"},
		{"skin tones", "\U0001f469\U0001f3fd", "\U0001f469"},
		{"nothing but a line break", "\u2028", ""},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
		{"a pile of marks", "a" + strings.Repeat("\u0301", 40) + "b", "a" + strings.Repeat("\u0301", MarksMost) + "b"},
	} {
		if got := Text(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCleanLinesKeepsLinesApart(t *testing.T) {
	if got := strings.Join(Lines("a\r\nb\x1b\n\tc"), "|"); got != "a|b|    c" {
		t.Errorf("%q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b]52;c;x\x07\u202e\u009b")
	f.Add("e\u0301\xff\n")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if Text(got) != got {
			t.Fatalf("%q is cleaned again to %q", got, Text(got))
		}
		for _, r := range got {
			if Unsafe(r) {
				t.Fatalf("%U is left", r)
			}
		}
		if !utf8.ValidString(got) || strings.Contains(got, "\n") {
			t.Fatalf("%q", got)
		}
	})
}

func TestEscapeJSONChangesTheFormAndNotTheMeaning(t *testing.T) {
	for _, in := range []string{"plain", "\x1b[2J", "\u009b", "\u202eevil", "\U000e0041", "田中\x7f", "tab\tquote\"", "\u2028"} {
		b, err := json.Marshal(map[string]string{"k": in})
		if err != nil {
			t.Fatal(err)
		}
		// As a resource's own bytes may have them, unescaped.
		raw := []byte(`{"k":"` + strings.NewReplacer(`"`, `\"`, "\t", `\t`, "\x1b", `\u001b`).Replace(in) + `"}`)
		for _, b := range [][]byte{b, raw} {
			out := JSON(b)
			var back map[string]string
			if err := json.Unmarshal(out, &back); err != nil {
				t.Errorf("%q: %v", out, err)
			}
			if back["k"] != in {
				t.Errorf("%q became %q", in, back["k"])
			}
			for _, r := range string(out) {
				if Unsafe(r) {
					t.Errorf("%q: %U is left", out, r)
				}
			}
		}
	}
}
