package store

import (
	"context"
	"slices"
	"strings"
)

// maxWordsKnown bounds the words that the writer remembers to have written.
const maxWordsKnown = 100_000

// maxStandsFor bounds the words that a beginning is replaced by. One that stands for
// more is left to FTS5: most of so many words are rare.
const maxStandsFor = 96

// inVocabulary reports whether a term is kept there: a word that begins with a
// letter and that a beginning may stand for. Facets are none, and numbers are too many.
func inVocabulary(term string) bool {
	return len(term) >= minPrefix && (term[0] >= 'a' && term[0] <= 'z' || term[0] >= 0x80 && !strings.HasPrefix(term, facetPrefix))
}

// facetPrefix is how the private-use characters of all facets begin in UTF-8.
const facetPrefix = "\xee\x80"

// vocabulary keeps the words of terms, of which most are known already.
func (t *tx) vocabulary(terms string) error {
	known := t.s.cache.vocabulary
	var fresh []string
	for term := range strings.SplitSeq(terms, " ") {
		if _, ok := known[term]; !ok && inVocabulary(term) {
			fresh = append(fresh, term)
		}
	}
	if len(known)+len(fresh) > maxWordsKnown {
		clear(known)
	}
	slices.Sort(fresh)
	for _, w := range fresh {
		if err := t.w.run("INSERT OR IGNORE INTO vocabulary(word) VALUES(?)", w); err != nil {
			return err
		}
		known[strings.Clone(w)] = struct{}{}
	}
	return nil
}

// standsFor gives the words that begin with prefix; none when there are too many.
func standsFor(ctx context.Context, c *conn, prefix string) (all []string, err error) {
	if !inVocabulary(prefix) {
		return nil, nil
	}
	err = c.rows(ctx, func(scan func(...any) error) error {
		var w string
		err := scan(&w)
		all = append(all, w)
		return err
	}, "SELECT word FROM vocabulary WHERE word>=? AND word<? ORDER BY word LIMIT ?", prefix, prefix+"\U0010ffff", maxStandsFor+1)
	if len(all) > maxStandsFor {
		return nil, err
	}
	return all, err
}

// expand looks up what the query's beginnings stand for, once.
func (m *match) expand(ctx context.Context, c *conn) error {
	if m.expanded != nil {
		return nil
	}
	m.expanded = map[string][]string{}
	for _, w := range m.words {
		p, prefix := strings.CutSuffix(w, "*")
		if !prefix {
			continue
		}
		all, err := standsFor(ctx, c, p)
		if err != nil {
			return err
		}
		m.expanded[w] = all
	}
	return nil
}

// term is the FTS5 expression of a word of the query, behind facet.
func (m *match) term(facet, word string) string {
	if all := m.expanded[word]; len(all) > 0 {
		or := make([]string, len(all))
		for i, w := range all {
			or[i] = quote(facet + w)
		}
		return "(" + strings.Join(or, " OR ") + ")"
	}
	if p, ok := strings.CutSuffix(word, "*"); ok {
		return quote(facet+p) + " *"
	}
	return quote(facet + word)
}
