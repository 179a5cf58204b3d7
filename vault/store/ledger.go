package store

import (
	"context"
	"fmt"
	"time"

	"phivault/vault"
)

var _ vault.Ledger = (*Store)(nil)

// segmentRow is a segment as it lies in the table.
type segmentRow struct {
	log, seq, first, last int64
	hash                  vault.Hash
	clock                 int64
	head                  []byte
	out                   bool
}

const segmentColumns = "SELECT log,seq,hash,clock,first,last,head,out FROM segment "

func scanSegment(scan func(...any) error) (s segmentRow, err error) {
	var hash []byte
	if err := scan(&s.log, &s.seq, &hash, &s.clock, &s.first, &s.last, &s.head, &s.out); err != nil {
		return s, err
	}
	copy(s.hash[:], hash)
	return s, nil
}

// lastSegment gives the newest segment of a log; ok is false when it has none.
func lastSegment(ctx context.Context, c *conn, log int64) (s segmentRow, ok bool, err error) {
	err = c.rows(ctx, func(scan func(...any) error) (err error) {
		s, err = scanSegment(scan)
		ok = true
		return err
	}, segmentColumns+"WHERE log=? ORDER BY seq DESC LIMIT 1", log)
	return s, ok, err
}

// Cut makes the own log's next segment; see vault.Ledger.
func (s *Store) Cut(ctx context.Context, l vault.CutLimits, sign func(vault.Draft) ([]byte, vault.Hash, error)) (seg vault.Segment, ok bool, err error) {
	if err := s.lock(); err != nil {
		return vault.Segment{}, false, err
	}
	defer s.write.Unlock()
	err = s.w.transact(ctx, func() error {
		seg, ok, err = s.cut(ctx, l, sign)
		return err
	})
	if err != nil {
		return vault.Segment{}, false, mapError(err)
	}
	if ok {
		s.fresh.put(seg)
		s.keeper.nudge()
	}
	return seg, ok, nil
}

func (s *Store) cut(ctx context.Context, l vault.CutLimits, sign func(vault.Draft) ([]byte, vault.Hash, error)) (seg vault.Segment, ok bool, err error) {
	row, had, err := lastSegment(ctx, s.w, ownLog)
	if err != nil {
		return seg, false, err
	}
	d := vault.Draft{Clock: s.o.Clock()}
	if d.Log, err = ownID(ctx, s.w); err != nil {
		return seg, false, err
	}
	if had {
		d.Seq, d.Prev = uint64(row.seq)+1, row.hash
	}
	n := row.last + 1
	first, last := n, n-1
	err = s.logEntries(ctx, s.w, ownLog, n, 1<<62, true, func(e vault.Entry, body []byte) error {
		size := travels(e.Header, body, l.Apart)
		if n := len(d.Made); n > 0 && !d.Made[n-1].At.Equal(e.At) {
			size += vault.RunSize
		}
		if len(seg.Entries) == l.Entries || l.Bytes > 0 && d.Bytes+size > l.Bytes && len(seg.Entries) > 0 {
			d.More = true
			return errStop
		}
		d.Bytes += size
		if len(seg.Entries) == 0 {
			first = e.Number
		}
		last = e.Number
		seg.Entries = append(seg.Entries, vault.SegmentEntry{Header: e.Header, Body: body})
		d.Entries = append(d.Entries, e.Header)
		if n := len(d.Made); n > 0 && d.Made[n-1].At.Equal(e.At) {
			d.Made[n-1].Entries++
		} else {
			d.Made = append(d.Made, vault.Run{Entries: 1, At: e.At})
		}
		return nil
	})
	if err != nil || len(seg.Entries) == 0 && !l.Empty {
		return seg, false, err
	}
	if d.Heads, err = s.movedHeads(ctx, d.Seq%64 == 0); err != nil {
		return seg, false, err
	}
	head, hash, err := sign(d)
	if err != nil {
		return seg, false, err
	}
	seg.Place, seg.Head, seg.Clock = vault.Place{Log: d.Log, Seq: d.Seq, Hash: hash}, head, d.Clock
	for _, h := range d.Heads {
		n, err := logNumber(ctx, s.w, h.Log)
		if err != nil {
			return seg, false, err
		}
		if err := s.w.run("INSERT INTO cited(log,seq) VALUES(?,?) ON CONFLICT(log) DO UPDATE SET seq=excluded.seq", n, int64(h.Seq)); err != nil {
			return seg, false, err
		}
	}
	return seg, true, s.addSegment(ownLog, seg, first, last)
}

// travels is the bytes that an entry has in a segment's object: its header, its
// body and the body's length.
func travels(h vault.Header, body []byte, apart int) int64 {
	n := 1 + 16 + 2 + 32*len(h.Parents) + 32 + 8 + 4
	if apart == 0 || len(body) <= apart {
		n += len(body)
	}
	if body == nil && h.Length > 0 {
		n++ // what says that it is gone
	}
	return int64(n)
}

func (s *Store) addSegment(log int64, seg vault.Segment, first, last int64) error {
	return s.w.run("INSERT INTO segment(log,seq,hash,clock,first,last,head,out) VALUES(?,?,?,?,?,?,?,?)",
		log, int64(seg.Seq), seg.Hash[:], seg.Clock.UnixMilli(), first, last, seg.Head, seg.Quarantined)
}

// movedHeads are the other logs' last segments that no own segment cited yet,
// or all of them.
func (s *Store) movedHeads(ctx context.Context, all bool) (heads []vault.Place, err error) {
	err = s.w.rows(ctx, func(scan func(...any) error) error {
		p, err := scanPlace(scan)
		heads = append(heads, p)
		return err
	}, placeColumns+`WHERE g.log<>? AND g.seq=(SELECT max(seq) FROM segment WHERE log=g.log)
		AND (? OR g.seq>coalesce((SELECT c.seq FROM cited c WHERE c.log=g.log),-1)) ORDER BY l.device,l.number`, ownLog, all)
	return heads, err
}

const placeColumns = "SELECT l.device,l.number,g.seq,g.hash FROM segment g JOIN log l ON l.log=g.log "

func scanPlace(scan func(...any) error) (p vault.Place, err error) {
	var device, hash []byte
	var number, seq int64
	if err := scan(&device, &number, &seq, &hash); err != nil {
		return p, err
	}
	copy(p.Log.Device[:], device)
	p.Log.Number, p.Seq = uint64(number), uint64(seq)
	copy(p.Hash[:], hash)
	return p, nil
}

// Places are the last segments of all logs; see vault.Ledger.
func (s *Store) Places(ctx context.Context) (places []vault.Place, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.rows(ctx, func(scan func(...any) error) error {
			p, err := scanPlace(scan)
			places = append(places, p)
			return err
		}, placeColumns+"WHERE g.seq=(SELECT max(seq) FROM segment WHERE log=g.log) ORDER BY l.device,l.number")
	})
	return places, err
}

// Segment gives a segment as it was signed; see vault.Ledger.
func (s *Store) Segment(ctx context.Context, log vault.LogID, seq uint64) (seg vault.Segment, err error) {
	if err := s.usable(); err != nil {
		return seg, err
	}
	if seg, ok := s.fresh.take(log, seq); ok {
		return seg, nil
	}
	err = s.read(ctx, func(c *conn) error {
		n, err := logNumber(ctx, c, log)
		if err != nil {
			return err
		}
		var row segmentRow
		found := false
		err = c.rows(ctx, func(scan func(...any) error) (err error) {
			row, err = scanSegment(scan)
			found = true
			return err
		}, segmentColumns+"WHERE log=? AND seq=?", n, int64(seq))
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("segment: %w", vault.ErrNotFound)
		}
		seg = vault.Segment{Place: vault.Place{Log: log, Seq: seq, Hash: row.hash}, Head: row.head, Clock: time.UnixMilli(row.clock).UTC(), Quarantined: row.out}
		return s.logEntries(ctx, c, n, row.first, row.last, true, func(e vault.Entry, body []byte) error {
			se := vault.SegmentEntry{Header: e.Header, Body: body}
			if body == nil && e.Header.Length > 0 {
				by, err := purgedBy(ctx, c, e.Header.Record, e.Header.Payload)
				if err != nil {
					return err
				}
				se.Gone = by > 0
			}
			seg.Entries = append(seg.Entries, se)
			return nil
		})
	})
	return seg, err
}

// logEntries gives the entries of one log from number first to last, which may
// have those of other logs between them, with their times. A body that is kept only under another
// entry of the same revision is found there.
func (s *Store) logEntries(ctx context.Context, c *conn, log, first, last int64, bodies bool, each func(vault.Entry, []byte) error) error {
	columns := headerColumns
	if bodies {
		columns = entryColumns
	}
	for first <= last {
		b, ok, err := nextBatch(ctx, c, log, first)
		if err != nil || !ok {
			return err
		}
		from := max(first, b.last-b.count+1)
		if from > last {
			return nil
		}
		stopped := false
		err = c.rows(ctx, func(scan func(...any) error) error {
			e, body, err := scanEntry(scan)
			if err != nil {
				return err
			}
			if bodies && body == nil && e.Header.Length > 0 {
				if body, err = sharedBody(ctx, c, e.Header); err != nil {
					return err
				}
			}
			e.At = b.at
			err = each(e, body)
			stopped = err == errStop
			return err
		}, columns+"WHERE e.entry BETWEEN ? AND ? ORDER BY e.entry", from, min(b.last, last))
		if err != nil || stopped {
			return err
		}
		first = b.last + 1
	}
	return nil
}

func nextBatch(ctx context.Context, c *conn, log, entry int64) (b batch, ok bool, err error) {
	err = c.rows(ctx, func(scan func(...any) error) (err error) {
		b, err = scanBatch(scan)
		ok = true
		return err
	}, batchColumns+"WHERE b.last>=? AND b.log=? ORDER BY b.last LIMIT 1", entry, log)
	return b, ok, err
}

// sharedBody finds the body of a put among the other entries of its record.
func sharedBody(ctx context.Context, c *conn, h vault.Header) (b []byte, err error) {
	for _, q := range []string{
		`SELECT p.body FROM record r JOIN entry e ON e.record=r.record JOIN payload p ON p.entry=e.entry
			WHERE r.id=? AND e.sha256=? LIMIT 1`,
		`SELECT p.body FROM entry e JOIN payload p ON p.entry=e.entry
			WHERE e.about=? AND e.record IS NULL AND e.kind<=2 AND e.sha256=? LIMIT 1`,
	} {
		if ok, err := c.row(ctx, []any{&b}, q, h.Record[:], h.Payload[:]); err != nil || ok {
			return b, err
		}
	}
	return nil, nil
}

func logNumber(ctx context.Context, c *conn, log vault.LogID) (n int64, err error) {
	ok, err := c.row(ctx, []any{&n}, "SELECT log FROM log WHERE device=? AND number=?", log.Device[:], int64(log.Number))
	if err == nil && !ok {
		err = fmt.Errorf("log: %w", vault.ErrNotFound)
	}
	return n, err
}

// Mark remembers how far a log was seen at a remote; see vault.Ledger.
func (s *Store) Mark(ctx context.Context, remote string, log vault.LogID, next uint64) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.write.Unlock()
	n, err := logNumber(ctx, s.w, log)
	if err != nil {
		return mapError(err)
	}
	return mapError(s.w.run("INSERT INTO sent(remote,log,next) VALUES(?,?,?) ON CONFLICT(remote,log) DO UPDATE SET next=excluded.next", remote, n, int64(next)))
}

// Marked gives what Mark remembered.
func (s *Store) Marked(ctx context.Context, remote string) (map[vault.LogID]uint64, error) {
	marks := map[vault.LogID]uint64{}
	err := s.read(ctx, func(c *conn) error {
		return c.rows(ctx, func(scan func(...any) error) error {
			var device []byte
			var number, next int64
			if err := scan(&device, &number, &next); err != nil {
				return err
			}
			marks[vault.LogID{Device: [16]byte(device), Number: uint64(number)}] = uint64(next)
			return nil
		}, "SELECT l.device,l.number,s.next FROM sent s JOIN log l ON l.log=s.log WHERE s.remote=?", remote)
	})
	return marks, err
}
