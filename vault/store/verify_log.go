package store

import (
	"bytes"
	"context"
	"fmt"

	"phivault/vault"
	"phivault/vault/store/sqlite"
)

// deepRows are the entries of a batch with their payloads and the rows of the records
// that they are of; quickRows are the same without.
const (
	deepRows = `SELECT e.entry,e.kind,coalesce(r.id,e.about),e.parents,e.sha256,e.length,e.record,p.body,
		r.doc,r.head,r.state,r.type,r.source,r.subject,r.brief,r.sum
		FROM entry e LEFT JOIN record r ON r.record=e.record LEFT JOIN payload p ON p.entry=e.entry
		WHERE e.entry BETWEEN ? AND ? ORDER BY e.entry`
	quickRows = `SELECT e.entry,e.kind,coalesce(r.id,e.about),e.parents,e.sha256,e.length
		FROM entry e LEFT JOIN record r ON r.record=e.record WHERE e.entry BETWEEN ? AND ? ORDER BY e.entry`
)

// log recomputes the chain of each log batch by batch, and hands the payloads,
// unless quick, to a sifter.
func (v *verifier) log(ctx context.Context, c *snapshot) error {
	_, err := c.row(ctx, []any{&v.total}, "SELECT coalesce(max(entry),0) FROM entry") // they have no gaps
	if err = v.past("entry", err); err != nil {
		return err
	}
	l := &logCheck{v: v, snapshot: c}
	if v.quick {
		l.rows, err = c.all.Prepare(quickRows)
	} else if err = v.words(ctx, c.conn); err == nil {
		l.rows, err = c.all.Prepare(deepRows)
	}
	if err != nil {
		return err
	}
	defer l.rows.Close()
	if v.quick {
		return l.chains(ctx)
	}
	l.look = &reader{ctx: ctx, s: v.s, l: v.lore, c: c.conn}
	l.sift = newSifter(v)
	err = l.chains(ctx)
	l.sift.close()
	return err
}

// logCheck reads the log. sift and look are nil when it is quick.
type logCheck struct {
	*snapshot
	v    *verifier
	rows *sqlite.Stmt
	sift *sifter
	look *reader
}

// words reads the sources' names.
func (v *verifier) words(ctx context.Context, c *conn) error {
	v.sources = map[int64]string{}
	err := c.rows(ctx, func(scan func(...any) error) error {
		var n int64
		var text string
		if err := scan(&n, &text); err != nil {
			return err
		}
		v.sources[n] = text
		return nil
	}, "SELECT word,text FROM word")
	return v.past("word", err)
}

func (l *logCheck) chains(ctx context.Context) error {
	v, c := l.v, l.conn
	chains := map[int64]vault.Chain{}
	next := int64(1)
	for {
		batches, err := v.batches(ctx, c, next)
		if unreadable(err) { // what it got before that is good
			_ = v.past("batch", err)
			return nil
		}
		if err != nil || len(batches) == 0 {
			return v.tail(ctx, c, next, err)
		}
		for _, b := range batches {
			if b.last-b.count+1 != next {
				v.problem("log", fmt.Sprintf("entries %d to %d", next, b.last-b.count))
			}
			chain, ok := chains[b.log]
			if !ok {
				chain = vault.ChainStart(v.s.o.VaultID, b.device, uint64(b.number))
			}
			if chain, err = l.batch(ctx, b, chain); err != nil {
				return err
			}
			if chain != b.chain {
				v.problem("chain", fmt.Sprintf("entries %d to %d", b.last-b.count+1, b.last))
			}
			chains[b.log] = b.chain
			next = b.last + 1
			if b.log == ownLog {
				v.out.Chain = b.chain
			}
		}
	}
}

func (v *verifier) tail(ctx context.Context, c *conn, next int64, err error) error {
	if err != nil {
		return err
	}
	var beyond int64
	_, err = c.row(ctx, []any{&beyond}, "SELECT count(*) FROM entry WHERE entry>=?", next)
	if err = v.past("entry", err); err != nil {
		return err
	}
	if beyond > 0 {
		v.problem("log", fmt.Sprintf("entries from %d", next))
	}
	return nil
}

func (v *verifier) batches(ctx context.Context, c *conn, from int64) (out []batch, err error) {
	err = c.rows(ctx, func(scan func(...any) error) error {
		b, err := scanBatch(scan)
		out = append(out, b)
		return err
	}, batchColumns+"WHERE b.last>=? ORDER BY b.last LIMIT 256", from)
	return out, err
}

func (l *logCheck) batch(ctx context.Context, b batch, chain vault.Chain) (vault.Chain, error) {
	v := l.v
	first := b.last - b.count + 1
	n := int64(0)
	err := l.entries(ctx, first, b.last, func(h vault.Header) error {
		n++
		chain = chain.Next(h)
		v.out.Entries++
		if !b.out && (h.Kind == vault.KindPut || h.Kind == vault.KindTombstone) {
			v.out.Revisions++
		}
		if v.quick {
			return nil
		}
		return l.sifted(ctx, h)
	})
	if unreadable(err) { // the next batch goes on from what this one says
		return b.chain, v.past(fmt.Sprintf("entries %d to %d", first, b.last), err)
	}
	if err != nil { // who stops it has not found that anything lacks
		return chain, err
	}
	if n != b.count {
		v.problem("log", fmt.Sprintf("entries %d to %d", first, b.last))
	}
	if v.progress != nil {
		v.progress(v.out.Entries, v.total)
	}
	return chain, nil
}

// entries steps through entries and gives their headers.
func (l *logCheck) entries(ctx context.Context, first, last int64, each func(vault.Header) error) error {
	if err := l.rows.Query(first, last); err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n&63 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		more, err := l.rows.Step()
		if err != nil || !more {
			return err
		}
		h := vault.Header{Kind: vault.Kind(l.rows.Int(1)), Parents: splitRevisions(l.rows.Bytes(3)), Length: uint64(l.rows.Int(5))}
		copy(h.Record[:], l.rows.Bytes(2))
		copy(h.Payload[:], l.rows.Bytes(4))
		if err := each(h); err != nil {
			return err
		}
	}
}

// sifted hands the entry that rows stands at to the sifter.
func (l *logCheck) sifted(ctx context.Context, h vault.Header) (err error) {
	v, s := l.v, l.rows
	r := l.sift.next()
	r.number, r.header = s.Int(0), h
	linked := !s.Null(6)
	r.record = s.Int(6)
	v.tallyEntry(s.Int(1), r.number, r.record, linked, s.Bytes(2))
	if s.Null(8) { // the record has no row
		r.record = 0
	}
	r.doc, r.head, r.state, r.typ, r.source, r.subject = s.Int(8), s.Int(9), s.Int(10), s.Int(11), s.Int(12), s.Int(13)
	if r.subject != 0 {
		if r.patient, err = v.subject(ctx, l.conn, r.subject); err != nil {
			return err
		}
	}
	if brief := s.Bytes(14); r.head == r.number && brief != nil {
		r.brief = true
		err := parseBrief(string(brief), l.look, &r.says)
		if unreadable(err) {
			return err
		}
		r.reads = err == nil
	}
	if sum := s.Bytes(15); r.head == r.number && sum != nil && !bytes.Equal(sum, h.Payload[:]) {
		v.problem("view", h.Record)
	}
	body := s.Bytes(7)
	r.own = body != nil
	if body == nil && h.Length > 0 {
		if body, err = sharedBody(ctx, l.conn, h); err != nil {
			return err
		}
		if body == nil {
			by, err := purgedBy(ctx, l.conn, h.Record, h.Payload)
			if err != nil {
				return err
			}
			r.purged = by > 0
		}
	}
	l.sift.add(r, body)
	return nil
}

// subject is how a patient is referred to, and by which source.
type subject struct {
	source int64
	ref    string
}

// subject reads one, which many records have one after the other.
func (v *verifier) subject(ctx context.Context, c *conn, n int64) (s subject, err error) {
	if s, ok := v.subjects[n]; ok {
		return s, nil
	}
	if _, err := c.row(ctx, []any{&s.source, &s.ref}, "SELECT source,ref FROM subject WHERE subject=?", n); err != nil {
		return s, err
	}
	if v.subjects == nil || len(v.subjects) >= maxPatients {
		v.subjects = map[int64]subject{}
	}
	v.subjects[n] = s
	return s, nil
}
