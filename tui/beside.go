package tui

import (
	"fmt"

	"phivault/tui/widget"
)

// heading says whose the versions are.
func (s *deciding) heading(w int) []string {
	t := s.d.theme
	label, cell := cellWidths(w)
	who := func(v, side int) []string {
		h := s.heads[v]
		key := fmt.Sprintf("○ %d ", side)
		if s.whole == v {
			key = fmt.Sprintf("● %d ", side)
		}
		first := key + "version " + fmt.Sprint(h.Version)
		if h.Deleted {
			first = key + "DELETED in version " + fmt.Sprint(h.Version)
		} else if h.Head == s.now.Head {
			first += ", shown now"
		}
		return []string{first, "    " + stated(widget.Clean(h.Device), "an unknown device"), "    " + momentOf(h.At, h.Sent)}
	}
	a, b := who(s.left, 1), who(s.right, 2)
	note := "≠ " + plural(s.differ, "field") + " differ"
	if s.differ == 1 {
		note = "≠ 1 field differs"
	}
	notes := []string{note, "", ""}
	if n := s.undecided(); n > 0 && n < s.differ {
		notes[1] = fmt.Sprintf("%d to decide", n)
	} else if n == 0 && s.differ > 0 {
		notes[1] = "all decided"
	}
	if len(s.heads) > 2 {
		notes[2] = fmt.Sprintf("%d versions: Tab", len(s.heads))
	}
	out := []string{""}
	for i := range a {
		out = append(out, "  "+widget.Fit(notes[i], label)+"  "+t.Title.Render(widget.Fit(a[i], cell))+"  "+t.Title.Render(widget.Fit(b[i], cell)))
	}
	return append(out, "")
}

// cellWidths are the columns for the labels and for each version.
func cellWidths(w int) (label, cell int) {
	label = min(24, max(18, w/6))
	return label, (w - label - 6) / 2
}

// body draws the comparison, scrolled so that the selected field is seen.
func (s *deciding) body(w, h int) []string {
	var all []string
	from, to := 0, 0
	for i := range s.parts {
		if i == s.differ {
			all = append(all, s.d.theme.Faint.Render(widget.Fit("  The same in all versions", w)), "")
		}
		if i == s.at {
			from = len(all)
		}
		all = append(all, s.draw(i, w)...)
		if i == s.at {
			to = len(all)
		}
		if s.parts[i].differs {
			all = append(all, "")
		}
	}
	if s.follow && to > s.top+h {
		s.top = to - h
	}
	if s.follow && from < s.top {
		s.top = from
	}
	s.seen = h
	s.top = max(0, min(s.top, len(all)-h))
	return all[s.top:min(len(all), s.top+h)]
}

// draw draws a part: one below the other what belongs together, the versions
// beside each other. ≠ stands where they differ; ● is taken, ○ is not. A part whose
// first lines are the same is pointed at where it differs.
func (s *deciding) draw(i, w int) (out []string) {
	t, p := s.d.theme, &s.parts[i]
	label, cell := cellWidths(w)
	first := p.firstDiffering(s.left, s.right)
	mark := func(v, line int) string {
		switch {
		case !p.differs || line != first:
			return "  "
		case p.pick == v:
			return "● "
		default:
			return "○ "
		}
	}
	for n, name := range p.labels {
		a, b := p.texts[s.left][n], p.texts[s.right][n]
		unlike := a != b
		if p.differs && n == 0 || unlike {
			a, b = stated(a, missing(name, p, n)), stated(b, missing(name, p, n))
		}
		left, right := widget.Wrap(a, cell-2), widget.Wrap(b, cell-2)
		if !p.differs {
			left, right = widget.Wrap(a, w-label-6), nil
		}
		names := widget.Wrap(name, label)
		for l := range max(len(left), len(right), len(names)) {
			at := func(list []string) string {
				if l < len(list) {
					return list[l]
				}
				return ""
			}
			lead := "  "
			if i == s.at && n == first && l == 0 {
				lead = "› "
			}
			gap := "  "
			if unlike && l == 0 {
				gap = "≠ "
			}
			head := widget.Fit(at(names), label)
			if i == s.at {
				head = t.Title.Render(head)
			}
			if !p.differs {
				out = append(out, lead+head+"    "+t.Faint.Render(widget.Fit(at(left), w-label-6)))
				continue
			}
			style := func(v int, text string) string {
				sign := "  "
				if l == 0 {
					sign = mark(v, n)
				}
				text = widget.Fit(sign+text, cell)
				if p.pick == v {
					return t.Selected.Render(text)
				}
				return text
			}
			out = append(out, lead+head+gap+style(s.left, at(left))+"  "+style(s.right, at(right)))
		}
	}
	return out
}

// firstDiffering is the first line in which two versions differ; 0 where none does.
func (p *part) firstDiffering(a, b int) int {
	for n := range p.labels {
		if p.texts[a][n] != p.texts[b][n] {
			return n
		}
	}
	return 0
}

// missing is what is said where a version has nothing: of a heading for what is
// below it, nothing.
func missing(name string, p *part, n int) string {
	for _, t := range p.texts {
		if t[n] != "" {
			return "– not there"
		}
	}
	return ""
}
