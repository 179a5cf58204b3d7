package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"phivault/vault"
	"phivault/vault/store/sqlite"
)

// Rows gives what a line shows of the records that q selects, reading page by page;
// see vault.Index. Payloads are read only where a hit's words are not in its title.
func (s *Store) Rows(ctx context.Context, q vault.Query) iter.Seq2[vault.Row, error] {
	return pages(ctx, s, q, (*finder).rowsPage, func(r *vault.Row, rank int) { r.Rank = rank })
}

// lean is a record's row without what other tables say.
type lean struct {
	doc, head        int64
	source, subject  int64
	revisions, state int
	id               vault.RecordID
	brief            string // "" where there is none
}

const leanColumns = "SELECT r.doc d,r.head h,r.id i,r.source s,coalesce(r.subject,0) p,r.revisions n,r.state t,r.brief b FROM "

// hits come in the order of the index, whose rows are named like the records.
const leanHits = leanColumns + "fts CROSS JOIN record r WHERE fts MATCH ? AND fts.rowid BETWEEN ? AND ? AND r.record=(fts.rowid&4294967295) AND "

func leanRows(ctx context.Context, c *conn, size int, query string, args ...any) ([]lean, error) {
	out := make([]lean, 0, size)
	var id, brief sqlite.Raw
	err := c.rows(ctx, func(scan func(...any) error) error {
		var r lean
		if err := scan(&r.doc, &r.head, &id, &r.source, &r.subject, &r.revisions, &r.state, &brief); err != nil {
			return err
		}
		copy(r.id[:], id)
		r.brief = string(brief)
		out = append(out, r)
		return nil
	}, query, args...)
	return out, err
}

func (f *finder) rowsPage(ctx context.Context) (out []vault.Row, err error) {
	err = f.s.read(ctx, func(c *conn) error {
		look := f.s.reader(ctx, c)
		order := "DESC"
		if !f.desc {
			order = "ASC"
		}
		var page []lean
		size := f.size
		switch {
		case f.match != nil:
			if f.match.tier == 2 && f.match.last == 2 && f.q.Text != "" {
				size = max(size, firstPage) // some hits fall away
			}
			if err := f.match.expand(ctx, c); err != nil {
				return err
			}
			args := append([]any{f.match.query(), f.low, f.high}, f.args...)
			page, err = leanRows(ctx, c, size, leanHits+f.where+" ORDER BY fts.rowid "+order+" LIMIT ?", append(args, size)...)
		case f.q.Sort == vault.Added:
			var after int64
			low := f.low
			if f.q.After != 0 {
				after, low = recordOf(f.q.After), 0
			}
			page, err = leanRows(ctx, c, size, leanColumns+"record r WHERE "+f.where+" AND +r.doc BETWEEN ? AND ? AND r.record>? ORDER BY r.record LIMIT ?",
				append(append([]any{}, f.args...), low, f.high, after, size)...)
		default:
			err = f.inOrder(func(ready bool) (err error) {
				from, where, args := f.dated(order, ready)
				page, err = leanRows(ctx, c, size, leanColumns+from+where, args...)
				return err
			})
		}
		if err != nil {
			return err
		}
		out = make([]vault.Row, 0, len(page))
		late := passages{f: f, c: c}
		for i := range page {
			l := &page[i]
			var w vault.Row
			if err := look.row(l, &w); err != nil {
				return err
			}
			keep := true
			if f.match != nil {
				if keep, err = late.keep(ctx, l, &w, len(out)); err != nil {
					return err
				}
			}
			if keep {
				out = append(out, w)
			}
			if f.q.Limit > 0 && len(out) == f.size { // what falls away was allowed for
				page = page[:i+1]
				size = len(page)
				break
			}
		}
		f.passed(page, size)
		return late.make(ctx, out)
	})
	return out, err
}

// passed moves the finder past a page.
func (f *finder) passed(page []lean, size int) {
	if n := len(page); n > 0 {
		switch doc := page[n-1].doc; {
		case f.match == nil && f.q.Sort == vault.Added:
			f.q.After = doc
		case f.desc:
			f.high = doc - 1
		default:
			f.low = doc + 1
		}
	}
	switch {
	case len(page) == size:
	case f.match != nil:
		f.nextTier()
	default:
		f.done = true
	}
}

// row makes a row of what the tables say; where the brief does not tell, of the payload.
func (r *reader) row(l *lean, w *vault.Row) (err error) {
	err = errNoPhrase
	if l.brief != "" {
		err = parseBrief(l.brief, r, w)
	}
	if errors.Is(err, errNoPhrase) {
		return r.whole(l, w)
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", l.id, err)
	}
	w.ID, w.Version, w.Order = l.id, l.revisions, l.doc
	w.Deleted, w.Conflict = l.state == stateDeleted, l.state == stateConflict
	if w.Source, err = r.word(l.source); err != nil {
		return err
	}
	w.Patient, err = r.patient(l.subject)
	return err
}

// whole is row of what has no brief.
func (r *reader) whole(l *lean, w *vault.Row) error {
	rec, err := r.s.recordOf(r.ctx, r.c, recordOf(l.doc), nil)
	if err == nil {
		*w = rec.Row()
		w.Order = l.doc
	}
	return err
}
