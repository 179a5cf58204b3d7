package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"phivault/vault"
)

// batch is the transaction that an entry came in.
type batch struct {
	last   int64
	log    int64
	count  int64
	at     time.Time
	device [16]byte
	number int64 // log number of the device
	chain  vault.Chain
	out    bool // quarantined
	sent   bool // at is when the segment that brought it was cut
}

const batchColumns = "SELECT b.last,b.log,b.count,b.at,b.chain,l.device,l.number,b.out,b.sent FROM batch b JOIN log l ON l.log=b.log "

func scanBatch(scan func(...any) error) (b batch, err error) {
	var ms int64
	var chain, device []byte
	if err := scan(&b.last, &b.log, &b.count, &ms, &chain, &device, &b.number, &b.out, &b.sent); err != nil {
		return b, err
	}
	b.at = time.UnixMilli(ms).UTC()
	copy(b.chain[:], chain)
	copy(b.device[:], device)
	return b, nil
}

func batchOf(ctx context.Context, c *conn, entry int64) (b batch, err error) {
	found := false
	err = c.rows(ctx, func(scan func(...any) error) (err error) {
		b, err = scanBatch(scan)
		found = true
		return err
	}, batchColumns+"WHERE b.last>=? ORDER BY b.last LIMIT 1", entry)
	if err == nil && (!found || entry <= b.last-b.count) {
		err = fmt.Errorf("%w: entry %d belongs to no batch", vault.ErrIntegrity, entry)
	}
	return b, err
}

func ownHead(ctx context.Context, c *conn) (h Head, err error) {
	var chain []byte
	_, err = c.row(ctx, []any{&h.Entry, &chain}, "SELECT last,chain FROM batch WHERE log=? ORDER BY last DESC LIMIT 1", ownLog)
	copy(h.Chain[:], chain)
	return h, err
}

// ownEnd is the end of the own log, for the writer: what its next entry follows.
func (s *Store) ownEnd(ctx context.Context) (Head, error) {
	h, err := ownHead(ctx, s.w)
	if err != nil || h.Entry > 0 {
		return h, err
	}
	id := vault.LogID{Device: s.o.Device}
	if n, err := count(ctx, s.w, "SELECT count(*) FROM log"); err != nil {
		return h, err
	} else if n > 0 {
		if id, err = ownID(ctx, s.w); err != nil {
			return h, err
		}
	}
	h.Chain = vault.ChainStart(s.o.VaultID, id.Device, id.Number)
	return h, nil
}

func count(ctx context.Context, c *conn, query string) (n int64, err error) {
	_, err = c.row(ctx, []any{&n}, query)
	return n, err
}

// Head is the end of the own log.
func (s *Store) Head(ctx context.Context) (h Head, err error) {
	err = s.read(ctx, func(c *conn) (err error) {
		h, err = ownHead(ctx, c)
		return err
	})
	return h, err
}

// Contains reports whether the own log passed through h. Only ends of
// transactions are ever asked for.
func (s *Store) Contains(ctx context.Context, h Head) (ok bool, err error) {
	err = s.read(ctx, func(c *conn) error {
		var chain []byte
		// Any log's: the own one may have become another since. A chain is one log's.
		found, err := c.row(ctx, []any{&chain}, "SELECT chain FROM batch WHERE last=?", h.Entry)
		if ok = found && vault.Chain(chain) == h.Chain; ok || err != nil {
			return err
		}
		ok, err = wasLeft(ctx, c, h)
		return err
	})
	return ok, err
}

// entryColumns select what scanEntry reads, from entry e.
const entryColumns = `SELECT e.entry,e.kind,coalesce(r.id,e.about),e.parents,e.sha256,e.length,p.body
	FROM entry e LEFT JOIN record r ON r.record=e.record LEFT JOIN payload p ON p.entry=e.entry `

// headerColumns are the same without payloads.
const headerColumns = `SELECT e.entry,e.kind,coalesce(r.id,e.about),e.parents,e.sha256,e.length,NULL
	FROM entry e LEFT JOIN record r ON r.record=e.record `

func scanEntry(scan func(...any) error) (e vault.Entry, body []byte, err error) {
	var kind, length int64
	var id, parents, sum []byte
	if err := scan(&e.Number, &kind, &id, &parents, &sum, &length, &body); err != nil {
		return e, nil, err
	}
	e.Header = vault.Header{Kind: vault.Kind(kind), Parents: splitRevisions(parents), Length: uint64(length)}
	copy(e.Header.Record[:], id)
	copy(e.Header.Payload[:], sum)
	return e, body, nil
}

const entriesPage = 512

// Entries reads the log; see vault.Log. Quarantined entries are not given.
func (s *Store) Entries(ctx context.Context, from int64, kinds ...vault.Kind) iter.Seq2[vault.Entry, error] {
	return func(yield func(vault.Entry, error) bool) {
		for {
			page, last, err := s.entriesPage(ctx, from, kinds)
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(vault.Entry{}, err)
				return
			}
			if last == 0 {
				return
			}
			from = last + 1
		}
	}
}

// entriesPage reads some entries from number from on; last is 0 at the end.
func (s *Store) entriesPage(ctx context.Context, from int64, kinds []vault.Kind) (page []vault.Entry, last int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		n := 0
		err := c.rows(ctx, func(scan func(...any) error) error {
			e, body, err := scanEntry(scan)
			if err != nil {
				return err
			}
			n++
			last = e.Number
			if len(kinds) > 0 && !slices.Contains(kinds, e.Header.Kind) {
				return nil
			}
			if body != nil && e.Header.Kind != vault.KindPut {
				if e.Payload, err = s.pack.unpack(body); err != nil {
					return fmt.Errorf("entry %d: %w", e.Number, err)
				}
			}
			page = append(page, e)
			return nil
		}, entryColumns+"WHERE e.entry>=? ORDER BY e.entry LIMIT ?", from, entriesPage)
		if err != nil {
			return err
		}
		if n < entriesPage {
			last = 0
		}
		kept := page[:0]
		for _, e := range page {
			b, err := batchOf(ctx, c, e.Number)
			if err != nil {
				return err
			}
			if !b.out {
				e.At, e.Device = b.at, b.device
				kept = append(kept, e)
			}
		}
		page = kept
		return nil
	})
	return page, last, err
}
