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
	f := fields{text: text}
	var all []string
	first := -1
	for rest := snippetAfter; rest > 0; {
		field, ok := f.next()
		if !ok {
			break
		}
		all = append(all, field)
		if first < 0 && found(field, wanted) {
			first = len(all) - 1
		}
		if first >= 0 {
			rest -= len(field) + 1
		}
	}
	_, more := f.next()
	if first < 0 {
		first = 0
	}
	start, before := first, 0
	for start > 0 && before+len(all[start-1]) < snippetBefore {
		start--
		before += len(all[start]) + 1
	}
	var b strings.Builder
	if start > 0 {
		b.WriteString("… ")
	}
	i := start
	for size := 0; i < len(all) && size < before+snippetAfter; i++ {
		if i > start {
			b.WriteByte(' ')
		}
		if found(all[i], wanted) {
			b.WriteString("\x02" + all[i] + "\x03")
		} else {
			b.WriteString(all[i])
		}
		size += len(all[i]) + 1
	}
	if i < len(all) || more {
		b.WriteString(" …")
	}
	return b.String()
}

// found reports whether a field of text holds one of the wanted words.
func found(field string, wanted []string) (ok bool) {
	if !mayHold(field, wanted) {
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

// mayHold tells most of the fields that hold none of the words at little cost.
func mayHold(field string, wanted []string) bool {
	for _, w := range wanted {
		w = strings.TrimSuffix(w, "*")
		for i := 0; i < len(field); i++ {
			if field[i] >= utf8.RuneSelf {
				return true
			}
			if i+len(w) <= len(field) && field[i]|0x20 == w[0]|0x20 && strings.EqualFold(field[i:i+len(w)], w) {
				return true
			}
		}
	}
	return false
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
	f := fields{text: string(part)}
	for {
		field, ok := f.next()
		if !ok {
			return false
		}
		if found(field, e.wanted) {
			e.seen, e.behind = true, len(part)-f.at
			return e.behind > snippetSure
		}
	}
}
