package widget

import (
	"strings"
	"unicode"
)

// marksMost bounds the combining marks on one character: no script needs more,
// and piles of them climb over the neighbouring lines.
const marksMost = 8

// longest is how much of one line is looked at: no screen is wider, and a text
// of megabytes must not be walked at every frame.
const longest = 16 << 10

// Clean makes text safe for one line of a terminal: controls (ESC and the C1
// range begin commands, OSC 52 writes the clipboard), marks that turn the
// direction of text, other format characters and what has no shape of its own
// are taken out; line breaks and tabs become one space.
func Clean(s string) string {
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	if printable(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks, gap := 0, false
	for _, r := range s {
		switch {
		case blank(r):
			gap = b.Len() > 0
			continue
		case unsafe(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > marksMost {
				continue
			}
			if b.Len() == 0 { // nothing to stand on but a neighbour's text
				b.WriteRune('\u25cc')
			}
		default:
			marks = 0
		}
		if gap && r != ' ' {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r) // an invalid byte comes out as U+FFFD
	}
	return b.String()
}

// CleanLines is Clean for several lines, which stay apart; tabs become spaces.
func CleanLines(s string) []string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = Clean(strings.ReplaceAll(l, "\t", "    "))
	}
	return lines
}

func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

func blank(r rune) bool {
	return r == '\n' || r == '\r' || r == '\t' || r == '\v' || r == '\f' || r == 0x85 || unicode.In(r, unicode.Zl, unicode.Zp)
}

// unsafe reports whether a terminal may do something else with r than show it:
// controls, format characters, surrogates, private use (fonts decide),
// default-ignorables; and modifiers whose width terminals do not agree on.
func unsafe(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	if 0x1f3fb <= r && r <= 0x1f3ff {
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
