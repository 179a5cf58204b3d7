package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"phivault/vault"
	"phivault/vault/fhir"
)

// rebuildStep is the number of records rebuilt in one transaction.
const rebuildStep = 1024

// Rebuild makes every view anew from the log: rows, names, subjects and the
// full-text index. One that was interrupted is finished when the database is
// next opened. progress may be nil.
func (s *Store) Rebuild(ctx context.Context, progress func(done, total int64)) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.write.Unlock()
	s.rebuilding.Store(true) // before anyone can see it, and also when it breaks off
	s.remade.Add(1)          // second: whoever has read the new number sees the other, too
	err := s.w.transact(ctx, func() error {
		for _, q := range []string{
			"INSERT INTO meta(key,value) VALUES('rebuild',0) ON CONFLICT(key) DO UPDATE SET value=0",
			"DELETE FROM subject", "DELETE FROM name", "DELETE FROM url", "DELETE FROM vocabulary",
			"INSERT INTO fts(fts) VALUES('delete-all')",
			"UPDATE record SET brief=NULL WHERE brief IS NOT NULL", "DELETE FROM phrase", // read from payloads meanwhile
		} {
			if err := s.w.run(q); err != nil {
				return err
			}
		}
		return s.remakePurges(ctx)
	})
	s.lore.committed(true)
	s.cache.lexicon = newLexicon()
	if err == nil {
		err = s.finishRebuild(ctx, progress)
	} else if under, unsure := s.w.row(context.WithoutCancel(ctx), []any{new(int64)}, metaValue, "rebuild"); unsure == nil && !under {
		s.rebuilding.Store(false) // nothing was taken away
	}
	if err != nil {
		err = s.recall(ctx, err)
	}
	return mapError(err)
}

// remaking reports whether the index lacks records, or did since so many rebuilds had begun:
// one that is over by now may have begun after that.
func (s *Store) remaking(begun int64) bool { return s.rebuilding.Load() || s.remade.Load() != begun }

// finishRebuild goes on with a rebuild where it stands, if there is one.
func (s *Store) finishRebuild(ctx context.Context, progress func(done, total int64)) error {
	var done, total int64
	under, err := s.w.row(ctx, []any{&done}, metaValue, "rebuild")
	if err != nil || !under {
		return err
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if _, err := s.w.row(ctx, []any{&total}, "SELECT coalesce(max(record),0) FROM record"); err != nil {
		return err
	}
	urls, err := s.urls(ctx)
	if err != nil {
		return err
	}
	for done < total {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if done, err = s.rebuildPage(ctx, done, urls); err != nil {
			return err
		}
		if progress != nil {
			progress(done, total)
		}
	}
	if err := s.w.run("DELETE FROM meta WHERE key='rebuild'"); err != nil {
		return err
	}
	s.rebuilding.Store(false)
	return s.load(ctx)
}

// urls gives the full URLs that imports noted, by record.
func (s *Store) urls(ctx context.Context) (map[vault.RecordID]string, error) {
	urls := map[vault.RecordID]string{}
	err := s.w.rows(ctx, func(scan func(...any) error) error {
		e, body, err := scanEntry(scan)
		if err != nil {
			return err
		}
		p, err := s.pack.unpack(body)
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.Number, err)
		}
		var n vault.ImportNote
		if err := json.Unmarshal(p, &n); err != nil {
			return fmt.Errorf("%w: entry %d", vault.ErrIntegrity, e.Number)
		}
		for url, id := range n.URLs {
			if r, err := vault.ParseRecordID(id); err == nil {
				urls[r] = url
			}
		}
		return nil
	}, entryColumns+"WHERE e.kind=? AND coalesce("+outOf+",0)=0 ORDER BY e.entry", int64(vault.KindImport))
	return urls, err
}

type rebuilt struct {
	record int64
	id     vault.RecordID
}

// rebuildPage rebuilds the records after done and gives the last one's number.
func (s *Store) rebuildPage(ctx context.Context, done int64, urls map[vault.RecordID]string) (int64, error) {
	var page []rebuilt
	err := s.w.rows(ctx, func(scan func(...any) error) error {
		var r rebuilt
		var id []byte
		if err := scan(&r.record, &id); err != nil {
			return err
		}
		copy(r.id[:], id)
		page = append(page, r)
		return nil
	}, "SELECT record,id FROM record WHERE record>? ORDER BY record LIMIT ?", done, rebuildStep)
	if err != nil {
		return done, err
	}
	if len(page) == 0 {
		return done, fmt.Errorf("%w: records after %d are gone", vault.ErrIntegrity, done)
	}
	last := page[len(page)-1].record
	defer s.lore.committed(false)
	return last, s.w.transact(ctx, func() error {
		t := &tx{s: s, w: s.w}
		for _, r := range page {
			if _, err := t.rebuild(ctx, r, urls[r.id]); err != nil {
				return fmt.Errorf("record %s: %w", r.id, err)
			}
		}
		if err := t.index(ctx); err != nil {
			return err
		}
		return s.w.run("UPDATE meta SET value=? WHERE key='rebuild'", last)
	})
}

// rebuild brings a record's row and what it is found by to what its history
// says, and gives its state. It must not be in the index.
func (t *tx) rebuild(ctx context.Context, r rebuilt, url string) (int, error) {
	h, err := revisionRows(ctx, t.w, r.record, r.id)
	if err != nil {
		return 0, err
	}
	head, state, err := h.shown()
	if err != nil {
		return 0, err
	}
	put := h.content(head.entry)
	if put == nil {
		return state, t.empty(ctx, r, head.entry, h)
	}
	b, err := body(ctx, t.w, put.entry)
	if err != nil {
		return 0, err
	}
	res, source, err := t.s.resource(b, put.header.Payload, fhir.Options{Note: t.notes(ctx)})
	if err != nil {
		return 0, err
	}
	p := &vault.Put{ID: r.id, Source: source, FullURL: url, Resource: &res, Terms: termsOf(&res)}
	typeWord, err := t.word(ctx, res.Type)
	if err != nil {
		return 0, err
	}
	sourceWord, err := t.word(ctx, source)
	if err != nil {
		return 0, err
	}
	subject, err := t.subject(ctx, p, sourceWord, r.record)
	if err != nil {
		return 0, err
	}
	doc := docOf(res.Date, r.record)
	var brief any // of what is deleted the payload tells
	if state != stateDeleted {
		w := res.Row()
		if brief, err = t.brief(ctx, briefOf(&w)); err != nil {
			return 0, err
		}
	}
	if err := t.w.run("UPDATE record SET type=?,source=?,subject=?,doc=?,head=?,revisions=?,state=?,brief=?,sum=? WHERE record=?",
		typeWord, sourceWord, null(subject), doc, head.entry, len(h), state, brief, head.header.Payload[:], r.record); err != nil {
		return 0, err
	}
	if state == stateDeleted {
		return state, nil
	}
	return state, t.views(ctx, p, r.record, sourceWord, subject, doc)
}

// empty makes the row of a record none of whose contents is here any more.
func (t *tx) empty(ctx context.Context, r rebuilt, head int64, h history) error {
	if !slices.ContainsFunc(h, func(x revisionRow) bool { return x.gone }) {
		return fmt.Errorf("%w: it has no content", vault.ErrIntegrity)
	}
	none, err := t.word(ctx, "")
	if err != nil {
		return err
	}
	return t.w.run("UPDATE record SET type=?,source=?,subject=NULL,doc=?,head=?,revisions=?,state=?,brief=NULL,sum=NULL WHERE record=?",
		none, none, r.record, head, len(h), stateDeleted, r.record)
}

// remakePurges makes the view of what purges name anew.
func (s *Store) remakePurges(ctx context.Context) error {
	if err := s.w.run("DELETE FROM purge WHERE entry>0"); err != nil {
		return err
	}
	type named struct {
		entry    int64
		contents []vault.Content
	}
	var all []named
	err := s.w.rows(ctx, func(scan func(...any) error) error {
		e, body, err := scanEntry(scan)
		if err != nil {
			return err
		}
		p, err := s.pack.unpack(body)
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.Number, err)
		}
		contents, err := vault.DecodePurge(p)
		all = append(all, named{e.Number, contents})
		return err
	}, entryColumns+"WHERE e.kind=? AND coalesce("+outOf+",0)=0 ORDER BY e.entry", int64(vault.KindPurge))
	if err != nil {
		return err
	}
	for _, n := range all {
		for _, c := range n.contents {
			if err := s.w.run("INSERT INTO purge(record,sha256,entry) VALUES(?,?,?)", c.Record[:], c.Payload[:], n.entry); err != nil {
				return err
			}
			if err := s.w.run("DELETE FROM purge WHERE record=? AND sha256=? AND entry=0", c.Record[:], c.Payload[:]); err != nil {
				return err
			}
		}
	}
	return nil
}
