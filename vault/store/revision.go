package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"phivault/vault"
)

var emptyHash = vault.Hash(sha256.Sum256(nil))

// revisionRow is one entry of a record's history.
type revisionRow struct {
	entry  int64
	header vault.Header
	id     vault.RevisionID
	gone   bool // a put without its content, on purpose
}

type history []revisionRow

// revisionRows gives a record's puts and tombstones in the order of the log. A
// revision that two devices wrote apart is there once, as first seen.
func revisionRows(ctx context.Context, c *conn, record int64, id vault.RecordID) (h history, err error) {
	err = c.rows(ctx, func(scan func(...any) error) error {
		var r revisionRow
		var parents, sum []byte
		var kind, length int64
		if err := scan(&r.entry, &kind, &parents, &sum, &length, &r.gone); err != nil {
			return err
		}
		r.header = vault.Header{Kind: vault.Kind(kind), Record: id, Parents: splitRevisions(parents), Length: uint64(length)}
		copy(r.header.Payload[:], sum)
		r.id = vault.RevisionIDOf(r.header)
		if !h.named(r.id) {
			h = append(h, r)
		}
		return nil
	}, "SELECT entry,kind,parents,sha256,length,kind=1 AND EXISTS(SELECT 1 FROM purge u WHERE u.record=? AND u.sha256=entry.sha256) FROM entry WHERE record=? ORDER BY entry", id[:], record)
	return h, err
}

func (h history) at(entry int64) *revisionRow {
	for i := range h {
		if h[i].entry == entry {
			return &h[i]
		}
	}
	return nil
}

func (h history) named(id vault.RevisionID) bool {
	for i := range h {
		if h[i].id == id {
			return true
		}
	}
	return false
}

// has reports whether a put in the history has this payload.
func (h history) has(payload vault.Hash) bool {
	for i := range h {
		if h[i].header.Kind == vault.KindPut && h[i].header.Payload == payload {
			return true
		}
	}
	return false
}

// content gives the put whose content stands under the entry: the revision
// itself, or what a deletion deleted. Where a removed device wrote that, it is
// another put of the record. Every device finds the same; nil when there is none,
// or none whose content was not removed.
func (h history) content(entry int64) *revisionRow {
	r := h.at(entry)
	if r == nil {
		return nil
	}
	seen := map[vault.RevisionID]bool{}
	for todo := []*revisionRow{r}; len(todo) > 0; {
		r, todo = todo[0], todo[1:]
		if r == nil || seen[r.id] {
			continue
		}
		if r.live() {
			return r
		}
		seen[r.id] = true
		for _, p := range r.header.Parents {
			todo = append(todo, h.byID(p))
		}
	}
	var lowest *revisionRow
	for i := range h {
		if h[i].live() && (lowest == nil || bytes.Compare(h[i].id[:], lowest.id[:]) < 0) {
			lowest = &h[i]
		}
	}
	return lowest
}

func joinRevisions(ids []vault.RevisionID) []byte {
	b := make([]byte, 0, 32*len(ids))
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}

func splitRevisions(b []byte) []vault.RevisionID {
	if len(b) == 0 {
		return nil
	}
	ids := make([]vault.RevisionID, len(b)/32)
	for i := range ids {
		copy(ids[i][:], b[32*i:])
	}
	return ids
}

// heads are the revisions that no other follows, by id. Of puts with the same
// content one is enough.
func (h history) heads() (heads []*revisionRow) {
	followed := h.followed()
	for i := range h {
		if !followed[h[i].id] {
			heads = append(heads, &h[i])
		}
	}
	slices.SortFunc(heads, func(a, b *revisionRow) int { return bytes.Compare(a.id[:], b.id[:]) })
	seen := map[vault.Hash]bool{}
	return slices.DeleteFunc(heads, func(r *revisionRow) bool {
		again := seen[r.header.Payload]
		seen[r.header.Payload] = true
		return again
	})
}

// twins are the heads with the same content as r, and r: what a revision after
// r follows, so that none of them is left standing beside it.
func (h history) twins(r *revisionRow) (ids []vault.RevisionID) {
	followed := h.followed()
	for i := range h {
		if h[i].id == r.id || !followed[h[i].id] && h[i].header.Payload == r.header.Payload && h[i].header.Kind == r.header.Kind {
			ids = append(ids, h[i].id)
		}
	}
	vault.SortRevisions(ids)
	return ids
}

// all are the heads, twins included.
func (h history) all() (ids []vault.RevisionID) {
	followed := h.followed()
	for i := range h {
		if !followed[h[i].id] {
			ids = append(ids, h[i].id)
		}
	}
	vault.SortRevisions(ids)
	return ids
}

func (h history) followed() map[vault.RevisionID]bool {
	followed := map[vault.RevisionID]bool{}
	for _, r := range h {
		for _, p := range r.header.Parents {
			followed[p] = true
		}
	}
	return followed
}

// live reports whether the revision says something.
func (r *revisionRow) live() bool { return r.header.Kind == vault.KindPut && !r.gone }

// shown gives the revision to show and the state that the history leads to. A
// deletion, or a put without its content, is shown only when nothing else stands
// beside it.
func (h history) shown() (*revisionRow, int, error) {
	heads := h.heads()
	switch {
	case len(heads) == 0:
		return nil, 0, fmt.Errorf("%w: it has no revision", vault.ErrIntegrity)
	case len(heads) == 1 && !heads[0].live():
		return heads[0], stateDeleted, nil
	case len(heads) == 1:
		return heads[0], stateLive, nil
	}
	for _, r := range heads {
		if r.live() {
			return r, stateConflict, nil
		}
	}
	return heads[0], stateDeleted, nil
}

// ancestor is the newest revision that both a and b come from, by the order in
// which this vault saw them; nil when there is none.
func (h history) ancestor(a, b *revisionRow) *revisionRow {
	past := func(r *revisionRow) map[vault.RevisionID]bool {
		seen := map[vault.RevisionID]bool{}
		for todo := []*revisionRow{r}; len(todo) > 0; {
			r, todo = todo[0], todo[1:]
			if r == nil || seen[r.id] {
				continue
			}
			seen[r.id] = true
			for _, p := range r.header.Parents {
				todo = append(todo, h.byID(p))
			}
		}
		return seen
	}
	pa, pb := past(a), past(b)
	for i := len(h) - 1; i >= 0; i-- {
		if pa[h[i].id] && pb[h[i].id] {
			return &h[i]
		}
	}
	return nil
}

func (h history) byID(id vault.RevisionID) *revisionRow {
	for i := range h {
		if h[i].id == id {
			return &h[i]
		}
	}
	return nil
}

// body reads a put's stored payload.
func (h history) body(ctx context.Context, c *conn, r *revisionRow) ([]byte, error) {
	return body(ctx, c, r.entry)
}
