package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/store/sqlite"
)

// recordColumns select what rowOf scans, from record r.
const recordColumns = recordSelect + "record r" + recordParts

const (
	recordSelect = `SELECT r.record a,r.id b,r.source c,r.doc d,r.head e,r.revisions f,r.state g,e.sha256 h,p.body i,coalesce(r.subject,0) j,u.url k FROM `
	recordParts  = ` JOIN entry e ON e.entry=r.head LEFT JOIN payload p ON p.entry=r.head LEFT JOIN url u ON u.record=r.record `
)

// oneRecord is recordColumns with the id of the patient: for one record a further
// statement costs more than a further table. Its entry and its patient's row lie in other
// pages, which may have to come from the disk: they are read where the row does not tell.
const oneRecord = aboutRecord + `p.body i,` + aroundRecord + `LEFT JOIN payload p ON p.entry=r.head `

// oneRow is oneRecord without the content.
const oneRow = aboutRecord + `NULL i,` + aroundRecord

const (
	aboutRecord = `SELECT r.record a,r.id b,r.source c,r.doc d,r.head e,r.revisions f,r.state g,
	coalesce(r.sum,(SELECT e.sha256 FROM entry e WHERE e.entry=r.head)) h,`
	aroundRecord = `coalesce(r.subject,0) j,u.url k,` + patientOf + ` l
	FROM record r LEFT JOIN url u ON u.record=r.record LEFT JOIN subject s ON s.subject=r.subject `
)

// patientOf is the id of the patient that subject s means.
const patientOf = "coalesce(s.patient,(SELECT o.id FROM record o WHERE o.record=s.record))"

// row is a record as it lies in the tables.
type row struct {
	record, doc, head int64
	id                vault.RecordID
	source, subject   int64
	revisions, state  int
	sum               vault.Hash
	body              []byte // nil under a tombstone
	url               string
	patient           vault.RecordID
	asked             bool // patient is what subject means; else that is still to be looked up
}

// rowOf scans recordColumns, and oneRecord when patient is not nil.
func rowOf(scan func(...any) error, patient *sqlite.Raw) (r row, err error) {
	var id, sum sqlite.Raw
	var url *string
	dest := [...]any{&r.record, &id, &r.source, &r.doc, &r.head, &r.revisions, &r.state, &sum, &r.body, &r.subject, &url, patient}
	columns := len(dest)
	if patient == nil {
		columns--
	}
	if err := scan(dest[:columns]...); err != nil {
		return r, err
	}
	copy(r.id[:], id)
	copy(r.sum[:], sum)
	if url != nil {
		r.url = *url
	}
	return r, nil
}

// record reads the payload of r. A deleted record shows what it was before.
// note is nil or reads the text of attachments.
func (s *Store) record(ctx context.Context, c *conn, r row, note func(vault.Cut) []byte) (vault.Record, error) {
	if r.body == nil {
		h, err := revisionRows(ctx, c, r.record, r.id)
		if err != nil {
			return vault.Record{}, err
		}
		put := h.content(r.head)
		if put == nil && slices.ContainsFunc(h, func(x revisionRow) bool { return x.gone }) {
			return vault.Record{ID: r.id, Version: r.revisions, Deleted: true, Purged: true, Head: r.head, Order: r.doc}, nil
		}
		if put == nil {
			return vault.Record{}, fmt.Errorf("%w: record %s has no content", vault.ErrIntegrity, r.id)
		}
		if r.body, err = body(ctx, c, put.entry); err != nil {
			return vault.Record{}, err
		}
		r.sum = put.header.Payload
	}
	res, source, err := s.resource(r.body, r.sum, fhir.Options{Note: note, Accepted: true})
	if err != nil {
		return vault.Record{}, fmt.Errorf("record %s: %w", r.id, err)
	}
	look := s.reader(ctx, c)
	switch named, err := look.word(r.source); {
	case err != nil:
		return vault.Record{}, err
	case source != named:
		return vault.Record{}, fmt.Errorf("record %s: %w: its source", r.id, vault.ErrIntegrity)
	}
	if !r.asked {
		if r.patient, err = look.patient(r.subject); err != nil {
			return vault.Record{}, err
		}
	}
	return r.as(source, res), nil
}

// as is the record of row r, which says res.
func (r *row) as(source string, res vault.Resource) vault.Record {
	return vault.Record{ID: r.id, Source: source, Patient: r.patient, Version: r.revisions, Deleted: r.state == stateDeleted,
		Conflict: r.state == stateConflict, FullURL: r.url, Head: r.head, Order: r.doc, Resource: res}
}

// resource unpacks a body, makes sure that it is what was written, and reads it as
// o says. Only what a record's row leads to was accepted before.
func (s *Store) resource(body []byte, sum vault.Hash, o fhir.Options) (vault.Resource, string, error) {
	payload, err := s.pack.unpack(body)
	if err != nil {
		return vault.Resource{}, "", err
	}
	if sha256.Sum256(payload) != sum {
		return vault.Resource{}, "", fmt.Errorf("%w: the payload is not what was written", vault.ErrIntegrity)
	}
	source, cuts, json, err := decodePayload(payload)
	if err != nil {
		return vault.Resource{}, "", err
	}
	r, err := o.Parse(json, cuts)
	if err != nil {
		return vault.Resource{}, "", fmt.Errorf("%w: the payload is no resource", vault.ErrIntegrity)
	}
	return r, source, nil
}

func body(ctx context.Context, c *conn, entry int64) (b []byte, err error) {
	ok, err := c.row(ctx, []any{&b}, "SELECT body FROM payload WHERE entry=?", entry)
	if err == nil && !ok {
		err = fmt.Errorf("%w: entry %d has no payload", vault.ErrIntegrity, entry)
	}
	return b, err
}

// Get gives a record as it stands; see vault.Store.
func (s *Store) Get(ctx context.Context, id vault.RecordID) (rec vault.Record, err error) {
	err = s.read(ctx, func(c *conn) error {
		r, err := s.byID(ctx, c, id)
		if err != nil {
			return err
		}
		rec, err = s.record(ctx, c, r, nil)
		return err
	})
	return rec, err
}

// recordOf reads the record with this number.
func (s *Store) recordOf(ctx context.Context, c *conn, record int64, note func(vault.Cut) []byte) (vault.Record, error) {
	r, err := one(ctx, c, oneRecord+"WHERE r.record=?", record)
	if err != nil {
		return vault.Record{}, err
	}
	return s.record(ctx, c, r, note)
}

func (s *Store) byID(ctx context.Context, c *conn, id vault.RecordID) (row, error) {
	return one(ctx, c, oneRecord+"WHERE r.id=?", id[:])
}

func one(ctx context.Context, c *conn, query string, arg any) (r row, err error) {
	found := false
	err = c.rows(ctx, func(scan func(...any) error) (err error) {
		var patient sqlite.Raw
		r, err = rowOf(scan, &patient)
		copy(r.patient[:], patient)
		found, r.asked = true, true
		return err
	}, query, arg)
	if err == nil && !found {
		err = vault.ErrNotFound
	}
	return r, err
}

// At gives a record as it was in version v; see vault.Store. A version that is
// a deletion shows what was deleted.
func (s *Store) At(ctx context.Context, id vault.RecordID, v int) (rec vault.Record, err error) {
	err = s.read(ctx, func(c *conn) error {
		r, err := s.byID(ctx, c, id)
		if err != nil {
			return err
		}
		h, err := revisionRows(ctx, c, r.record, id)
		if err != nil {
			return err
		}
		if v < 1 || v > len(h) {
			return fmt.Errorf("%w: it has versions 1 to %d", vault.ErrNotFound, len(h))
		}
		rev := h[v-1]
		r.head, r.sum, r.revisions, r.state = rev.entry, rev.header.Payload, v, stateLive
		r.body = nil
		if rev.gone {
			rec = vault.Record{ID: id, Version: v, Deleted: true, Purged: true, Head: rev.entry}
			return nil
		}
		if rev.header.Kind == vault.KindTombstone {
			r.state = stateDeleted
		} else if r.body, err = body(ctx, c, rev.entry); err != nil {
			return err
		}
		rec, err = s.record(ctx, c, r, nil)
		return err
	})
	return rec, err
}

// History gives a record's revisions, oldest first; see vault.Store.
func (s *Store) History(ctx context.Context, id vault.RecordID) (revs []vault.Revision, err error) {
	err = s.read(ctx, func(c *conn) error {
		record, err := recordByID(ctx, c, id)
		if err != nil {
			return err
		}
		h, err := revisionRows(ctx, c, record, id)
		if err != nil {
			return err
		}
		for i, r := range h {
			b, err := batchOf(ctx, c, r.entry)
			if err != nil {
				return err
			}
			purge, err := purgeOf(ctx, c, r)
			if err != nil {
				return err
			}
			revs = append(revs, vault.Revision{Gone: r.gone, Purge: purge, ID: r.id, Version: i + 1, At: b.at, Sent: b.sent, Device: b.device, Parents: r.header.Parents,
				Payload: r.header.Payload, Length: r.header.Length, Kind: r.header.Kind, Entry: r.entry,
				Orphan: slices.ContainsFunc(r.header.Parents, func(p vault.RevisionID) bool { return !h.named(p) })})
		}
		return nil
	})
	return revs, err
}

// purgeOf tells who removed a revision's content: of several the first known here.
func purgeOf(ctx context.Context, c *conn, r revisionRow) (*vault.Purge, error) {
	if !r.gone {
		return nil, nil
	}
	var n int64
	ok, err := c.row(ctx, []any{&n}, "SELECT entry FROM purge WHERE record=? AND sha256=? AND entry>0 ORDER BY entry LIMIT 1", r.header.Record[:], r.header.Payload[:])
	if err != nil || !ok {
		return nil, err
	}
	b, err := batchOf(ctx, c, n)
	if err != nil {
		return nil, err
	}
	return &vault.Purge{Device: b.device, At: b.at, Sent: b.sent}, nil
}
