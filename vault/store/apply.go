package store

import (
	"context"
	"encoding/json"
	"fmt"

	"phivault/vault"
	"phivault/vault/fhir"
)

// Apply takes in a segment of another device's log; see vault.Ledger.
func (s *Store) Apply(ctx context.Context, seg vault.Segment, merge vault.Merger) (vault.Applied, error) {
	if err := allHonest(seg.Entries); err != nil {
		return vault.Applied{}, err
	}
	if err := s.lock(); err != nil {
		return vault.Applied{}, err
	}
	defer s.write.Unlock()
	var done vault.Applied
	puts := s.startOpening(seg.Entries)
	defer puts.end()
	err := s.commit(ctx, func(t *tx) error {
		a := &applier{tx: t, seg: seg, puts: puts, merge: merge, touched: map[int64]vault.RecordID{}}
		err := a.run(ctx)
		done = a.done
		return err
	})
	if err != nil {
		return vault.Applied{}, mapError(err)
	}
	if s.o.Committed != nil {
		s.o.Committed(s.head)
	}
	s.keeper.nudge()
	return done, nil
}

// applier is one segment being applied.
type applier struct {
	*tx
	seg     vault.Segment
	puts    *opening
	merge   vault.Merger
	done    vault.Applied
	touched map[int64]vault.RecordID // records known before that gained a revision
	fresh   map[vault.RecordID]bool
	urls    map[vault.RecordID]string
}

func (a *applier) run(ctx context.Context) error {
	log, err := a.log(ctx)
	if err != nil {
		return err
	}
	a.urls, a.fresh = map[vault.RecordID]string{}, map[vault.RecordID]bool{}
	if err := a.readURLs(a.seg.Entries); err != nil {
		return err
	}
	first := a.s.next.entry
	for i, e := range a.seg.Entries {
		if i&63 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		take := a.take
		if a.seg.Quarantined {
			take = a.keep
		}
		p, err := a.puts.next()
		if err != nil {
			return err
		}
		if err := take(ctx, p, e); err != nil {
			return err
		}
	}
	if err := a.remove(ctx); err != nil {
		return err
	}
	a.done.Entries = len(a.seg.Entries)
	last := a.s.next.entry - 1
	if err := a.closeBatch(ctx, log, first); err != nil {
		return err
	}
	if err := a.s.addSegment(log, a.seg, first, last); err != nil {
		return err
	}
	a.headers = nil // what follows is the own log's
	for record, id := range a.touched {
		if err := a.settle(ctx, record, id); err != nil {
			return err
		}
	}
	if len(a.headers) == 0 {
		return a.index(ctx)
	}
	return a.finish(ctx)
}

// log numbers the segment's log and makes sure that the segment is its next.
func (a *applier) log(ctx context.Context) (int64, error) {
	id := a.seg.Log
	var log int64
	ok, err := a.w.row(ctx, []any{&log}, "SELECT log FROM log WHERE device=? AND number=?", id.Device[:], int64(id.Number))
	if err != nil {
		return 0, err
	}
	if !ok {
		if err := a.w.run("INSERT INTO log(device,number) VALUES(?,?)", id.Device[:], int64(id.Number)); err != nil {
			return 0, err
		}
		if _, err := a.w.row(ctx, []any{&log}, "SELECT log FROM log WHERE device=? AND number=?", id.Device[:], int64(id.Number)); err != nil {
			return 0, err
		}
	}
	last, had, err := lastSegment(ctx, a.w, log)
	if err != nil {
		return 0, err
	}
	next := uint64(0)
	if had {
		next = uint64(last.seq) + 1
	}
	if log == ownLog || a.seg.Seq != next {
		return 0, fmt.Errorf("%w: segment %d is not the next of its log, which is %d", vault.ErrUsage, a.seg.Seq, next)
	}
	return log, nil
}

// closeBatch gives the segment's entries their place in their log's chain, and the
// times at which they were made; where the writer did not say, that of its segment.
func (a *applier) closeBatch(ctx context.Context, log, first int64) error {
	if len(a.headers) == 0 {
		return nil
	}
	chain := vault.ChainStart(a.s.o.VaultID, a.seg.Log.Device, a.seg.Log.Number)
	var b []byte
	ok, err := a.w.row(ctx, []any{&b}, "SELECT chain FROM batch WHERE log=? ORDER BY last DESC LIMIT 1", log)
	if err != nil {
		return err
	}
	if ok {
		copy(chain[:], b)
	}
	runs, sent, headers := a.seg.Made, len(a.seg.Made) == 0, a.headers
	if sent {
		runs = []vault.Run{{Entries: len(headers), At: a.seg.Clock}}
	}
	for _, r := range runs {
		if r.Entries < 1 || r.Entries > len(headers) {
			return fmt.Errorf("%w: a segment says of other entries when they were made", vault.ErrIntegrity)
		}
		for _, h := range headers[:r.Entries] {
			chain = chain.Next(h)
		}
		headers = headers[r.Entries:]
		first += int64(r.Entries)
		if err := a.w.run("INSERT INTO batch(last,log,count,at,chain,out,sent) VALUES(?,?,?,?,?,?,?)",
			first-1, log, r.Entries, r.At.UnixMilli(), chain[:], a.seg.Quarantined, sent); err != nil {
			return err
		}
	}
	if len(headers) > 0 {
		return fmt.Errorf("%w: a segment does not say of all entries when they were made", vault.ErrIntegrity)
	}
	return nil
}

// readURLs gathers the full URLs that the segment's imports noted.
func (a *applier) readURLs(entries []vault.SegmentEntry) error {
	for _, e := range entries {
		if e.Header.Kind != vault.KindImport || e.Body == nil {
			continue
		}
		p, err := a.s.pack.unpack(e.Body)
		if err != nil {
			return err
		}
		var n vault.ImportNote
		if err := json.Unmarshal(p, &n); err != nil {
			return fmt.Errorf("%w: an import note", vault.ErrIntegrity)
		}
		for url, id := range n.URLs {
			if r, err := vault.ParseRecordID(id); err == nil {
				a.urls[r] = url
			}
		}
	}
	return nil
}

// take appends one entry; p is its put, or nil.
func (a *applier) take(ctx context.Context, p *vault.Put, e vault.SegmentEntry) error {
	switch h := e.Header; h.Kind {
	case vault.KindPut:
		p, gone, err := a.without(ctx, p, e)
		if err != nil {
			return err
		}
		if gone {
			return a.takeGone(ctx, h)
		}
		return a.takePut(ctx, p, h)
	case vault.KindPurge:
		return a.takePurge(e)
	case vault.KindTombstone:
		k, ok, err := a.known(ctx, h.Record)
		if err != nil {
			return err
		}
		if !ok { // of a record that only a removed device's quarantined segments hold
			_, err = a.entry(h, 0, nil)
			return err
		}
		a.touched[k.record] = h.Record
		_, err = a.entry(h, k.record, nil)
		return err
	case vault.KindBlob:
		_, gone, err := a.without(ctx, nil, e)
		if err != nil {
			return err
		}
		if gone {
			e.Body = nil
		}
		n, err := a.entry(h, 0, e.Body)
		if err != nil || gone {
			return err
		}
		return a.takeBlob(ctx, e, n)
	default:
		_, err := a.entry(h, 0, e.Body)
		return err
	}
}

func (a *applier) takePut(ctx context.Context, p *vault.Put, h vault.Header) error {
	k, ok, err := a.known(ctx, h.Record)
	if err != nil {
		return err
	}
	if p == nil {
		return fmt.Errorf("%w: record %s comes without its content", vault.ErrIntegrity, h.Record)
	}
	p.FullURL = a.urls[p.ID]
	if !ok {
		// It may follow a revision of a removed device that is not applied here:
		// the journal has seen to it that nothing else is missing.
		a.done.New++
		a.fresh[h.Record] = true
		_, err := a.insert(ctx, p, h)
		return err
	}
	history, err := revisionRows(ctx, a.w, k.record, h.Record)
	if err != nil {
		return err
	}
	if a.s.purges {
		if err := a.fill(ctx, k.record, p); err != nil {
			return err
		}
	}
	body := p.Body
	if history.named(vault.RevisionIDOf(h)) {
		body = nil // the same revision, written apart
	}
	a.touched[k.record] = h.Record
	_, err = a.entry(h, k.record, body)
	return err
}

func (a *applier) takeBlob(ctx context.Context, e vault.SegmentEntry, entry int64) error {
	sum, err := a.s.noteSum(e.Body)
	if err != nil {
		return err
	}
	var blob int64
	ok, err := a.w.row(ctx, []any{&blob}, "SELECT blob FROM blob WHERE sha256=?", sum[:])
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("attachment: %w", vault.ErrNotFound)
	}
	return a.w.run("UPDATE blob SET entry=? WHERE blob=? AND entry IS NULL", entry, blob)
}

// settle brings a record's row and index to what its history says now.
func (a *applier) settle(ctx context.Context, record int64, id vault.RecordID) error {
	k, _, err := a.known(ctx, id)
	if err != nil {
		return err
	}
	h, err := revisionRows(ctx, a.w, record, id)
	if err != nil {
		return err
	}
	if _, state, err := h.shown(); err != nil {
		return err
	} else if state == stateConflict && a.merge != nil {
		if err := a.mergeHeads(ctx, record, id, h); err != nil {
			return err
		}
	}
	if !a.gone.hidden[record] {
		if k.state != stateDeleted {
			a.unindex(k.doc)
		}
		if err := a.unname(ctx, k, id); err != nil {
			return err
		}
	}
	state, err := a.rebuild(ctx, rebuilt{record: record, id: id}, a.urls[id])
	if err != nil {
		return err
	}
	switch {
	case a.fresh[id] && state == stateLive:
	case state == stateConflict && k.state != stateConflict:
		a.done.Conflicts++
	case state == stateDeleted:
		a.done.Deleted++
	default:
		a.done.Changed++
	}
	return nil
}

// mergeHeads adds the revision that joins two heads, when the rules allow it.
// It names both as parents, so that every device makes the same one.
func (a *applier) mergeHeads(ctx context.Context, record int64, id vault.RecordID, h history) error {
	heads := h.heads()
	if len(heads) != 2 || heads[0].header.Kind != vault.KindPut || heads[1].header.Kind != vault.KindPut {
		return nil
	}
	ancestor := h.ancestor(heads[0], heads[1])
	if ancestor == nil || ancestor.header.Kind != vault.KindPut || ancestor.gone || heads[0].gone || heads[1].gone {
		return nil
	}
	var res [3]vault.Resource
	var source string
	for i, r := range []*revisionRow{ancestor, heads[0], heads[1]} {
		b, err := h.body(ctx, a.w, r)
		if err != nil {
			return err
		}
		if res[i], source, err = a.s.resource(b, r.header.Payload, fhir.Options{}); err != nil {
			return err
		}
	}
	merged := a.merge(&res[0], &res[1], &res[2])
	if merged == nil {
		return nil
	}
	p := &vault.Put{ID: id, Source: source, Resource: &vault.Resource{JSON: merged}}
	if err := a.s.Prepare(p); err != nil {
		return err
	}
	parents := []vault.RevisionID{heads[0].id, heads[1].id}
	vault.SortRevisions(parents)
	_, err := a.entry(vault.Header{Kind: vault.KindPut, Record: id, Parents: parents, Payload: p.Payload, Length: p.Length}, record, p.Body)
	return err
}
