package fhir

import (
	"unicode"
	"unicode/utf8"
)

// appendClean appends s as words with single spaces between, at most limit
// bytes of it; whole reports whether that was all. Control characters and private-use ones become spaces. The
// latter is a security boundary: the index keeps its own marks, such as a
// record's patient, as tokens in the private-use area, and no imported text may
// forge one. Marks that turn the direction of text are left out.
func appendClean(dst, s []byte, limit int) (_ []byte, whole bool) {
	from := len(dst)
	gap := false
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			if c <= ' ' || c == 0x7f {
				gap = true
				continue
			}
			if gap && len(dst) > from {
				dst = append(dst, ' ')
			}
			gap = false
			if len(dst)-from >= limit {
				return dst[:from+max(limit, 0)], false
			}
			dst = append(dst, c)
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if invisible(r) {
			i += n
			continue
		}
		if blank(r, n) {
			gap = true
			i += n
			continue
		}
		if gap && len(dst) > from {
			dst = append(dst, ' ')
		}
		gap = false
		if len(dst)-from+n > limit {
			return dst[:min(len(dst), from+max(limit, 0))], false
		}
		dst = append(dst, s[i:i+n]...)
		i += n
	}
	return dst, true
}

// invisible reports whether r only steers how its neighbours are shown, which
// an attacker uses to make text read differently from what it is.
func invisible(r rune) bool {
	switch r {
	case 0xad, 0x61c, 0x200e, 0x200f, 0xfeff:
		return true
	}
	return 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}

// blank reports whether r is a space, a control character, invalid, or of
// private use (with the unassigned ends of planes 15 and 16).
func blank(r rune, n int) bool {
	return r == utf8.RuneError && n == 1 || r < 0xa0 || 0xe000 <= r && r <= 0xf8ff || r >= 0xf0000 || unicode.IsSpace(r)
}
