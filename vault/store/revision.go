package store

import (
	"context"
	"crypto/sha256"

	"phivault/vault"
)

var emptyHash = vault.Hash(sha256.Sum256(nil))

// revisionRow is one entry of a record's history.
type revisionRow struct {
	entry  int64
	header vault.Header
	id     vault.RevisionID
}

type history []revisionRow

// revisionRows gives a record's puts and tombstones in the order of the log.
func revisionRows(ctx context.Context, c *conn, record int64, id vault.RecordID) (h history, err error) {
	err = c.rows(ctx, func(scan func(...any) error) error {
		var r revisionRow
		var parents, sum []byte
		var kind, length int64
		if err := scan(&r.entry, &kind, &parents, &sum, &length); err != nil {
			return err
		}
		r.header = vault.Header{Kind: vault.Kind(kind), Record: id, Parents: splitRevisions(parents), Length: uint64(length)}
		copy(r.header.Payload[:], sum)
		r.id = vault.RevisionIDOf(r.header)
		h = append(h, r)
		return nil
	}, "SELECT entry,kind,parents,sha256,length FROM entry WHERE record=? ORDER BY entry", record)
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

// has reports whether a put in the history has this payload.
func (h history) has(payload vault.Hash) bool {
	for i := range h {
		if h[i].header.Kind == vault.KindPut && h[i].header.Payload == payload {
			return true
		}
	}
	return false
}

// lastPut gives the newest put at or before entry, nil when there is none.
func (h history) lastPut(entry int64) *revisionRow {
	for i := len(h) - 1; i >= 0; i-- {
		if h[i].entry <= entry && h[i].header.Kind == vault.KindPut {
			return &h[i]
		}
	}
	return nil
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
