package store

import (
	"context"
)

// scrub takes what removed content left in views that are shared: words, spellings
// of patients, and what the full-text index still holds of rows that it lost. It
// comes when the index is written.
func (t *tx) scrub(ctx context.Context) error {
	if t.gone.sum.Contents == 0 && len(t.gone.seen) == 0 {
		return nil
	}
	for n := range t.gone.seen {
		if err := t.w.run("DELETE FROM subject WHERE subject=?1 AND NOT EXISTS(SELECT 1 FROM record WHERE subject=?1)", n); err != nil {
			return err
		}
	}
	clear(t.s.cache.subjects)
	if err := t.respell(ctx); err != nil {
		return err
	}
	// FTS5 writes a deleted row's terms anew, without them, only when it merges.
	if err := t.w.run("INSERT INTO fts(fts) VALUES('optimize')"); err != nil {
		return err
	}
	if err := t.unsay(ctx); err != nil {
		return err
	}
	for word := range t.gone.words {
		used := false
		if _, err := t.w.row(ctx, []any{&used}, "SELECT EXISTS(SELECT 1 FROM fts WHERE fts MATCH ?)", quote(word)); err != nil {
			return err
		}
		if used {
			continue
		}
		if err := t.w.run("DELETE FROM vocabulary WHERE word=?", word); err != nil {
			return err
		}
		delete(t.s.cache.vocabulary, word)
	}
	return nil
}

// respell makes the spellings of patients mean what they mean to whoever never had
// the removed content.
func (t *tx) respell(ctx context.Context) error {
	for n := range t.gone.seen {
		var source, ref string
		ok, err := t.w.row(ctx, []any{&source, &ref}, "SELECT w.text,s.ref FROM subject s JOIN word w ON w.word=s.source WHERE s.subject=?", n)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		means, err := resolve(ctx, t.w, source, ref, "Patient")
		if err != nil && !isMissing(err) {
			return err
		}
		if err := t.w.run(meansNow, null(means), n); err != nil {
			return err
		}
	}
	return nil
}
