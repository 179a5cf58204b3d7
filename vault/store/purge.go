package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
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

// without reports whether an entry is taken without content: a purge that stands
// names it, or its sender says that one does and it is nowhere here. Else it gives
// the entry's put.
func (a *applier) without(ctx context.Context, p *vault.Put, e vault.SegmentEntry) (*vault.Put, bool, error) {
	h := e.Header
	if gone, err := a.removed(ctx, h.Record, h.Payload); gone || err != nil || !e.Gone {
		return p, gone, err
	}
	if h.Kind == vault.KindPut {
		b, err := sharedBody(ctx, a.w, h)
		if err != nil {
			return nil, false, err
		}
		if b != nil {
			puts, err := a.s.openSome([]vault.SegmentEntry{{Header: h, Body: b}})
			if err != nil {
				return nil, false, err
			}
			return puts[0], false, nil
		}
	}
	a.s.purges = true
	return nil, true, a.w.run("INSERT OR IGNORE INTO purge(record,sha256,entry) VALUES(?,?,0)", h.Record[:], h.Payload[:])
}

// takeGone appends a put without its content. Its record has a row all the same.
func (a *applier) takeGone(ctx context.Context, h vault.Header) error {
	k, ok, err := a.known(ctx, h.Record)
	if err != nil {
		return err
	}
	if !ok {
		if k.record, err = a.blank(ctx, h.Record); err != nil {
			return err
		}
		if a.s.loose {
			if _, err := a.link(ctx, k.record, h.Record); err != nil {
				return err
			}
		}
	}
	a.touched[k.record] = h.Record
	_, err = a.entry(h, k.record, nil)
	return err
}

// blank adds a record that is found by nothing yet.
func (t *tx) blank(ctx context.Context, id vault.RecordID) (int64, error) {
	record := t.s.next.record
	t.s.next.record++
	if record > 0xffffffff {
		return 0, fmt.Errorf("%w: records in one vault", vault.ErrLimit)
	}
	none, err := t.word(ctx, "")
	if err != nil {
		return 0, err
	}
	return record, t.w.run("INSERT INTO record(record,id,type,source,doc,head,revisions,state) VALUES(?,?,?,?,?,0,0,?)",
		record, id[:], none, none, record, stateDeleted)
}

// fill gives a content that was said to be gone to all entries that lack it.
func (a *applier) fill(ctx context.Context, record int64, p *vault.Put) error {
	if n, err := purgedBy(ctx, a.w, p.ID, p.Payload); err != nil || n != 0 {
		return err
	}
	if err := a.w.run("DELETE FROM purge WHERE record=? AND sha256=? AND entry=0", p.ID[:], p.Payload[:]); err != nil {
		return err
	}
	return a.w.run("INSERT OR IGNORE INTO payload(entry,body) SELECT entry,? FROM entry WHERE record=? AND kind=1 AND sha256=?", p.Body, record, p.Payload[:])
}

// takePurge appends a purge. What it removes goes when all of the transaction's
// entries are there.
func (a *applier) takePurge(e vault.SegmentEntry) error {
	p, err := a.s.pack.unpack(e.Body)
	if err != nil {
		return err
	}
	contents, err := vault.DecodePurge(p)
	if err != nil {
		return err
	}
	n, err := a.entry(e.Header, 0, e.Body)
	a.name(contents, n)
	return err
}

func (a *applier) name(contents []vault.Content, purge int64) {
	for _, c := range contents {
		a.gone.named, a.gone.by = append(a.gone.named, c), append(a.gone.by, purge)
	}
}

// remove takes named contents out of the vault: payloads, attachments, and all that
// they were found by. The records they were of are left to settle.
func (a *applier) remove(ctx context.Context) error {
	for _, c := range a.gone.named {
		k, ok, err := a.known(ctx, c.Record)
		if err != nil {
			return err
		}
		if !ok || a.gone.hidden[k.record] {
			continue
		}
		if err := a.conceal(ctx, k, c.Record); err != nil {
			return err
		}
		a.touched[k.record] = c.Record
	}
	return a.erase(ctx)
}

// conceal takes a record out of everything that it is found by. What is still to be
// said of it says settle.
func (a *applier) conceal(ctx context.Context, k known, id vault.RecordID) error {
	var url string
	if ok, err := a.w.row(ctx, []any{&url}, "SELECT url FROM url WHERE record=?", k.record); err != nil {
		return err
	} else if ok && a.urls[id] == "" {
		a.urls[id] = url
	}
	a.gone.hide(k.record)
	return a.hide(ctx, id)
}

func (p *purging) hide(record int64) {
	if p.hidden == nil {
		p.hidden = map[int64]bool{}
	}
	p.hidden[record] = true
}

// erase removes the named contents themselves.
func (a *applier) erase(ctx context.Context) error {
	if len(a.gone.named) == 0 {
		return nil
	}
	a.s.purges = true
	a.gone.words, a.gone.said, a.gone.seen = map[string]struct{}{}, map[string]struct{}{}, map[int64]bool{}
	for i, c := range a.gone.named {
		if err := a.w.run("INSERT OR IGNORE INTO purge(record,sha256,entry) VALUES(?,?,?)", c.Record[:], c.Payload[:], a.gone.by[i]); err != nil {
			return err
		}
		if err := a.w.run("DELETE FROM purge WHERE record=? AND sha256=? AND entry=0", c.Record[:], c.Payload[:]); err != nil {
			return err
		}
	}
	var dropped []int64 // entries of attachments
	var sums []vault.Hash
	for _, c := range a.gone.named {
		found, err := a.bodiesOf(ctx, c)
		if err != nil {
			return err
		}
		for i, f := range found {
			switch {
			case f.kind == vault.KindBlob:
				sum, err := a.s.noteSum(f.body)
				if err != nil {
					return err
				}
				dropped, sums = append(dropped, f.entry), append(sums, sum)
			case i == 0:
				a.gone.sum.Contents++
				if err := a.remember(ctx, c, f.body); err != nil {
					return err
				}
			}
			if err := a.w.run("DELETE FROM payload WHERE entry=?", f.entry); err != nil {
				return err
			}
		}
	}
	for i, e := range dropped {
		if err := a.uncite(ctx, e, sums[i]); err != nil {
			return err
		}
	}
	return nil
}

type foundBody struct {
	entry int64
	kind  vault.Kind
	body  []byte
}

// bodiesOf gives every copy of a content that is here, quarantined ones too.
func (t *tx) bodiesOf(ctx context.Context, c vault.Content) (out []foundBody, err error) {
	for _, q := range []string{
		"SELECT e.entry,e.kind,p.body FROM record r JOIN entry e ON e.record=r.record JOIN payload p ON p.entry=e.entry WHERE r.id=? AND e.sha256=? AND e.kind=1",
		"SELECT e.entry,e.kind,p.body FROM entry e JOIN payload p ON p.entry=e.entry WHERE e.about=? AND e.sha256=? AND e.record IS NULL AND e.kind<=2",
		"SELECT e.entry,e.kind,p.body FROM entry e JOIN payload p ON p.entry=e.entry WHERE e.about=? AND e.sha256=? AND e.kind=5",
	} {
		err := t.w.rows(ctx, func(scan func(...any) error) error {
			var f foundBody
			var kind int64
			err := scan(&f.entry, &kind, &f.body)
			f.kind = vault.Kind(kind)
			out = append(out, f)
			return err
		}, q, c.Record[:], c.Payload[:])
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// remember keeps the words of a content until it is gone, so that those which
// nothing else has can go too.
func (a *applier) remember(ctx context.Context, c vault.Content, body []byte) error {
	r, source, err := a.s.resource(body, c.Payload, fhir.Options{Note: a.s.notes(ctx, a.w)})
	if err != nil {
		return err
	}
	for term := range strings.SplitSeq(string(termsOf(&r)), " ") {
		if inVocabulary(term) {
			a.gone.words[strings.Clone(term)] = struct{}{}
		}
	}
	w := r.Row()
	phrasesIn(briefOf(&w), func(data string) { a.gone.said[data] = struct{}{} })
	refs := []string{subjectRef(r.Subject)}
	if r.Type == "Patient" {
		refs = selfRefs(&vault.Put{ID: c.Record, FullURL: a.urls[c.Record], Resource: &r})
	}
	for _, ref := range refs {
		var n int64
		ok, err := a.w.row(ctx, []any{&n}, "SELECT s.subject FROM subject s JOIN word w ON w.word=s.source WHERE w.text=? AND s.ref=?", source, ref)
		if err != nil {
			return err
		}
		if ok {
			a.gone.seen[n] = true
		}
	}
	return a.w.rows(ctx, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		a.gone.seen[n] = true
		return err
	}, "SELECT s.subject FROM record r JOIN subject s ON s.subject=r.subject OR s.record=r.record WHERE r.id=?", c.Record[:])
}

func (s *Store) noteSum(body []byte) (sum vault.Hash, err error) {
	p, err := s.pack.unpack(body)
	if err != nil {
		return sum, err
	}
	var n BlobNote
	b, bad := []byte(nil), json.Unmarshal(p, &n)
	if bad == nil {
		b, bad = hex.DecodeString(n.SHA256)
	}
	if bad != nil || len(b) != len(sum) {
		return sum, fmt.Errorf("%w: a blob note", vault.ErrIntegrity)
	}
	return vault.Hash(b), nil
}

// uncite removes an attachment that the entry took in, unless another entry that is
// not purged brought the same one.
func (a *applier) uncite(ctx context.Context, entry int64, sum vault.Hash) error {
	var blob, by int64
	ok, err := a.w.row(ctx, []any{&blob, &by}, "SELECT blob,coalesce(entry,0) FROM blob WHERE sha256=?", sum[:])
	if err != nil || !ok || by != entry {
		return err
	}
	other := int64(0)
	err = a.w.rows(ctx, func(scan func(...any) error) error {
		var e int64
		var body []byte
		if err := scan(&e, &body); err != nil {
			return err
		}
		s, err := a.s.noteSum(body)
		if err == nil && s == sum {
			other, err = e, errStop
		}
		return err
	}, "SELECT e.entry,p.body FROM entry e JOIN payload p ON p.entry=e.entry WHERE e.kind=5 ORDER BY e.entry")
	if err != nil {
		return err
	}
	if other != 0 {
		return a.w.run("UPDATE blob SET entry=? WHERE blob=?", other, blob)
	}
	a.gone.sum.Attachments++
	return dropBlob(a.w, blob)
}

// scrub takes what removed content left in views that are shared: words, spellings
// of patients, and what the full-text index still holds of rows that it lost. It
// comes when the index is written.
func (t *tx) scrub(ctx context.Context) error {
	if len(t.gone.words)+len(t.gone.seen) == 0 {
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
		if err := t.w.run("UPDATE subject SET record=? WHERE subject=?", null(means), n); err != nil {
			return err
		}
	}
	return nil
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
