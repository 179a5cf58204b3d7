package tui

import (
	"context"
	"slices"
	"strconv"

	"phivault/tui/widget"
	"phivault/vault"
)

const (
	// recentFirst results are looked at before anything is shown, and the others page
	// by page behind them: a test whose values are old is as much a test as another.
	recentFirst = 200
	// resultsPage results are read in one go.
	resultsPage = 4000
	// resultsMost results of a patient are read by themselves. Where there are more,
	// the screens say so.
	resultsMost = 1_000_000
)

// recents gathers the newest value of each test and the one before it. In what order
// results are added makes no difference.
type recents struct {
	index map[[3]string]int
	list  []recent
	n     int   // results looked at
	after int64 // the last of them
	ended bool  // there are no more
}

// recent is one test. was is nil where there is one value only.
type recent struct {
	key      [3]string
	now, was *result
}

// result is one Observation as the summary shows it.
type result struct {
	row   row // of those that are kept
	order int64
	point point
	value string // without its unit
	unit  string
}

func newRecents() *recents { return &recents{index: map[[3]string]int{}} }

// newer compares when two results are from; of one moment the one that came later is newer.
func (r *result) newer(o *result) bool {
	if n := r.point.compare(&o.point); n != 0 {
		return n > 0
	}
	return r.order > o.order
}

// add reports whether r is kept.
func (s *recents) add(key [3]string, r *result) bool {
	i, ok := s.index[key]
	if !ok {
		s.index[key] = len(s.list)
		s.list = append(s.list, recent{key: key, now: r})
		return true
	}
	switch x := &s.list[i]; {
	case r.newer(x.now):
		x.now, x.was = r, x.now
	case r.value != "" && (x.was == nil || x.was.value == "" || r.newer(x.was)):
		x.was = r
	default:
		return false
	}
	return true
}

// read adds the next results of a patient, at most limit, newest first.
func (s *recents) read(ctx context.Context, in Records, patient vault.RecordID, limit int) error {
	n := 0
	for r, err := range in.Rows(ctx, vault.Query{Type: "Observation", Patient: patient, Limit: limit, After: s.after}) {
		if err != nil {
			return err
		}
		n++
		s.after = r.Order
		list, void := readingsOf(&r)
		if void || len(list) == 0 {
			continue
		}
		key := list[0].key
		value, unit := valueOf(&r)
		if len(list) > 1 && r.Value == "" && unit == "" {
			value = "" // how many there are is nothing to compare with
		}
		part := r.Code.Code != "" && !slices.Contains(r.Measures[0].Codings, r.Code)
		if len(list) > 1 || part { // a panel is known by its own code, however few of its values are there
			key = [3]string{r.Code.System, r.Code.Code, unit}
		}
		x := &result{order: r.Order, point: list[0].point, value: widget.Clean(value), unit: unit}
		if !s.add(key, x) {
			continue
		}
		if x.row = rowOf(&r); len(list) == 1 {
			x.row.passage = rangeWords(list[0].ref)
		}
	}
	s.n += n
	s.ended = n < limit
	return nil
}

// join adds what another gathered behind it.
func (s *recents) join(next *recents) {
	for _, r := range next.list {
		s.add(r.key, r.now)
		if r.was != nil {
			s.add(r.key, r.was)
		}
	}
	s.n += next.n
	s.after, s.ended = next.after, next.ended
}

// more reports whether older results are to be read by themselves.
func (s *recents) more() bool { return !s.ended && s.n < resultsMost }

// next reads one page behind s, which stays as it is.
func (s *recents) next(ctx context.Context, in Records, patient vault.RecordID) (*recents, error) {
	out := newRecents()
	out.after = s.after
	err := out.read(ctx, in, patient, resultsPage)
	return out, err
}

// rows are the tests, those with the newest values first.
func (s *recents) rows() []row {
	list := slices.Clone(s.list)
	slices.SortStableFunc(list, func(a, b recent) int {
		if a.now.newer(b.now) {
			return -1
		}
		return 1
	})
	out := make([]row, len(list))
	for i, r := range list {
		out[i] = r.now.row
		// The value before is in the same unit, which is said once.
		if r.was != nil && r.was.value != "" && r.was.unit == r.now.unit {
			out[i].value += " (was " + r.was.value + ")"
		}
	}
	return out
}

// title says what the part of the summary holds; reading is that more are being read.
func (s *recents) title(reading bool) string {
	switch {
	case s.ended:
		return "RECENT RESULTS"
	case reading:
		return "RECENT RESULTS (older ones are still being read)"
	}
	return "RECENT RESULTS of the newest " + strconv.Itoa(s.n) + "; older ones were not looked at"
}
