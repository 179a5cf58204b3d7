package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	snippetBefore = 40 // bytes of context, roughly
	snippetAfter  = 80
)

// fields gives the parts of text between white space one after the other.
type fields struct {
	text string
	at   int
}

func (f *fields) next() (field string, ok bool) {
	for f.at < len(f.text) {
		n := spaceAt(f.text, f.at)
		if n == 0 {
			break
		}
		f.at += n
	}
	start := f.at
	for f.at < len(f.text) && spaceAt(f.text, f.at) == 0 {
		f.at++
	}
	return f.text[start:f.at], f.at > start
}

// spaceAt gives the length of the white space at i, 0 when it is none. The middle of
// a character is none.
func spaceAt(s string, i int) int {
	if c := s[i]; c < utf8.RuneSelf {
		if c == ' ' || '\t' <= c && c <= '\r' {
			return 1
		}
		return 0
	}
	if r, n := utf8.DecodeRuneInString(s[i:]); unicode.IsSpace(r) {
		return n
	}
	return 0
}

// snippet is a passage of text around the first word found, with the words between
// \x02 and \x03.
func snippet(text string, wanted []string) string {
	at, ok := locate(text, wanted)
	if !ok {
		at = 0
	}
	start, before := at, 0
	for {
		prev := fieldBefore(text, start)
		if prev == "" || before+len(prev) >= snippetBefore {
			break
		}
		before += len(prev) + 1
		start = fieldStart(text, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
	}
	var b strings.Builder
	b.Grow(before + 2*snippetAfter)
	if fieldBefore(text, start) != "" {
		b.WriteString("… ")
	}
	f := fields{text: text, at: start}
	field, more := f.next()
	for size := 0; more && size < before+snippetAfter; field, more = f.next() {
		if size > 0 {
			b.WriteByte(' ')
		}
		if found(field, wanted) {
			b.WriteString("\x02")
			b.WriteString(field)
			b.WriteString("\x03")
		} else {
			b.WriteString(field)
		}
		size += len(field) + 1
	}
	if more {
		b.WriteString(" …")
	}
	return b.String()
}

// fieldBefore gives the field that ends before at, "" where there is none.
func fieldBefore(text string, at int) string {
	end := len(strings.TrimRightFunc(text[:at], unicode.IsSpace))
	return text[fieldStart(text, end):end]
}

// fieldStart gives the beginning of the field that goes up to at or beyond.
func fieldStart(text string, at int) int {
	for at > 0 {
		r, n := utf8.DecodeLastRuneInString(text[:at])
		if unicode.IsSpace(r) {
			break
		}
		at -= n
	}
	return at
}

// locate gives the beginning of the first field that holds one of the wanted words.
func locate(text string, wanted []string) (int, bool) {
	for f := (fields{text: text}); ; {
		p := maybe(text, f.at, wanted)
		if p == len(text) {
			return 0, false
		}
		f.at = max(f.at, fieldStart(text, p))
		field, ok := f.next()
		if !ok {
			return 0, false
		}
		if found(field, wanted) {
			return f.at - len(field), true
		}
	}
}

// maybe gives the first place from at on where one of the wanted words may stand, or
// the end. Only what is beyond ASCII may be folded into another word, but for the
// signs that stand between strings and sentences.
func maybe(text string, at int, wanted []string) int {
	for i := at; i < len(text); i++ {
		c := text[i]
		if c >= utf8.RuneSelf {
			switch {
			case strings.HasPrefix(text[i:], "·"):
				i++
			case strings.HasPrefix(text[i:], "—"), strings.HasPrefix(text[i:], "–"):
				i += 2
			default:
				return i
			}
			continue
		}
		for _, w := range wanted {
			if c|0x20 != w[0]|0x20 {
				continue
			}
			if w = strings.TrimSuffix(w, "*"); i+len(w) <= len(text) && strings.EqualFold(text[i:i+len(w)], w) {
				return i
			}
		}
	}
	return len(text)
}

// found reports whether a field of text holds one of the wanted words.
func found(field string, wanted []string) (ok bool) {
	if maybe(field, 0, wanted) == len(field) {
		return false
	}
	words(field, func(w string) bool {
		for _, want := range wanted {
			if p, prefix := strings.CutSuffix(want, "*"); w == want || prefix && strings.HasPrefix(w, p) {
				ok = true
			}
		}
		return !ok
	})
	return ok
}

// enough tells when a text that is being gathered has all that its snippet needs.
type enough struct {
	wanted []string
	seen   bool // one of the words
	behind int  // bytes that follow it
}

// snippetSure is how much text behind the first word a snippet cannot tell from more.
const snippetSure = 512

// more takes the next part of the text, whole fields.
func (e *enough) more(part []byte) bool {
	if e.seen {
		e.behind += len(part)
		return e.behind > snippetSure
	}
	text := string(part)
	at, ok := locate(text, e.wanted)
	if ok {
		e.seen, e.behind = true, len(text)-at
	}
	return ok && e.behind > snippetSure
}
