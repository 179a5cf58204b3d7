package vault

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// LocalSource is the source of records that were written in this vault rather
// than imported.
const LocalSource = "phivault"

// Add takes in a new record written by the user, among those of source: that of
// the patient it is about, so that its references mean what stands there, or
// LocalSource. The resource has an id already: what is stored is what was shown.
// ErrChanged when there is a record with this id.
func (v *Vault) Add(ctx context.Context, source string, r *Resource) (Record, error) {
	if r.ID == "" || source == "" {
		return Record{}, fmt.Errorf("%w: a new record needs an id and a source", ErrUsage)
	}
	none := int64(0)
	p := &Put{ID: RecordIDOf(source, r.Type, r.ID), Source: source, Resource: r, Base: &none}
	return v.put(ctx, p, ActionAdd)
}

// Edit adds a revision to the record that was read as old. When the record
// moved on since, nothing is saved and the error is ErrChanged. The type and
// the id cannot change.
func (v *Vault) Edit(ctx context.Context, old Record, r *Resource) (Record, error) {
	if r.Type != old.Resource.Type || r.ID != old.Resource.ID {
		return Record{}, fmt.Errorf("%w: an edit keeps resourceType and id", ErrUsage)
	}
	base := old.Head
	return v.put(ctx, &Put{ID: old.ID, Source: old.Source, Resource: r, Base: &base, Was: &old.Resource}, ActionEdit)
}

func (v *Vault) put(ctx context.Context, p *Put, action Action) (Record, error) {
	if err := v.p.Store.Prepare(p); err != nil {
		return Record{}, err
	}
	notes, back := v.audit.with(action, p.ID)
	b := Batch{Puts: []*Put{p}, Notes: notes}
	defer v.names.drop(p.ID) // also when it was kept and could not be read
	if w, ok := v.p.Store.(writer); ok {
		r, kept, err := w.Write(ctx, b)
		if !kept {
			back()
		}
		return r, err
	}
	if _, err := v.p.Store.Append(ctx, b); err != nil {
		back()
		return Record{}, err
	}
	return v.p.Store.Get(ctx, p.ID)
}

// writer is a Store that gives back what it writes sooner than Get does.
type writer interface {
	// Write is Append of a single put, and Get. It says whether b was appended: what
	// was may be damaged where it is read.
	Write(ctx context.Context, b Batch) (r Record, kept bool, err error)
}

// Delete adds a tombstone to each of the records as they were read. Their
// history stays. All or none are deleted.
func (v *Vault) Delete(ctx context.Context, records ...Record) error {
	var b Batch
	var ids []RecordID
	for _, r := range records {
		b.Deletes = append(b.Deletes, Delete{ID: r.ID, Base: r.Head})
		ids = append(ids, r.ID)
		defer v.names.drop(r.ID)
	}
	return v.appendNoted(ctx, b, ActionDelete, ids)
}

// appendNoted appends b with the audit trail's notes of the act.
func (v *Vault) appendNoted(ctx context.Context, b Batch, action Action, about []RecordID) error {
	if len(about) > auditMost { // what is held back must not make the batch too large
		if err := v.flushAudit(ctx); err != nil {
			return err
		}
	}
	notes, back := v.audit.with(action, about...)
	b.Notes = append(b.Notes, notes...)
	_, err := v.p.Store.Append(ctx, b)
	if err != nil {
		back()
	}
	return err
}

// Undelete adds to each of the deleted records, as they were read, what they said
// when they were deleted, after their tombstones. All or none come back.
func (v *Vault) Undelete(ctx context.Context, records ...Record) ([]Record, error) {
	var b Batch
	var ids []RecordID
	for i := range records {
		r := &records[i]
		p := &Put{ID: r.ID, Source: r.Source, Resource: &r.Resource, Base: &r.Head}
		if err := v.p.Store.Prepare(p); err != nil {
			return nil, err
		}
		b.Puts = append(b.Puts, p)
		ids = append(ids, r.ID)
	}
	if err := v.appendNoted(ctx, b, ActionEdit, ids); err != nil {
		return nil, err
	}
	back := make([]Record, len(records))
	for i, r := range records {
		v.names.drop(r.ID)
		var err error
		if back[i], err = v.p.Store.Get(ctx, r.ID); err != nil {
			return nil, err
		}
	}
	return back, nil
}

// NewID makes a resource id for a record written here: 128 random bits in hex,
// a valid FHIR id.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
