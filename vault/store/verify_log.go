package store

import (
	"context"
	"fmt"

	"phivault/vault"
)

// deepColumns are entryColumns and the row of the record that an entry is of.
const deepColumns = `SELECT e.entry,e.kind,coalesce(r.id,e.about),e.parents,e.sha256,e.length,p.body,
	coalesce(r.record,0),coalesce(r.source,0),coalesce(r.doc,0),coalesce(r.head,0),coalesce(r.state,0),r.brief,
	coalesce(r.type,0),coalesce(r.subject,0),coalesce(su.source,0),coalesce(su.ref,'')
	FROM entry e LEFT JOIN record r ON r.record=e.record LEFT JOIN payload p ON p.entry=e.entry LEFT JOIN subject su ON su.subject=r.subject `

// log recomputes the chain of each log batch by batch, and hands the payloads,
// unless quick, to a sifter.
func (v *verifier) log(ctx context.Context, c *conn) error {
	_, err := c.row(ctx, []any{&v.total}, "SELECT count(*) FROM entry")
	if err = v.past("entry", err); err != nil {
		return err
	}
	_, err = c.row(ctx, []any{&v.out.Records}, "SELECT count(*) FROM record WHERE state<>1")
	if err = v.past("record", err); err != nil {
		return err
	}
	if v.quick {
		return v.chains(ctx, c, nil)
	}
	if err := v.words(ctx, c); err != nil {
		return err
	}
	sift := newSifter(v)
	err = v.chains(ctx, c, sift)
	sift.close()
	return err
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

func (v *verifier) chains(ctx context.Context, c *conn, sift *sifter) error {
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
			if chain, err = v.batch(ctx, c, b, chain, sift); err != nil {
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

func (v *verifier) batch(ctx context.Context, c *conn, b batch, chain vault.Chain, sift *sifter) (vault.Chain, error) {
	columns := deepColumns
	if v.quick {
		columns = headerColumns
	}
	n := int64(0)
	look := &reader{ctx: ctx, s: v.s, l: v.lore, c: c}
	err := c.rows(ctx, func(scan func(...any) error) error {
		var row sifted
		var brief []byte
		e, body, err := scanEntry(func(dest ...any) error {
			if !v.quick {
				dest = append(dest, &row.record, &row.source, &row.doc, &row.head, &row.state, &brief, &row.typ, &row.subject, &row.origin, &row.ref)
			}
			return scan(dest...)
		})
		if err != nil {
			return err
		}
		n++
		chain = chain.Next(e.Header)
		v.out.Entries++
		if !b.out && (e.Header.Kind == vault.KindPut || e.Header.Kind == vault.KindTombstone) {
			v.out.Revisions++
		}
		if v.quick {
			return nil
		}
		row.entry, row.body, row.own = e, body, body != nil
		if row.head == e.Number && brief != nil {
			row.brief = true
			row.says = new(vault.Row)
			if err := parseBrief(string(brief), look, row.says); unreadable(err) {
				return err
			} else if err != nil {
				row.says = nil
			}
		}
		if body == nil && e.Header.Length > 0 {
			if row.body, err = sharedBody(ctx, c, e.Header); err != nil {
				return err
			}
			if row.body == nil {
				by, err := purgedBy(ctx, c, e.Header.Record, e.Header.Payload)
				if err != nil {
					return err
				}
				row.purged = by > 0
			}
		}
		sift.add(row)
		return nil
	}, columns+"WHERE e.entry BETWEEN ? AND ? ORDER BY e.entry", b.last-b.count+1, b.last)
	if unreadable(err) { // the next batch goes on from what this one says
		return b.chain, v.past(fmt.Sprintf("entries %d to %d", b.last-b.count+1, b.last), err)
	}
	if n != b.count {
		v.problem("log", fmt.Sprintf("entries %d to %d", b.last-b.count+1, b.last))
	}
	if v.progress != nil {
		v.progress(v.out.Entries, v.total)
	}
	return chain, err
}
