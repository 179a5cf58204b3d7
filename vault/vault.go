package vault

import (
	"context"
	"io"
	"iter"
	"strings"
	"sync"
	"time"
)

// Parts are what a Vault works with. All are needed but Clock, which is
// time.Now when nil.
type Parts struct {
	Store Store
	Load  Loader
	Index Index
	Blobs Blobs
	Log   Log
	Check Checker
	Clock Clock
	// ReadOnly is a store that cannot be written: the audit trail then ends at what
	// it holds, and acts go on without it.
	ReadOnly bool
}

// Vault is an open vault as people and scripts use it: every method is one use
// case. It is safe for concurrent use.
type Vault struct {
	p     Parts
	audit *auditor
	names *nameCache

	flushing sync.Mutex // by whoever writes what the audit trail holds back
}

// New gives the use cases over the parts of an open vault. What New keeps in
// memory of records is bounded; Close flushes the audit trail.
func New(p Parts) *Vault {
	if p.Clock == nil {
		p.Clock = time.Now
	}
	return &Vault{p: p, audit: newAuditor(p.Clock), names: newNameCache(4096)}
}

// Close writes what the audit trail still holds. It does not close the parts.
func (v *Vault) Close(ctx context.Context) error { return v.flushAudit(ctx) }

// Blobs gives the attachments, for encoders.
func (v *Vault) Blobs() Blobs { return v.p.Blobs }

// Lookup gives the record that an id, or the beginning of one, names.
func (v *Vault) Lookup(ctx context.Context, idOrPrefix string) (RecordID, error) {
	return v.p.Index.Lookup(ctx, strings.ToLower(strings.TrimSpace(idOrPrefix)))
}

// Get gives a record for reading, and notes the reading in the audit trail. A
// deleted record is given with ErrDeleted, one without content with ErrPurged, which is
// ErrDeleted too.
func (v *Vault) Get(ctx context.Context, id RecordID) (Record, error) {
	r, err := v.p.Store.Get(ctx, id)
	if err != nil {
		return Record{}, err
	}
	v.noteRead(ActionRead, r)
	switch {
	case r.Purged:
		return r, ErrPurged
	case r.Deleted:
		return r, ErrDeleted
	}
	return r, nil
}

// At gives a record as it was in version n, from 1; with ErrPurged where the
// content of that is not here any more.
func (v *Vault) At(ctx context.Context, id RecordID, n int) (Record, error) {
	r, err := v.p.Store.At(ctx, id, n)
	if err == nil {
		v.noteRead(ActionRead, r)
	}
	if err == nil && r.Purged {
		err = ErrPurged
	}
	return r, err
}

// History gives the revisions of a record, oldest first.
func (v *Vault) History(ctx context.Context, id RecordID) ([]Revision, error) {
	h, err := v.p.Store.History(ctx, id)
	if err == nil {
		v.audit.note(ActionRead, id)
	}
	return h, err
}

// Find gives the records that q selects, a page or all of them. Searching and
// listing are noted per patient asked for, never with the words searched.
func (v *Vault) Find(ctx context.Context, q Query) iter.Seq2[Record, error] {
	action := ActionList
	if q.Text != "" {
		action = ActionSearch
	}
	v.audit.note(action, q.Patient)
	return v.p.Index.Find(ctx, q)
}

// Rows is Find for what shows a line of each record.
func (v *Vault) Rows(ctx context.Context, q Query) iter.Seq2[Row, error] {
	action := ActionList
	if q.Text != "" {
		action = ActionSearch
	}
	v.audit.note(action, q.Patient)
	return v.p.Index.Rows(ctx, q)
}

// PatientName gives the name of the patient a record is about, "" when unknown.
func (v *Vault) PatientName(ctx context.Context, patient RecordID) string {
	if patient.IsZero() {
		return ""
	}
	if s, ok := v.names.get(patient); ok {
		return s
	}
	r, err := v.p.Store.Get(ctx, patient)
	if err != nil || r.Deleted {
		return ""
	}
	v.names.put(patient, r.Resource.Title)
	return r.Resource.Title
}

// Namesakes gives the patients in whose records all words of name stand, at most most
// of them, newest first. It is to tell one patient from another: like PatientName it
// notes no reading, and what it gives is not to be shown beyond that.
func (v *Vault) Namesakes(ctx context.Context, name string, most int) iter.Seq2[Record, error] {
	return v.p.Index.Find(ctx, Query{Type: "Patient", Text: name, Limit: most})
}

// Resolve follows a reference that stands in record r. The text is as written
// in the resource; "#contained" references are the caller's, as they never
// leave the resource.
func (v *Vault) Resolve(ctx context.Context, r Record, reference string) (RecordID, error) {
	return v.p.Index.Resolve(ctx, r.Source, reference)
}

// WriteJSON writes a record's bytes as they came in, attachments streamed.
func (v *Vault) WriteJSON(ctx context.Context, w io.Writer, r Record) error {
	return WriteResource(ctx, w, v.p.Blobs, &r.Resource)
}

// Counts are the numbers that status shows.
func (v *Vault) Counts(ctx context.Context) (Counts, error) { return v.p.Index.Counts(ctx) }

// Verify proves the vault's consistency; see Checker.
func (v *Vault) Verify(ctx context.Context, quick bool, found func(Problem), progress func(done, total int64)) (Verified, error) {
	if err := v.flushIfRoom(ctx); err != nil {
		return Verified{}, err
	}
	return v.p.Check.Verify(ctx, quick, found, progress)
}

// Rebuild makes every view and index anew from the log; see Checker.
func (v *Vault) Rebuild(ctx context.Context, progress func(done, total int64)) error {
	if err := v.Record(ctx, ActionRebuild, RecordID{}); err != nil {
		return err
	}
	return v.p.Check.Rebuild(ctx, progress)
}
