package tui

import (
	"cmp"
	"slices"
	"strings"

	"phivault/vault"
)

// sorted puts everyone in the order of the list: last opened first, then by name,
// those without one last. It is for when somebody came or was opened, and not for
// every key.
func (s *patients) sorted() {
	s.compare()
	s.order = s.order[:0]
	for i := range s.all {
		s.order = append(s.order, i)
	}
	slices.SortFunc(s.order, func(i, j int) int {
		a, b := &s.all[i], &s.all[j]
		if n := b.opened.Compare(a.opened); n != 0 {
			return n
		}
		if (a.name == "") != (b.name == "") { // nobody looks for those first
			return strings.Compare(b.name, a.name)
		}
		return cmp.Or(strings.Compare(a.sortAs, b.sortAs), i-j)
	})
}

// arrange applies the filter; with keep the selected one stays selected.
func (s *patients) arrange(keep bool) {
	var was vault.RecordID
	if p := s.selected(); keep && p != nil && s.list.At > 0 {
		was = p.id
	}
	if len(s.order) != len(s.all) {
		s.sorted()
	}
	terms := strings.Fields(strings.ToLower(s.filter.Text()))
	s.shown = s.shown[:0]
	if len(terms) == 0 {
		s.shown = append(s.shown, s.order...)
	} else {
		rank := make([]int, len(s.all))
		for _, i := range s.order {
			if rank[i] = fit(s.all[i].words, terms); rank[i] > 0 {
				s.shown = append(s.shown, i)
			}
		}
		slices.SortStableFunc(s.shown, func(i, j int) int { return rank[j] - rank[i] })
	}
	for i := range s.found {
		s.shown = append(s.shown, len(s.all)+i)
	}
	s.list.N = len(s.shown)
	s.list.Move(0)
	if was.IsZero() {
		return
	}
	for i := range s.shown {
		if s.at(i).id == was {
			s.list.At = i
			return
		}
	}
}

// compare tells everyone who is here from who looks alike.
func (s *patients) compare() {
	var all []*patient
	for i := range s.all {
		all = append(all, &s.all[i])
	}
	for i := range s.found {
		all = append(all, &s.found[i])
	}
	tellApart(all)
}

func (s *patients) at(i int) *patient {
	if n := s.shown[i]; n < len(s.all) {
		return &s.all[n]
	} else {
		return &s.found[n-len(s.all)]
	}
}

func (s *patients) selected() *patient {
	if s.list.At >= len(s.shown) {
		return nil
	}
	return s.at(s.list.At)
}
