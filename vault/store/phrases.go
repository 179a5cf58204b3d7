package store

import (
	"context"
	"hash/maphash"
	"strings"
)

// Bounds of what is remembered of phrases.
const (
	maxPhrases = 20_000
	maxGlances = 200_000
	leastWords = 6 // bytes; a shorter text is not worth a phrase
)

// lexicon is the writer's memory of phrases. A text becomes one when it is met
// again: what only one record says stays with that record.
type lexicon struct {
	known map[string]int64
	once  map[uint64]struct{} // hashes of what was met and is no phrase
	seed  maphash.Seed
}

func newLexicon() *lexicon {
	return &lexicon{known: map[string]int64{}, once: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// phrase gives the number of data among the phrases; 0 when it is none yet.
func (t *tx) phrase(ctx context.Context, data string) (n int64, err error) {
	l := t.s.cache.lexicon
	if n, ok := l.known[data]; ok {
		return n, nil
	}
	h := maphash.String(l.seed, data)
	if _, again := l.once[h]; !again {
		ok, err := t.w.row(ctx, []any{&n}, "SELECT phrase FROM phrase WHERE data=?", []byte(data))
		if err != nil {
			return 0, err
		}
		if !ok {
			if len(l.once) >= maxGlances {
				clear(l.once)
			}
			l.once[h] = struct{}{}
			return 0, nil
		}
	} else {
		n = t.s.next.phrase
		if err := t.w.run("INSERT INTO phrase(phrase,data) VALUES(?,?)", n, []byte(data)); err != nil {
			return 0, err
		}
		t.s.next.phrase++
		delete(l.once, h)
	}
	if len(l.known) >= maxPhrases {
		clear(l.known)
	}
	l.known[strings.Clone(data)] = n
	return n, nil
}

// brief puts phrases in the place of what others say too. b is one without any.
func (t *tx) brief(ctx context.Context, b []byte) (any, error) {
	if b == nil {
		return nil, nil
	}
	var err error
	out := make([]byte, 0, len(b))
	mapTexts(string(b), func(part, text string, _ int64, template bool) {
		if err == nil && (template || wordy(text)) {
			var n int64
			if n, err = t.phrase(ctx, text); n > 0 {
				out = appendPhrase(out, n)
				return
			}
		}
		out = append(out, part...)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// phrasesIn calls f for all that brief makes phrases of, or may.
func phrasesIn(b []byte, f func(data string)) {
	mapTexts(string(b), func(_, text string, _ int64, template bool) {
		if template || wordy(text) {
			f(text)
		}
	})
}

// phrasesOf calls f for each phrase that a brief refers to.
func phrasesOf(b []byte, f func(n int64)) {
	mapTexts(string(b), func(_, _ string, n int64, _ bool) {
		if n > 0 {
			f(n)
		}
	})
}

// mapTexts takes a brief apart: for each part of it, as it stands there, f gets the
// text that it is, or the number of the phrase, or neither.
func mapTexts(b string, f func(part, text string, phrase int64, template bool)) {
	if b == "" {
		return
	}
	u := unbriefer{b: b}
	at := u.b
	part := func() string { p := at[:len(at)-len(u.b)]; at = u.b; return p }
	one := func(template bool) {
		n := u.number()
		if n&1 == 1 {
			f(part(), "", int64(n>>1), template)
			return
		}
		text := u.take(n >> 1)
		f(part(), text, 0, template)
	}
	u.take(1)
	f(part(), "", 0, false)
	one(true)
	u.id()
	u.date()
	f(part(), "", 0, false)
	for len(u.b) > 0 {
		one(false)
	}
}

// wordy reports whether others may say the same: numbers and instants are too many.
func wordy(s string) bool { return len(s) >= leastWords && (!digit(s[0]) || len(s) > 16) }

// unsay removes the phrases that only removed content used. No revision that is not
// shown needs one.
func (t *tx) unsay(ctx context.Context) error {
	lost := map[int64]bool{}
	for data := range t.gone.said {
		var n int64
		if ok, err := t.w.row(ctx, []any{&n}, "SELECT phrase FROM phrase WHERE data=?", []byte(data)); err != nil {
			return err
		} else if ok {
			lost[n] = true
		}
	}
	if len(lost) == 0 {
		return nil
	}
	err := t.w.rows(ctx, func(scan func(...any) error) error {
		var b []byte
		if err := scan(&b); err != nil {
			return err
		}
		phrasesOf(b, func(n int64) { delete(lost, n) })
		if len(lost) == 0 {
			return errStop
		}
		return nil
	}, "SELECT brief FROM record WHERE brief IS NOT NULL")
	if err != nil {
		return err
	}
	for n := range lost {
		if err := t.w.run("DELETE FROM phrase WHERE phrase=?", n); err != nil {
			return err
		}
	}
	t.s.cache.lexicon = newLexicon()
	return nil
}
