package store

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// words gives the words of text as search compares them: letters and digits in
// lower case without accents; a point between digits belongs to a number. It
// stops when yield returns false.
func words(text string, yield func(string) bool) {
	eachWord(text, func(w []byte) bool { return yield(string(w)) })
}

// eachWord is words; what yield gets is its own only until it returns.
func eachWord(text string, yield func([]byte) bool) {
	if ascii(text) {
		split(text, yield)
		return
	}
	f := folders.Get().(*folder)
	defer folders.Put(f)
	f.fold(text)
	split(f.out, yield)
}

// folder is memory for folded text.
type folder struct{ out, run []byte }

var folders = sync.Pool{New: func() any { return new(folder) }}

// split gives the words of text, which is folded but for its capital letters.
func split[T string | []byte](text T, yield func([]byte) bool) {
	var buf [maxTerm]byte
	n := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c >= utf8.RuneSelf:
		case c == '.' && i > 0 && digit(text[i-1]) && i+1 < len(text) && digit(text[i+1]):
		default:
			if n > 0 && !yield(buf[:n]) {
				return
			}
			n = 0
			continue
		}
		if n < maxTerm {
			buf[n] = c
			n++
			continue
		}
		for i+1 < len(text) && text[i+1] > ' ' { // the rest of an over-long word
			i++
		}
	}
	if n > 0 {
		yield(buf[:n])
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold takes compatibility forms and accents apart, lowers what is not ASCII, and
// leaves nothing beyond ASCII but letters, digits and spaces. No private-use character
// passes. Each run of what is not ASCII is folded by itself, which changes nothing:
// every ASCII character is a starter (UAX #15).
func (f *folder) fold(s string) {
	f.out = f.out[:0]
	for i := 0; i < len(s); {
		start := i
		for i < len(s) && s[i] < utf8.RuneSelf {
			i++
		}
		f.out = append(f.out, s[start:i]...)
		for start = i; i < len(s) && s[i] >= utf8.RuneSelf; {
			i++
		}
		f.foldRun(s[start:i])
	}
}

func (f *folder) foldRun(s string) {
	if !utf8.ValidString(s) { // norm would leave what follows as it is
		s = strings.ToValidUTF8(s, " ")
	}
	f.run = norm.NFKD.AppendString(f.run[:0], s)
	for rest := f.run; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		rest = rest[n:]
		switch {
		case r < utf8.RuneSelf:
			f.out = append(f.out, byte(r))
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.Is(unicode.Mc, r):
			f.out = utf8.AppendRune(f.out, unicode.ToLower(r))
		default:
			f.out = append(f.out, ' ')
		}
	}
}
