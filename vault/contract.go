package vault

import (
	"context"
	"io"
	"iter"
	"time"
)

// Clock tells the time, for display and audit only; nothing is ever decided by it.
type Clock func() time.Time

// Store keeps records and their history. Implemented by vault/store; safe for
// concurrent use.
type Store interface {
	// Prepare does the work on p that needs no transaction (payload, hash,
	// compression), so that it can be done on another core. It must be called
	// once before Append.
	Prepare(p *Put) error
	// Append applies b in one transaction, or nothing of it. The outcomes
	// stand in the order of b.Puts. When it returns, b is durable.
	Append(ctx context.Context, b Batch) ([]Outcome, error)
	// Get gives a record, deleted or not, or ErrNotFound.
	Get(ctx context.Context, id RecordID) (Record, error)
	// At gives a record as it was in its version v (1 is the oldest).
	At(ctx context.Context, id RecordID, v int) (Record, error)
	// History gives a record's revisions, oldest first.
	History(ctx context.Context, id RecordID) ([]Revision, error)
}

// Loader takes in much at once. Implemented by vault/store.
type Loader interface {
	// Load applies the batches that come, in their order, until there are no more:
	// several in one transaction, which ends when it is large, has lasted a second,
	// or someone else wants to write anything but attachments. durable is told the outcomes of each batch, in
	// order, once they are durable, from the caller's goroutine. After an error or
	// ctx's end the batches that durable was told are there, whole, and no other is.
	Load(ctx context.Context, batches <-chan Batch, durable func([]Outcome)) error
	// Settle does what many batches have left to be done, so that the questions
	// after them do not pay for it. Others may write meanwhile.
	Settle(ctx context.Context) error
}

// Index answers questions over many records. Implemented by vault/store. From when a
// rebuild begins until it is finished, what asks for words, a code or a patient, and what
// resolves a name, ends with ErrRemaking; other lists are whole, and do not say whose the
// records are.
type Index interface {
	// Find gives the records that q selects; nothing is loaded whole.
	Find(ctx context.Context, q Query) iter.Seq2[Record, error]
	// Rows is Find for what shows a line of each record: the same records in the
	// same order, without their JSON.
	Rows(ctx context.Context, q Query) iter.Seq2[Row, error]
	// Resolve gives the record a reference means when it stands in a record of
	// source: relative, absolute, urn:uuid or conditional. ErrNotFound when it
	// is not here, ErrAmbiguous when a condition fits several.
	Resolve(ctx context.Context, source, reference string) (RecordID, error)
	// Lookup gives the one record whose id begins with prefix (at least 4 hex
	// digits); ErrNotFound or ErrAmbiguous otherwise.
	Lookup(ctx context.Context, prefix string) (RecordID, error)
	// Counts are the numbers that status shows.
	Counts(ctx context.Context) (Counts, error)
}

// Blobs keeps attachments, in chunks, never whole in memory. Implemented by
// vault/store.
type Blobs interface {
	// NewBlob begins an attachment. What is written becomes part of the vault
	// only when a Put that cites its hash is appended; otherwise it is
	// removed later.
	NewBlob(ctx context.Context) (BlobWriter, error)
	// OpenBlob reads an attachment back, or ErrNotFound.
	OpenBlob(ctx context.Context, sha256 Hash) (io.ReadCloser, error)
}

// BlobWriter takes one attachment. Exactly one of Commit and Abort ends it.
type BlobWriter interface {
	io.Writer
	// Commit gives the hash and size; the same content twice is kept once.
	Commit() (Hash, int64, error)
	Abort()
}

// Log reads the entries of everything that happened. Implemented by vault/store.
type Log interface {
	// Entries gives the entries numbered from on, ascending, of the kinds
	// given (none: all), with payloads except those of puts.
	Entries(ctx context.Context, from int64, kinds ...Kind) iter.Seq2[Entry, error]
}

// Checker proves a vault's consistency. Implemented by vault/store.
type Checker interface {
	// Verify reports every problem to found and goes on. Quick checks the
	// chain of the log; otherwise every payload, view, index and attachment
	// as well. found is called from one goroutine at a time, not always the
	// caller's. progress may be nil; total is 0 while unknown.
	Verify(ctx context.Context, quick bool, found func(Problem), progress func(done, total int64)) (Verified, error)
	// Rebuild makes every view and index anew from the log. Interrupted, it is
	// finished when the vault is next opened.
	Rebuild(ctx context.Context, progress func(done, total int64)) error
}

// Batch is what one transaction applies.
type Batch struct {
	Puts    []*Put
	Deletes []Delete
	Notes   []Note // import, audit and the like, after the puts
	DryRun  bool   // find the outcomes and change nothing
}

// Put is one revision to add.
type Put struct {
	ID       RecordID
	Source   string
	FullURL  string // Bundle.entry.fullUrl, when it says more than the id
	Resource *Resource
	// Base is nil for an import: the new revision then follows whatever is
	// the head, and content equal to any earlier revision is Same. For an
	// edit it is the Record.Head that was edited (0: must be new); when the
	// record moved on since, Append fails with ErrChanged.
	Base *int64
	// Was is nil, or what the record said at Base, as it was read: then it is not read again.
	Was *Resource
	// Resolves makes the revision follow every head, which ends a conflict.
	Resolves bool

	Payload Hash   // by Prepare
	Length  uint64 // by Prepare
	Body    []byte // by Prepare: the payload as it is stored; opaque
	Terms   []byte // by Prepare, where no attachment has a part in it: what full-text search will find it by; opaque
	Brief   []byte // by Prepare: what its row will be made of; opaque
}

// Delete is one tombstone to add.
type Delete struct {
	ID   RecordID
	Base int64 // Record.Head that was seen
}

// Note is an entry about no record's content.
type Note struct {
	Kind    Kind
	Record  RecordID // the patient concerned; may be zero
	Payload []byte   // canonical JSON
}

// Outcome is what became of a Put.
type Outcome uint8

const (
	OutcomeNew          Outcome = iota + 1
	OutcomeSame                 // its content was already in the record's history
	OutcomeChanged              // a new revision of a known record
	OutcomeStaysDeleted         // its content is an ancestor of a deletion
)

// Counts are numbers of a vault.
type Counts struct {
	Records   int64 // live
	Deleted   int64
	Patients  int64 // live Patient records
	Revisions int64
	Entries   int64
	Conflicts int64
	Blobs     int64
	BlobBytes int64
	Types     map[string]int64 // live records by resourceType
}

// Problem is something that Verify found. ID is a record id, an entry number or
// a table's name; never content.
type Problem struct {
	Kind string // "page", "chain", "payload", "view", "index", "blob", "anchor", "time", …
	ID   string
}

// Verified is what Verify read.
type Verified struct {
	Records, Revisions, Entries, Blobs int64
	Chain                              Chain // of the own log, at its end
}
