package vault

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Trend gives one measurement of one patient over time. code is as in
// Query.Code and matches an observation's own code and its components'. Values
// of different codes or units are never joined: each combination is a Trend of
// its own, the one with the most points first.
func (v *Vault) Trend(ctx context.Context, q Query) ([]Trend, error) {
	if q.Code == "" {
		return nil, fmt.Errorf("%w: a trend needs a code", ErrUsage)
	}
	q.Type, q.Sort = "Observation", Oldest
	v.audit.note(ActionRead, q.Patient)
	type key struct{ system, code, unit string }
	var order []key
	trends := map[key]*Trend{}
	for r, err := range v.p.Index.Rows(ctx, q) {
		if err != nil {
			return nil, err
		}
		if r.Status == "entered-in-error" || r.Status == "cancelled" {
			continue
		}
		for _, m := range r.Measures {
			c, ok := matchCode(m.Codings, q.Code)
			if !ok || m.Value == "" {
				continue
			}
			k := key{c.System, c.Code, m.Unit}
			t := trends[k]
			if t == nil {
				t = &Trend{Code: c, Unit: m.Unit}
				trends[k] = t
				order = append(order, k)
			}
			t.Points = append(t.Points, Point{Date: r.Date, Value: m.Value, Flag: m.Flag,
				Low: m.Low, High: m.High, Record: r.ID})
		}
	}
	out := make([]Trend, 0, len(order))
	for _, k := range order {
		t := trends[k]
		within(t.Points)
		out = append(out, *t)
	}
	slices.SortStableFunc(out, func(a, b Trend) int { return len(b.Points) - len(a.Points) })
	return out, nil
}

// within orders the values of a day, which come by date alone, by their time: those
// without one first.
func within(points []Point) {
	type timed struct {
		at time.Time
		p  Point
	}
	var day []timed
	for len(points) > 0 {
		n := 1
		for len(points[0].Date) > 9 && n < len(points) && strings.HasPrefix(points[n].Date, points[0].Date[:10]) {
			n++
		}
		day = day[:0]
		for _, p := range points[:n] {
			at, _ := time.Parse(time.RFC3339, p.Date) // a day alone has none
			day = append(day, timed{at, p})
		}
		slices.SortStableFunc(day, func(a, b timed) int { return a.at.Compare(b.at) })
		for i := range day {
			points[i] = day[i].p
		}
		points = points[n:]
	}
}

// matchCode finds the coding that want ("code" or "system|code") names.
func matchCode(codings []Coding, want string) (Coding, bool) {
	system, code, hasSystem := strings.Cut(want, "|")
	if !hasSystem {
		code = want
	}
	for _, c := range codings {
		if c.Code == code && (!hasSystem || c.System == system) {
			return c, true
		}
	}
	return Coding{}, false
}
