package tui

import (
	"strings"
	"unicode/utf8"
)

// fit tells how well words fit every term: 0 not at all.
func fit(words string, terms []string) int {
	total := 1
	for _, t := range terms {
		best := 0
		for w := range strings.FieldsSeq(words) {
			switch {
			case strings.HasPrefix(w, t):
				best = max(best, 3)
			case strings.Contains(w, t):
				best = max(best, 2)
			case len(t) > 1 && within(w, t):
				best = max(best, 1)
			}
		}
		if best == 0 {
			return 0
		}
		total += best
	}
	return total
}

// within reports whether t's letters stand in w in their order, the first one
// first: what a hurried hand types of a name.
func within(w, t string) bool {
	if w == "" || w[0] != t[0] {
		return false
	}
	for _, r := range w {
		if next, n := utf8.DecodeRuneInString(t); r == next {
			if t = t[n:]; t == "" {
				return true
			}
		}
	}
	return false
}
