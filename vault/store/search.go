package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"phivault/vault"
)

// match is a full-text query in two tiers: records whose title has all the
// words come first, newest first, then the rest, newest first. Both tiers are
// read in the order of the index, so that a common word costs no more than a
// rare one and nothing is ranked that is not shown.
type match struct {
	facets  []string   // terms that must all occur; each is one or more alternatives joined by OR
	words   []string   // folded; a trailing * is a prefix
	phrases [][]string // word sequences that must occur as such, checked on the text
	code    string
	tier    int // 1 or 2
	last    int

	expanded map[string][]string // of a prefix, what it stands for; nil until looked up
}

func newMatch(q vault.Query, subjects []int64) (*match, error) {
	m := &match{code: q.Code, tier: 2, last: 2}
	series := "" // of a patient and a code: both in one term, of which there are few rows
	if q.Code != "" {
		_, code, both := strings.Cut(q.Code, "|")
		if !both {
			code = q.Code
		}
		series = hashFacet("", code)
	}
	if !q.Patient.IsZero() {
		var or []string
		for _, s := range subjects {
			facet := subjectFacet(s)
			if series != "" {
				facet = seriesFacet(s, series)
			}
			or = append(or, quote(facet))
		}
		if len(or) == 0 {
			return nil, fmt.Errorf("%w: the patient", vault.ErrNotFound)
		}
		m.facets = append(m.facets, "("+strings.Join(or, " OR ")+")")
	}
	if q.Type != "" && (q.Patient.IsZero() || q.Code == "") {
		m.facets = append(m.facets, quote(facetType+strings.ToLower(q.Type)))
	}
	if q.Code != "" && q.Patient.IsZero() {
		facet := facetCode
		if strings.Contains(q.Code, "|") {
			facet = facetSystem
		}
		m.facets = append(m.facets, quote(hashFacet(facet, q.Code)))
	}
	if q.Text == "" {
		return m, nil
	}
	if err := m.parse(q.Text); err != nil {
		return nil, err
	}
	if q.Sort == vault.Newest {
		m.tier = 1
	}
	return m, nil
}

const maxWords = 32

// parse reads the user's words: all must occur; "quoted words" in this order;
// word* is a prefix.
func (m *match) parse(text string) error {
	for i, part := range strings.Split(text, `"`) {
		quoted := i%2 == 1
		var phrase []string
		for _, field := range strings.Fields(part) {
			prefix := !quoted && strings.HasSuffix(field, "*")
			var last string
			words(field, func(w string) bool {
				m.words = append(m.words, w)
				phrase = append(phrase, w)
				last = w
				return true
			})
			if prefix && last != "" {
				if len([]rune(last)) < minPrefix {
					return fmt.Errorf("%w: a word before * has at least %d letters", vault.ErrUsage, minPrefix)
				}
				m.words[len(m.words)-1] = last + "*"
			}
		}
		if quoted && len(phrase) > 1 {
			m.phrases = append(m.phrases, phrase)
		}
	}
	switch {
	case len(m.words) == 0:
		return fmt.Errorf("%w: there is no word to search for", vault.ErrUsage)
	case len(m.words) > maxWords:
		return fmt.Errorf("%w: more than %d words", vault.ErrUsage, maxWords)
	}
	return nil
}

// quote makes an FTS5 string of a term. Terms hold no quotes.
func quote(term string) string { return `"` + term + `"` }

// query is the FTS5 expression of the current tier.
func (m *match) query() string {
	parts := append([]string(nil), m.facets...)
	facet := ""
	if m.tier == 1 {
		facet = facetTitle
	}
	for _, w := range m.words {
		parts = append(parts, m.term(facet, w))
	}
	return strings.Join(parts, " AND ")
}

// inTitle reports whether a record belongs to the first tier.
func (m *match) inTitle(title string) bool {
	has := map[string]bool{}
	var all []string
	words(title, func(w string) bool { has[w] = true; all = append(all, w); return true })
	for _, w := range m.words {
		p, prefix := strings.CutSuffix(w, "*")
		if !prefix && !has[w] {
			return false
		}
		if prefix && !anyHas(all, p) {
			return false
		}
	}
	return true
}

func anyHas(words []string, prefix string) bool {
	for _, w := range words {
		if strings.HasPrefix(w, prefix) {
			return true
		}
	}
	return false
}

// resume takes up a cursor of the second tier, which is negative; it reports
// whether it was one.
func (m *match) resume(order int64) bool {
	if order < 0 {
		m.tier = 2
		return true
	}
	return false
}

// accepts checks what the index cannot: exact codes, phrases, tiers. text is asked
// for only where the title does not tell.
func (m *match) accepts(codings []vault.Coding, title string, tiers bool, text func() (string, error)) (bool, error) {
	if m.code != "" && !hasCode(codings, m.code) {
		return false, nil
	}
	if tiers && m.tier == 2 && len(m.words) > 0 && m.inTitle(title) {
		return false, nil // given in the first tier
	}
	for _, p := range m.phrases {
		if hasPhrase(title, p) {
			continue
		}
		if s, err := text(); err != nil || !hasPhrase(s, p) {
			return false, err
		}
	}
	return true, nil
}

func hasCode(codings []vault.Coding, want string) bool {
	system, code, both := strings.Cut(want, "|")
	for _, c := range codings {
		if both && c.System == system && c.Code == code || !both && c.Code == want {
			return true
		}
	}
	return false
}

func hasPhrase(text string, phrase []string) (found bool) {
	var run []string
	words(text, func(w string) bool {
		run = append(run, w)
		if len(run) > len(phrase) {
			run = run[1:]
		}
		if len(run) == len(phrase) {
			found = true
			for i := range run {
				if run[i] != phrase[i] {
					found = false
				}
			}
		}
		return !found
	})
	return found
}

// matchPage reads one page of hits and moves to the next tier at the end of one.
func (f *finder) matchPage(ctx context.Context) (out []vault.Record, err error) {
	m := f.match
	tiers := f.q.Text != "" && f.q.Sort == vault.Newest
	order := "DESC"
	if !f.desc {
		order = "ASC"
	}
	size := max(f.size, firstPage) // some hits fall away
	err = f.s.read(ctx, func(c *conn) error {
		var docs []int64
		if err := m.expand(ctx, c); err != nil {
			return err
		}
		err := c.rows(ctx, func(scan func(...any) error) error {
			var doc int64
			if err := scan(&doc); err != nil {
				return err
			}
			docs = append(docs, doc)
			return nil
		}, "SELECT rowid FROM fts WHERE fts MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid "+order+" LIMIT ?", m.query(), f.low, f.high, size)
		if err != nil {
			return err
		}
		for _, doc := range docs {
			r, ok, err := f.hit(ctx, c, doc)
			if err != nil {
				return err
			}
			if f.desc {
				f.high = doc - 1
			} else {
				f.low = doc + 1
			}
			if !ok {
				continue
			}
			if ok, err = m.accepts(r.Resource.Codings, r.Resource.Title, tiers, func() (string, error) { return r.Resource.Text, nil }); err != nil {
				return err
			} else if !ok {
				continue
			}
			if tiers && m.tier == 2 {
				r.Order = -r.Order
			}
			if f.q.Text != "" {
				r.Snippet = snippet(cmp.Or(r.Resource.Text, r.Resource.Title), m.words)
			}
			out = append(out, r)
		}
		if len(docs) < size {
			f.nextTier()
		}
		return nil
	})
	return out, err
}

func (f *finder) nextTier() {
	if f.match.tier == f.match.last {
		f.done = true
		return
	}
	f.match.tier++
	f.high = f.top
}

// hit reads the record of a document, when the other conditions hold for it.
func (f *finder) hit(ctx context.Context, c *conn, doc int64) (rec vault.Record, ok bool, err error) {
	var r row
	args := append([]any{recordOf(doc)}, f.args...)
	err = c.rows(ctx, func(scan func(...any) error) (err error) {
		r, err = rowOf(scan, nil)
		ok = true
		return err
	}, recordColumns+"WHERE r.record=? AND "+f.where, args...)
	if err != nil || !ok {
		return rec, false, err
	}
	rec, err = f.s.record(ctx, c, r, f.s.notes(ctx, c))
	return rec, true, err
}
