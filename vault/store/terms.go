package store

import (
	"hash/fnv"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"phivault/vault"
)

// Facets are terms that no text can contain: they begin with a private-use
// character, which text never keeps. They make "this patient, this code, these
// words" one query of the full-text index.
const (
	facetSubject = "\ue000" // + subject, base 36
	facetType    = "\ue001" // + resourceType
	facetCode    = "\ue002" // + hash of code
	facetSystem  = "\ue003" // + hash of system|code
	facetTitle   = "\ue004" // + a word of the title
)

const (
	maxTerm   = 64     // bytes; longer words are cut
	maxTerms  = 50_000 // of one record
	maxCodes  = 64
	minPrefix = 3 // letters before a *
)

func subjectFacet(subject int64) string { return facetSubject + strconv.FormatInt(subject, 36) }

func hashFacet(facet, text string) string {
	h := fnv.New64a()
	h.Write([]byte(text))
	return facet + strconv.FormatUint(h.Sum64()>>24, 36)
}

type termSet struct {
	seen map[string]struct{}
	out  []byte
}

var termSets = sync.Pool{New: func() any { return &termSet{seen: map[string]struct{}{}} }}

// termsOf gives the distinct terms of r, separated by spaces. The subject's
// facet is added when the record is appended.
func termsOf(r *vault.Resource) []byte {
	t := termSets.Get().(*termSet)
	defer termSets.Put(t)
	clear(t.seen)
	t.out = t.out[:0]
	t.add(facetType + strings.ToLower(r.Type))
	for i, c := range r.Codings {
		if i == maxCodes {
			break
		}
		t.add(hashFacet(facetCode, c.Code))
		t.add(hashFacet(facetSystem, c.System+"|"+c.Code))
	}
	words(r.Title, func(w string) bool { t.add(facetTitle + w); return len(t.seen) < maxTerms })
	words(r.Title, func(w string) bool { t.add(w); return len(t.seen) < maxTerms })
	words(r.Text, func(w string) bool { t.add(w); return len(t.seen) < maxTerms })
	return append([]byte(nil), t.out...)
}

func (t *termSet) add(term string) {
	if _, ok := t.seen[term]; ok {
		return
	}
	t.seen[term] = struct{}{}
	if len(t.out) > 0 {
		t.out = append(t.out, ' ')
	}
	t.out = append(t.out, term...)
}

// words gives the words of text as search compares them: letters and digits in
// lower case without accents; a point between digits belongs to a number. It
// stops when yield returns false.
func words(text string, yield func(string) bool) {
	if !ascii(text) {
		text = fold(text)
	}
	var buf [maxTerm]byte
	n := 0
	flush := func() bool {
		if n == 0 {
			return true
		}
		w := string(buf[:n])
		n = 0
		return yield(w)
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c >= utf8.RuneSelf:
		case c == '.' && i > 0 && digit(text[i-1]) && i+1 < len(text) && digit(text[i+1]):
		default:
			if !flush() {
				return
			}
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
	flush()
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

// fold lowers, takes compatibility forms and accents apart, and leaves nothing
// beyond ASCII but letters, digits and spaces. No private-use character passes.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.Is(unicode.Mc, r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}
