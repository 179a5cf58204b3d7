package main

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// marksMost bounds the combining marks on one character: no script needs more,
// and piles of them climb over the neighbouring lines.
const marksMost = 8

// clean makes text from a record safe for a terminal and for one line: control
// characters (ESC and the C1 range begin commands to the terminal, OSC 52 writes
// the clipboard), bidirectional overrides and other format characters (they show
// something else than is there) and what has no shape of its own are taken out;
// line breaks and tabs become one space. What remains has the width that it
// seems to have.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks, space := 0, false
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\v' || r == '\f' || r == 0x85 || unicode.In(r, unicode.Zl, unicode.Zp):
			space = b.Len() > 0
			continue
		case unsafeRune(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > marksMost {
				continue
			}
		default:
			marks = 0
		}
		if space && r != ' ' {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r) // an invalid byte comes out as U+FFFD
	}
	return b.String()
}

func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// cleanLines is clean for text of several lines, which stay apart; tabs become
// spaces.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = clean(strings.ReplaceAll(l, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// unsafeRune reports whether a terminal may do something else with r than show
// it: Cc, Cf, surrogates, private use (fonts decide), and default-ignorable
// characters.
func unsafeRune(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// escapeJSON makes JSON safe for a terminal without changing what it says: an
// unsafe character, which can stand in a string only, is written as \uXXXX.
func escapeJSON(b []byte) []byte {
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
		case !unsafeRune(r):
			out = append(out, b[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = appendEscape(appendEscape(out, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			out = appendEscape(out, r)
		}
		b = b[n:]
	}
	return out
}

func appendEscape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// width is the number of terminal columns of a clean string.
func width(s string) int { return runewidth.StringWidth(s) }

// fit gives s in exactly n columns: padded, or cut with an ellipsis.
func fit(s string, n int, right bool) string {
	w := width(s)
	if w > n {
		s = runewidth.Truncate(s, n, "…")
		w = width(s)
	}
	pad := strings.Repeat(" ", n-w)
	if right {
		return pad + s
	}
	return s + pad
}

// wrap breaks a clean line at spaces so that no part is wider than n columns.
func wrap(s string, n int) []string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(s) {
		switch {
		case line == "":
			line = w
		case width(line)+1+width(w) <= n:
			line += " " + w
		default:
			lines = append(lines, line)
			line = w
		}
		for width(line) > n {
			head := runewidth.Truncate(line, n, "")
			if head == "" {
				break
			}
			lines = append(lines, head)
			line = line[len(head):]
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}
