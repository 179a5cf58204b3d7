// Package plain makes text from records harmless for a terminal, for the command
// line and the screens alike.
//
// It promises that what it returns is valid UTF-8 without a character that a
// terminal acts on or that shows something else than is there, that cleaning
// twice changes nothing more, and that JSON made plain still says the same.
//
// It never shortens a text but for combining marks beyond reason, and knows
// nothing of widths or screens.
package plain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MarksMost bounds the combining marks on one character: no script needs more,
// and piles of them climb over the neighbouring lines.
const MarksMost = 8

// Text makes text safe for one line: controls (ESC and the C1 range begin
// commands, OSC 52 writes the clipboard), marks that turn the direction of text,
// other format characters and what has no shape of its own are taken out; line
// breaks and tabs become one space.
func Text(s string) string {
	if ascii(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks, gap := 0, false
	for _, r := range s {
		switch {
		case breaks(r):
			gap = b.Len() > 0
			continue
		case Unsafe(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > MarksMost {
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

// Lines is Text for several lines, which stay apart; tabs become spaces.
func Lines(s string) []string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = Text(strings.ReplaceAll(l, "\t", "    "))
	}
	return lines
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

func breaks(r rune) bool {
	return r == '\n' || r == '\r' || r == '\t' || r == '\v' || r == '\f' || r == 0x85 || unicode.In(r, unicode.Zl, unicode.Zp)
}

// Unsafe reports whether a terminal may do something else with r than show it:
// controls, format characters, surrogates, private use (fonts decide),
// default-ignorables; and modifiers whose width terminals do not agree on.
func Unsafe(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	if 0x1f3fb <= r && r <= 0x1f3ff {
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// JSON makes JSON safe without changing what it says: an unsafe character, which
// can stand in a string only, is written as \uXXXX. Line breaks and tabs stay.
// The result is b itself when nothing is unsafe.
func JSON(b []byte) []byte {
	dirty := false
	for i := 0; i < len(b) && !dirty; i++ {
		dirty = b[i] >= 0x7f || b[i] < 0x20 && b[i] != '\n' && b[i] != '\r' && b[i] != '\t'
	}
	if !dirty {
		return b
	}
	out := make([]byte, 0, len(b)+64)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			out = append(out, b[0])
		case !Unsafe(r):
			out = append(out, b[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = escape(escape(out, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			out = escape(out, r)
		}
		b = b[n:]
	}
	return out
}

func escape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
