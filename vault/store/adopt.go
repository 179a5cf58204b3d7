package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"phivault/vault"
	"phivault/vault/fhir"
)

var _ vault.Asides = (*Store)(nil)

const quarantinedEntries = "FROM batch b JOIN log l ON l.log=b.log JOIN entry e ON e.entry>b.last-b.count AND e.entry<=b.last WHERE b.out=1 "

// Asides gives the quarantined puts and tombstones; see vault.Asides.
func (s *Store) Asides(ctx context.Context) (out []vault.Aside, err error) {
	err = s.read(ctx, func(c *conn) error {
		if out, err = asides(ctx, c, 0); err != nil {
			return err
		}
		histories := map[vault.RecordID]history{}
		for i := range out {
			id := out[i].Header.Record
			h, ok := histories[id]
			if !ok {
				if h, err = standing(ctx, c, id); err != nil {
					return err
				}
				histories[id] = h
			}
			out[i].Stands = h.named(out[i].Revision)
		}
		return nil
	})
	return out, err
}

// asides gives the quarantined puts and tombstones, or the one that is the entry.
func asides(ctx context.Context, c *conn, entry int64) (out []vault.Aside, err error) {
	err = c.rows(ctx, func(scan func(...any) error) error {
		var a vault.Aside
		var kind, at, number, length int64
		var about, parents, sum, device []byte
		if err := scan(&a.Entry, &kind, &about, &parents, &sum, &length, &at, &a.Sent, &device, &number); err != nil {
			return err
		}
		a.Header = vault.Header{Kind: vault.Kind(kind), Parents: splitRevisions(parents), Length: uint64(length)}
		copy(a.Header.Record[:], about)
		copy(a.Header.Payload[:], sum)
		a.Revision, a.At = vault.RevisionIDOf(a.Header), time.UnixMilli(at).UTC()
		copy(a.Log.Device[:], device)
		a.Log.Number = uint64(number)
		out = append(out, a)
		return nil
	}, "SELECT e.entry,e.kind,e.about,e.parents,e.sha256,e.length,b.at,b.sent,l.device,l.number "+quarantinedEntries+
		"AND e.kind<=2 AND (?1=0 OR e.entry=?1) ORDER BY e.entry", entry)
	return out, err
}

// standing gives the history of a record; nil when there is none.
func standing(ctx context.Context, c *conn, id vault.RecordID) (history, error) {
	var record int64
	ok, err := c.row(ctx, []any{&record}, "SELECT record FROM record WHERE id=?", id[:])
	if err != nil || !ok {
		return nil, err
	}
	return revisionRows(ctx, c, record, id)
}

// Kept counts quarantined entries; see vault.Asides.
func (s *Store) Kept(ctx context.Context) (map[[16]byte]int64, error) {
	kept := map[[16]byte]int64{}
	err := s.read(ctx, func(c *conn) error {
		return c.rows(ctx, func(scan func(...any) error) error {
			var device []byte
			var n int64
			if err := scan(&device, &n); err != nil {
				return err
			}
			kept[[16]byte(device)] = n
			return nil
		}, "SELECT l.device,sum(b.count) FROM batch b JOIN log l ON l.log=b.log WHERE b.out=1 GROUP BY l.device")
	})
	return kept, err
}

// Aside reads a quarantined revision; see vault.Asides.
func (s *Store) Aside(ctx context.Context, entry int64) (r vault.Record, err error) {
	err = s.read(ctx, func(c *conn) error {
		a, body, err := aside(ctx, c, entry)
		if err != nil {
			return err
		}
		r = vault.Record{ID: a.Header.Record, Deleted: a.Header.Kind == vault.KindTombstone}
		switch {
		case r.Deleted:
		case body == nil:
			r.Deleted, r.Purged = true, true
		default:
			r.Resource, r.Source, err = s.resource(body, a.Header.Payload, fhir.Options{}) // nobody accepted it yet
		}
		return err
	})
	return r, err
}

// aside gives a quarantined entry and its body; nil for a tombstone, and where the
// content was removed on purpose.
func aside(ctx context.Context, c *conn, entry int64) (a vault.Aside, b []byte, err error) {
	as, err := asides(ctx, c, entry)
	if err == nil && (entry == 0 || len(as) != 1) {
		err = fmt.Errorf("%w: entry %d is not quarantined", vault.ErrUsage, entry)
	}
	if err != nil {
		return a, nil, err
	}
	if a = as[0]; a.Header.Kind == vault.KindTombstone {
		return a, nil, nil
	}
	if ok, err := c.row(ctx, []any{&b}, "SELECT body FROM payload WHERE entry=?", entry); err != nil || ok {
		return a, b, err
	}
	if b, err = sharedBody(ctx, c, a.Header); err == nil && b == nil {
		if n, err := purgedBy(ctx, c, a.Header.Record, a.Header.Payload); err != nil || n >= 0 {
			return a, nil, err
		}
		err = fmt.Errorf("%w: entry %d has no payload", vault.ErrIntegrity, entry)
	}
	return a, b, err
}

// Adopt writes quarantined entries into the own log; see vault.Asides.
func (s *Store) Adopt(ctx context.Context, entries []int64, notes []vault.Note) (n int, err error) {
	if len(entries)+len(notes) > maxEntries {
		return 0, fmt.Errorf("%w: more than %d entries at once", vault.ErrLimit, maxEntries)
	}
	entries = slices.Compact(slices.Sorted(slices.Values(entries)))
	seg := vault.Segment{}
	err = s.read(ctx, func(c *conn) error {
		for _, e := range entries {
			a, b, err := aside(ctx, c, e)
			if err != nil {
				return err
			}
			if a.Header.Kind == vault.KindPut && b == nil {
				continue
			}
			seg.Entries = append(seg.Entries, vault.SegmentEntry{Header: a.Header, Body: b})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := allHonest(seg.Entries); err != nil {
		return 0, mapError(err)
	}
	if err := s.lock(); err != nil {
		return 0, err
	}
	defer s.write.Unlock()
	puts := s.startOpening(seg.Entries)
	defer puts.end()
	err = s.commit(ctx, func(t *tx) error {
		a := &applier{tx: t, seg: seg, puts: puts, touched: map[int64]vault.RecordID{}, fresh: map[vault.RecordID]bool{}, urls: map[vault.RecordID]string{}}
		n, err = a.adopt(ctx, notes)
		return err
	})
	if err != nil {
		return 0, mapError(err)
	}
	if s.o.Committed != nil && n > 0 {
		s.o.Committed(s.head)
	}
	s.keeper.nudge()
	return n, nil
}

func (a *applier) adopt(ctx context.Context, notes []vault.Note) (n int, err error) {
	for _, e := range a.seg.Entries {
		p, err := a.puts.next()
		if err != nil {
			return 0, err
		}
		h, err := standing(ctx, a.w, e.Header.Record)
		if err != nil {
			return 0, err
		}
		if h.named(vault.RevisionIDOf(e.Header)) {
			continue
		}
		if p != nil {
			if err := a.citeNew(ctx, e.Header.Record, p.Resource.Cuts, 0); err != nil {
				return 0, err
			}
		}
		if err := a.take(ctx, p, e); err != nil {
			return 0, err
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	for _, note := range notes {
		if err := a.note(note); err != nil {
			return 0, err
		}
	}
	for record, id := range a.touched {
		if err := a.settle(ctx, record, id); err != nil {
			return 0, err
		}
	}
	return n, a.finish(ctx)
}
