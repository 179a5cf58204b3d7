package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"phivault/vault"
)

var _ vault.Quarantine = (*Store)(nil)

// outOf tells of entry e whether it is quarantined; NULL while its batch is being
// written.
const outOf = "(SELECT b.out FROM batch b WHERE b.last>=e.entry ORDER BY b.last LIMIT 1)"

// Withdraw makes segments quarantined, and others stand; see vault.Quarantine.
func (s *Store) Withdraw(ctx context.Context, from map[vault.LogID]uint64, merge vault.Merger) (done vault.Withdrawn, err error) {
	if s.o.ReadOnly {
		return done, s.read(ctx, func(c *conn) error {
			if flips, err := flips(ctx, c, from); err != nil || len(flips) == 0 {
				return err
			}
			return vault.ErrReadOnly
		})
	}
	if err := s.lock(); err != nil {
		return done, err
	}
	defer s.write.Unlock()
	flips, err := flips(ctx, s.w, from)
	if err != nil || len(flips) == 0 {
		return done, mapError(err)
	}
	err = s.commit(ctx, func(t *tx) error {
		w := &withdrawal{applier: applier{tx: t, merge: merge, urls: map[vault.RecordID]string{}}, ids: map[vault.RecordID]bool{}}
		err := w.run(ctx, flips)
		done = w.sum
		return err
	})
	if err != nil {
		return vault.Withdrawn{}, mapError(err)
	}
	if s.o.Committed != nil {
		s.o.Committed(s.head)
	}
	s.keeper.nudge()
	return done, nil
}

// flips are the segments of other logs that stand and must not, or the reverse.
// What is not in batches of its own, one after the other, this device wrote, in a log
// that it left: that stands.
func flips(ctx context.Context, c *conn, from map[vault.LogID]uint64) (flips []segmentRow, err error) {
	logs := map[int64]vault.LogID{}
	err = c.rows(ctx, func(scan func(...any) error) error {
		var n, number int64
		var device []byte
		if err := scan(&n, &device, &number); err != nil {
			return err
		}
		logs[n] = vault.LogID{Device: [16]byte(device), Number: uint64(number)}
		return nil
	}, "SELECT log,device,number FROM log WHERE log<>?", ownLog)
	if err != nil {
		return nil, err
	}
	for n, id := range logs {
		first := int64(math.MaxInt64)
		if f, ok := from[id]; ok {
			first = int64(min(f, math.MaxInt64))
		}
		err := c.rows(ctx, func(scan func(...any) error) error {
			r, err := scanSegment(scan)
			flips = append(flips, r)
			return err
		}, segmentColumns+`WHERE log=? AND out<>(seq>=?) AND (last<first OR
			(SELECT min(b.last-b.count+1)=segment.first AND sum(b.count)=segment.last-segment.first+1 FROM batch b
				WHERE b.log=segment.log AND b.last BETWEEN segment.first AND segment.last))`, n, first)
		if err != nil {
			return nil, err
		}
	}
	return flips, nil
}

// withdrawal is one Withdraw.
type withdrawal struct {
	applier
	ids map[vault.RecordID]bool // records that a flipped segment is about
	sum vault.Withdrawn

	void    []int64         // purges that stand no more
	unnamed []vault.Content // what they named
}

func (w *withdrawal) run(ctx context.Context, flips []segmentRow) error {
	for _, f := range flips {
		if err := w.gather(ctx, f); err != nil {
			return err
		}
	}
	for id := range w.ids {
		if err := w.hide(ctx, id); err != nil {
			return err
		}
	}
	for _, f := range flips {
		if f.out {
			w.sum.Back++
		} else {
			w.sum.Out++
		}
		if err := w.w.run("UPDATE segment SET out=? WHERE log=? AND seq=?", !f.out, f.log, f.seq); err != nil {
			return err
		}
		if f.last < f.first {
			continue
		}
		if err := w.w.run("UPDATE batch SET out=? WHERE log=? AND last BETWEEN ? AND ?", !f.out, f.log, f.first, f.last); err != nil {
			return err
		}
	}
	if err := w.voided(ctx); err != nil {
		return err
	}
	if err := w.erase(ctx); err != nil {
		return err
	}
	urls, err := w.s.urls(ctx)
	if err != nil {
		return err
	}
	w.urls = urls
	ids := make([]vault.RecordID, 0, len(w.ids))
	for id := range w.ids {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b vault.RecordID) int { return slices.Compare(a[:], b[:]) })
	for i, id := range ids {
		if i&63 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := w.show(ctx, id); err != nil {
			return fmt.Errorf("record %s: %w", id, err)
		}
	}
	if err := w.meanings(ctx); err != nil {
		return err
	}
	w.sum.Records = len(ids)
	w.s.loose = true
	if len(w.headers) == 0 {
		return w.index(ctx)
	}
	return w.finish(ctx)
}

// gather finds the records that a segment's entries and import notes are about.
func (w *withdrawal) gather(ctx context.Context, f segmentRow) error {
	var notes []vault.SegmentEntry
	err := w.w.rows(ctx, func(scan func(...any) error) error {
		e, body, err := scanEntry(scan)
		switch {
		case err != nil:
			return err
		case e.Header.Kind == vault.KindPut || e.Header.Kind == vault.KindTombstone:
			w.ids[e.Header.Record] = true
		case e.Header.Kind == vault.KindPurge:
			p, err := w.s.pack.unpack(body)
			if err != nil {
				return err
			}
			contents, err := vault.DecodePurge(p)
			if err != nil {
				return err
			}
			for _, c := range contents {
				w.ids[c.Record] = true
			}
			if f.out {
				w.name(contents, e.Number)
			} else {
				w.unnamed = append(w.unnamed, contents...)
				w.void = append(w.void, e.Number)
			}
		case e.Header.Kind == vault.KindImport:
			notes = append(notes, vault.SegmentEntry{Header: e.Header, Body: body})
		}
		return nil
	}, entryColumns+"WHERE e.entry BETWEEN ? AND ?", f.first, f.last)
	if err != nil {
		return err
	}
	if err := w.readURLs(notes); err != nil {
		return err
	}
	for id := range w.urls {
		w.ids[id] = true
	}
	return nil
}

// hide takes a record out of everything that it is found by.
func (w *applier) hide(ctx context.Context, id vault.RecordID) error {
	k, ok, err := w.known(ctx, id)
	if err != nil || !ok {
		return err
	}
	if k.state != stateDeleted {
		w.unindex(k.doc)
	}
	if err := w.unname(ctx, k, id); err != nil {
		return err
	}
	var url, source string
	ok, err = w.w.row(ctx, []any{&url, &source}, "SELECT u.url,w.text FROM url u JOIN record r ON r.record=u.record JOIN word w ON w.word=r.source WHERE u.record=?", k.record)
	if err != nil || !ok {
		return err
	}
	if err := w.w.run("DELETE FROM name WHERE hash=? AND record=?", nameHash(source, "url", strings.ToLower(url)), k.record); err != nil {
		return err
	}
	return w.w.run("DELETE FROM url WHERE record=?", k.record)
}

// show links what stands of a record and makes its views, or removes the record
// when no put of it stands.
func (w *withdrawal) show(ctx context.Context, id vault.RecordID) error {
	k, known, err := w.known(ctx, id)
	if err != nil {
		return err
	}
	var standing, out []int64
	puts := 0
	each := func(scan func(...any) error) error {
		var entry, kind int64
		var quarantined bool
		if err := scan(&entry, &kind, &quarantined); err != nil {
			return err
		}
		if quarantined {
			out = append(out, entry)
			return nil
		}
		standing = append(standing, entry)
		if vault.Kind(kind) == vault.KindPut {
			puts++
		}
		return nil
	}
	const columns = "SELECT e.entry,e.kind," + outOf + " FROM entry e WHERE "
	if err := w.w.rows(ctx, each, columns+"e.record=?", k.record); err != nil {
		return err
	}
	if err := w.w.rows(ctx, each, columns+"e.about=? AND e.record IS NULL AND e.kind<=2", id[:]); err != nil {
		return err
	}
	if puts == 0 {
		out, standing = append(out, standing...), nil
	}
	for _, e := range out {
		if err := w.w.run("UPDATE entry SET record=NULL,about=? WHERE entry=?", id[:], e); err != nil {
			return err
		}
	}
	switch {
	case puts == 0 && known:
		return w.w.run("DELETE FROM record WHERE record=?", k.record)
	case puts == 0:
		return nil
	case !known:
		if k.record, err = w.blank(ctx, id); err != nil {
			return err
		}
	}
	for _, e := range standing {
		if err := w.w.run("UPDATE entry SET record=?,about=NULL WHERE entry=?", k.record, e); err != nil {
			return err
		}
	}
	return w.remake(ctx, k.record, id)
}

// remake makes the views of a record whose entries are linked and that is in no
// index.
func (w *withdrawal) remake(ctx context.Context, record int64, id vault.RecordID) error {
	h, err := revisionRows(ctx, w.w, record, id)
	if err != nil {
		return err
	}
	if err := w.bodies(ctx, h); err != nil {
		return err
	}
	if _, state, err := h.shown(); err != nil {
		return err
	} else if state == stateConflict && w.merge != nil {
		if err := w.mergeHeads(ctx, record, id, h); err != nil {
			return err
		}
	}
	_, err = w.rebuild(ctx, rebuilt{record: record, id: id}, w.urls[id])
	return err
}

// bodies makes sure that the entry which stands for a revision has its payload,
// which may lie under another entry of it.
func (w *withdrawal) bodies(ctx context.Context, h history) error {
	for _, r := range h {
		if r.header.Kind != vault.KindPut || r.gone {
			continue
		}
		has := false
		if _, err := w.w.row(ctx, []any{&has}, "SELECT EXISTS(SELECT 1 FROM payload WHERE entry=?)", r.entry); err != nil {
			return err
		}
		if has {
			continue
		}
		b, err := sharedBody(ctx, w.w, r.header)
		if err != nil {
			return err
		}
		if b == nil {
			return fmt.Errorf("%w: entry %d has no payload", vault.ErrIntegrity, r.entry)
		}
		if err := w.w.run("INSERT INTO payload(entry,body) VALUES(?,?)", r.entry, b); err != nil {
			return err
		}
	}
	return nil
}

// meanings resolves again the references to patients that are records no more.
func (w *withdrawal) meanings(ctx context.Context) error {
	type reference struct {
		subject     int64
		source, ref string
	}
	var lost []reference
	err := w.w.rows(ctx, func(scan func(...any) error) error {
		var r reference
		err := scan(&r.subject, &r.source, &r.ref)
		lost = append(lost, r)
		return err
	}, "SELECT s.subject,w.text,s.ref FROM subject s JOIN word w ON w.word=s.source WHERE s.record IS NOT NULL AND s.record NOT IN (SELECT record FROM record)")
	if err != nil {
		return err
	}
	for _, r := range lost {
		means, err := resolve(ctx, w.w, r.source, r.ref, "Patient")
		if err != nil && !isMissing(err) {
			return err
		}
		if err := w.w.run(meansNow, null(means), r.subject); err != nil {
			return err
		}
	}
	return nil
}

// link gives a record the deletions of it that came before its first put that
// stands, and reports whether there were any.
func (t *tx) link(ctx context.Context, record int64, id vault.RecordID) (bool, error) {
	var entries []int64
	err := t.w.rows(ctx, func(scan func(...any) error) error {
		var e int64
		err := scan(&e)
		entries = append(entries, e)
		return err
	}, "SELECT e.entry FROM entry e WHERE e.about=? AND e.record IS NULL AND e.kind<=2 AND coalesce("+outOf+",0)=0", id[:])
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if err := t.w.run("UPDATE entry SET record=?,about=NULL WHERE entry=?", record, e); err != nil {
			return false, err
		}
	}
	return len(entries) > 0, nil
}

// keep appends an entry of a quarantined segment: its payload is kept, and nothing
// else changes.
func (a *applier) keep(ctx context.Context, p *vault.Put, e vault.SegmentEntry) error {
	gone := false
	if k := e.Header.Kind; k == vault.KindPut || k == vault.KindBlob {
		var err error
		if p, gone, err = a.without(ctx, p, e); err != nil {
			return err
		}
	}
	switch {
	case gone:
		_, err := a.entry(e.Header, 0, nil)
		return err
	case e.Header.Kind == vault.KindPut && e.Body == nil && p != nil: // which is here already
		e.Body = p.Body
	case e.Header.Kind == vault.KindPut && p == nil:
		return fmt.Errorf("%w: record %s comes without its content", vault.ErrIntegrity, e.Header.Record)
	}
	n, err := a.entry(e.Header, 0, e.Body)
	if err != nil || e.Header.Kind != vault.KindBlob {
		return err
	}
	return a.takeBlob(ctx, e, n)
}

// voided forgets the purges that stand no more. What they removed stays removed, and
// is then unexplained.
func (w *withdrawal) voided(ctx context.Context) error {
	for _, e := range w.void {
		if err := w.w.run("DELETE FROM purge WHERE entry=?", e); err != nil {
			return err
		}
	}
	for _, c := range w.unnamed {
		if n, err := purgedBy(ctx, w.w, c.Record, c.Payload); err != nil || n >= 0 {
			if err != nil {
				return err
			}
			continue
		}
		err := w.w.run(`INSERT INTO purge(record,sha256,entry) SELECT ?1,?2,0 WHERE EXISTS(SELECT 1 FROM entry e LEFT JOIN payload p ON p.entry=e.entry
			WHERE p.entry IS NULL AND e.sha256=?2 AND (e.record=(SELECT record FROM record WHERE id=?1) AND e.kind=1
				OR e.about=?1 AND e.record IS NULL AND e.kind=1 OR e.about=?1 AND e.kind=5))`, c.Record[:], c.Payload[:])
		if err != nil {
			return err
		}
	}
	return nil
}
