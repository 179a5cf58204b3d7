package store

import (
	"context"
	"fmt"

	"phivault/vault"
)

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
