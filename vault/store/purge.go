package store

import (
	"context"
	"fmt"

	"phivault/vault"
)

var _ vault.Purges = (*Store)(nil)

// purging is what a transaction removes on purpose.
type purging struct {
	named  []vault.Content     // by purges that stand from this transaction on
	by     []int64             // the purge that names each
	hidden map[int64]bool      // records taken out of everything that they are found by
	seen   map[int64]bool      // subjects that may be nobody's any more
	words  map[string]struct{} // that only removed content may have had
	said   map[string]struct{} // and phrases
	sum    vault.Purged
}

// removed reports whether a purge that stands names the content.
func (t *tx) removed(ctx context.Context, record vault.RecordID, payload vault.Hash) (bool, error) {
	if !t.s.purges {
		return false, nil
	}
	n, err := purgedBy(ctx, t.w, record, payload)
	return n > 0, err
}

// purgedBy gives a purge that names the content; 0 when it is only said to be gone,
// -1 when it is not.
func purgedBy(ctx context.Context, c *conn, record vault.RecordID, payload vault.Hash) (n int64, err error) {
	_, err = c.row(ctx, []any{&n}, "SELECT coalesce(max(entry),-1) FROM purge WHERE record=? AND sha256=?", record[:], payload[:])
	return n, err
}

// Unexplained gives the segments that lack contents which no purge names; see
// vault.Purges.
func (s *Store) Unexplained(ctx context.Context) (places []vault.Place, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.rows(ctx, func(scan func(...any) error) error {
			p, err := scanPlace(scan)
			places = append(places, p)
			return err
		}, `SELECT DISTINCT l.device,l.number,g.seq,g.hash FROM purge u
			JOIN (SELECT r.id AS id,e.entry,e.sha256 FROM record r JOIN entry e ON e.record=r.record WHERE e.kind=1 AND r.id IN (SELECT record FROM purge WHERE entry=0)
				UNION ALL SELECT about,entry,sha256 FROM entry WHERE record IS NULL AND kind<=2 AND about IN (SELECT record FROM purge WHERE entry=0)
				UNION ALL SELECT about,entry,sha256 FROM entry WHERE kind=5 AND about IN (SELECT record FROM purge WHERE entry=0)) e
				ON e.id=u.record AND e.sha256=u.sha256
			JOIN batch b ON b.last=(SELECT min(last) FROM batch WHERE last>=e.entry)
			JOIN segment g ON g.log=b.log AND e.entry BETWEEN g.first AND g.last JOIN log l ON l.log=g.log
			WHERE u.entry=0 AND NOT EXISTS(SELECT 1 FROM payload WHERE entry=e.entry) ORDER BY l.device,l.number,g.seq`)
	})
	return places, err
}

// Purge removes all that these records ever said, quarantined revisions and
// attachments too, with a purge in the own log and a deletion of what is live. It
// gives what was removed; what other purges named before does not count. ErrNotFound
// for an id that is not here. Only an owner's counts for others, which is the
// caller's to know.
func (s *Store) Purge(ctx context.Context, ids []vault.RecordID, notes []vault.Note) (done vault.Purged, err error) {
	if 2*len(ids)+len(notes) > maxEntries {
		return done, fmt.Errorf("%w: too many records at once", vault.ErrLimit)
	}
	if err := s.lock(); err != nil {
		return done, err
	}
	defer s.write.Unlock()
	err = s.commit(ctx, func(t *tx) error {
		a := &applier{tx: t, touched: map[int64]vault.RecordID{}, fresh: map[vault.RecordID]bool{}, urls: map[vault.RecordID]string{}}
		err := a.purge(ctx, ids, notes)
		done = t.gone.sum
		return err
	})
	if err != nil {
		return vault.Purged{}, mapError(err)
	}
	if s.o.Committed != nil {
		s.o.Committed(s.head)
	}
	s.keeper.nudge()
	return done, nil
}

func (a *applier) purge(ctx context.Context, ids []vault.RecordID, notes []vault.Note) error {
	var all []vault.Content
	for _, id := range ids {
		contents, err := a.contents(ctx, id)
		if err != nil {
			return err
		}
		all = append(all, contents...)
		k, ok, err := a.known(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case !ok && len(contents) == 0:
			return vault.ErrNotFound
		case ok && k.state != stateDeleted:
			if err := a.tombstone(ctx, vault.Delete{ID: id, Base: k.head}); err != nil {
				return err
			}
		}
	}
	for len(all) > 0 {
		some := all[:min(len(all), vault.MostPurged)]
		all = all[len(some):]
		if err := a.note(vault.Note{Kind: vault.KindPurge, Payload: vault.EncodePurge(some)}); err != nil {
			return err
		}
		a.name(some, a.s.next.entry-1)
	}
	for _, n := range notes {
		if err := a.note(n); err != nil {
			return err
		}
	}
	if err := a.remove(ctx); err != nil {
		return err
	}
	for record, id := range a.touched {
		if err := a.settle(ctx, record, id); err != nil {
			return err
		}
	}
	return a.finish(ctx)
}

// contents gives all that a record has and no purge that stands names.
func (a *applier) contents(ctx context.Context, id vault.RecordID) (out []vault.Content, err error) {
	err = a.w.rows(ctx, func(scan func(...any) error) error {
		var sum []byte
		err := scan(&sum)
		c := vault.Content{Record: id}
		copy(c.Payload[:], sum)
		out = append(out, c)
		return err
	}, `SELECT sha256 FROM entry WHERE record=(SELECT record FROM record WHERE id=?1) AND kind=1
		UNION SELECT sha256 FROM entry WHERE about=?1 AND record IS NULL AND kind<=2 AND kind=1
		UNION SELECT sha256 FROM entry WHERE about=?1 AND kind=5
		EXCEPT SELECT sha256 FROM purge WHERE record=?1 AND entry>0`, id[:])
	return out, err
}
