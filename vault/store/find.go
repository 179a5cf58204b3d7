package store

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
)

// A page is what is read in one go. Between pages no connection is held, so a
// caller may use the store while it iterates.
const (
	firstPage = 32
	nextPage  = 256
	pageBytes = 4 << 20 // of packed bodies, after which a page ends
)

// Find gives the records that q selects, reading page by page; see vault.Index.
func (s *Store) Find(ctx context.Context, q vault.Query) iter.Seq2[vault.Record, error] {
	return pages(ctx, s, q, (*finder).page, func(r *vault.Record, rank int) { r.Rank = rank })
}

// pages gives what page reads, until q's limit or the end.
func pages[T any](ctx context.Context, s *Store, q vault.Query, page func(*finder, context.Context) ([]T, error), rank func(*T, int)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		begun := s.remade.Load()
		f, err := s.plan(ctx, q)
		if err = s.whole(q, begun, err); err != nil {
			yield(none, err)
			return
		}
		given := 0
		for !f.done {
			if err := ctx.Err(); err != nil {
				yield(none, err)
				return
			}
			all, err := page(f, ctx)
			if gap := s.whole(q, begun, nil); gap != nil { // it may have begun meanwhile
				yield(none, gap)
				return
			}
			f.size = nextPage
			if q.Limit > 0 {
				f.size = max(1, min(nextPage, q.Limit-given-len(all)))
			}
			for i := range all {
				given++
				if q.Text != "" {
					rank(&all[i], given)
				}
				if !yield(all[i], nil) || q.Limit > 0 && given >= q.Limit {
					return
				}
			}
			if err != nil {
				yield(none, err)
				return
			}
		}
	}
}

// whole is err, or ErrRemaking where what q asks of the index may be missing there, or was
// since so many rebuilds had begun.
func (s *Store) whole(q vault.Query, begun int64, err error) error {
	if s.remaking(begun) && (q.Text != "" || q.Code != "" || !q.Patient.IsZero()) {
		return vault.ErrRemaking
	}
	return err
}

// finder reads one query's pages.
type finder struct {
	s     *Store
	q     vault.Query
	match *match // nil: no full-text search
	where string // conditions on r, beside the order
	args  []any
	low   int64 // bounds of doc, inclusive
	high  int64
	top   int64 // high as the query set it
	desc  bool
	size  int
	done  bool
}

const maxDoc = int64(1) << 62

func (s *Store) plan(ctx context.Context, q vault.Query) (*finder, error) {
	f := &finder{s: s, q: q, high: maxDoc, size: firstPage, desc: q.Sort == vault.Newest}
	if q.Limit > 0 {
		f.size = min(q.Limit, nextPage)
	}
	if q.Since != "" {
		first, _, ok := fhir.Span(q.Since)
		if !ok {
			return nil, fmt.Errorf("%w: a date is YYYY, YYYY-MM or YYYY-MM-DD", vault.ErrUsage)
		}
		f.low = (int64(max(first, 0)) + 1) << 32
	}
	if q.Until != "" {
		_, last, ok := fhir.Span(q.Until)
		if !ok {
			return nil, fmt.Errorf("%w: a date is YYYY, YYYY-MM or YYYY-MM-DD", vault.ErrUsage)
		}
		f.high = (int64(last)+2)<<32 - 1
		f.low = max(f.low, 1<<32) // a record without a date is in no range
	}
	var subjects []int64
	if err := s.read(ctx, func(c *conn) (err error) {
		subjects, err = f.conditions(ctx, c)
		return err
	}); err != nil {
		return nil, err
	}
	if q.Text != "" || q.Code != "" {
		if q.Deleted {
			return nil, fmt.Errorf("%w: deleted records are not searched", vault.ErrUsage)
		}
		m, err := newMatch(q, subjects)
		if err != nil {
			return nil, err
		}
		f.match = m
	}
	f.top = f.high
	if q.After != 0 {
		f.after(q.After)
	}
	return f, nil
}

// conditions turns the query's filters into SQL on r, all bound as parameters.
func (f *finder) conditions(ctx context.Context, c *conn) (subjects []int64, err error) {
	var and []string
	add := func(cond string, args ...any) { and = append(and, cond); f.args = append(f.args, args...) }
	q := f.q
	if !q.Patient.IsZero() {
		patient, err := recordByID(ctx, c, q.Patient)
		if err != nil {
			return nil, err
		}
		err = c.rows(ctx, func(scan func(...any) error) error {
			var n int64
			if err := scan(&n); err != nil {
				return err
			}
			subjects = append(subjects, n)
			return nil
		}, "SELECT subject FROM subject WHERE record=? ORDER BY subject", patient)
		if err != nil {
			return nil, err
		}
		switch len(subjects) {
		case 0:
			add("r.record=?", patient)
		case 1:
			add("r.subject=?", subjects[0])
		default:
			marks := strings.Repeat(",?", len(subjects))[1:]
			add("r.subject IN ("+marks+")", anys(subjects)...)
		}
	}
	for _, w := range []struct{ column, text string }{{"r.type", q.Type}, {"r.source", q.Source}} {
		if w.text == "" {
			continue
		}
		var n int64
		ok, err := c.row(ctx, []any{&n}, "SELECT word FROM word WHERE text=?", w.text)
		if err != nil {
			return nil, err
		}
		if !ok {
			f.done = true // nothing here is of it
		}
		add("+"+w.column+"=?", n) // keep the planner on the order's index
	}
	switch {
	case q.Deleted:
		add("r.state=1 AND r.state<>0") // as the index has it
	case q.Conflicts:
		add("r.state=2 AND r.state<>0")
	default:
		add("r.state<>1")
	}
	f.where = strings.Join(and, " AND ")
	return subjects, nil
}

func anys(n []int64) []any {
	a := make([]any, len(n))
	for i := range n {
		a[i] = n[i]
	}
	return a
}

// after moves the bounds past the last record of the page before.
func (f *finder) after(order int64) {
	switch {
	case f.match != nil && f.match.resume(order):
		f.high = min(f.high, -order-1)
	case f.q.Sort == vault.Newest:
		f.high = min(f.high, order-1)
	default:
		f.low = max(f.low, order+1)
	}
}

func (f *finder) page(ctx context.Context) (out []vault.Record, err error) {
	if f.match != nil {
		return f.matchPage(ctx)
	}
	if f.q.Sort == vault.Added {
		return f.addedPage(ctx)
	}
	order := "DESC"
	if !f.desc {
		order = "ASC"
	}
	err = f.s.read(ctx, func(c *conn) error {
		var rows []row
		var full bool
		err := f.inOrder(func(ready bool) (err error) {
			from, where, args := f.dated(order, ready)
			rows, full, err = f.rows(ctx, c, recordSelect+from+recordParts+where, args...)
			return err
		})
		f.done = !full
		for _, r := range rows {
			f.after(r.doc)
			rec, err := f.s.record(ctx, c, r, nil)
			if err != nil {
				return err
			}
			out = append(out, rec)
		}
		return err
	})
	return out, err
}

// dated says where a page in the order by date comes from: of a patient's records, or of
// those that are not live or in conflict, there is an index; else the full-text index is in
// that order, and knows the types, unless it is being made.
func (f *finder) dated(order string, ready bool) (from, where string, args []any) {
	by := "r.doc"
	switch {
	case !f.q.Patient.IsZero() || f.q.Deleted || f.q.Conflicts || !ready:
		from, where = "record r", " WHERE "
	default:
		from, where, by = "fts CROSS JOIN record r", " WHERE r.record=(fts.rowid&4294967295) AND ", "fts.rowid"
		if f.q.Type != "" {
			where += "fts MATCH ? AND "
			args = append(args, quote(facetType+strings.ToLower(f.q.Type)))
		}
	}
	args = append(append(args, f.args...), f.low, f.high, f.size)
	return from, where + f.where + " AND " + by + " BETWEEN ? AND ? ORDER BY " + by + " " + order + " LIMIT ?", args
}

// inOrder reads a page in the order by date; once more where a rebuild began meanwhile.
func (f *finder) inOrder(read func(ready bool) error) error {
	for begun := f.s.remade.Load(); !f.s.rebuilding.Load(); begun = f.s.remade.Load() {
		if err := read(true); err != nil || !f.s.remaking(begun) {
			return err
		}
	}
	return read(false)
}

// rows reads a page of rows; full says that there may be more.
func (f *finder) rows(ctx context.Context, c *conn, query string, args ...any) (rows []row, full bool, err error) {
	bytes := 0
	err = c.rows(ctx, func(scan func(...any) error) error {
		r, err := rowOf(scan, nil)
		if err != nil {
			return err
		}
		rows = append(rows, r)
		if bytes += len(r.body); bytes > pageBytes {
			full = true
			return errStop
		}
		return nil
	}, query, args...)
	return rows, full || len(rows) == f.size, err
}

// addedPage reads in the order in which records were first seen. The cursor is
// still a doc, whose lower half is the record's number.
func (f *finder) addedPage(ctx context.Context) (out []vault.Record, err error) {
	var after int64
	if f.q.After != 0 {
		after = recordOf(f.q.After)
	}
	low, high := f.low, f.high
	if f.q.After != 0 {
		low = 0
	}
	query := recordColumns + "WHERE " + f.where + " AND +r.doc BETWEEN ? AND ? AND r.record>? ORDER BY r.record LIMIT ?"
	err = f.s.read(ctx, func(c *conn) error {
		rows, full, err := f.rows(ctx, c, query, append(append([]any{}, f.args...), low, high, after, f.size)...)
		f.done = !full
		for _, r := range rows {
			f.q.After = r.doc
			rec, err := f.s.record(ctx, c, r, nil)
			if err != nil {
				return err
			}
			out = append(out, rec)
		}
		return err
	})
	return out, err
}
