package vault

import (
	"context"
	"io"
	"time"
)

// LogID names one append-only log: a device writes one at a time, numbered
// from 0.
type LogID struct {
	Device [16]byte
	Number uint64
}

// Place is a segment's place: its log, its number there from 0, and the hash of
// its signed plaintext.
type Place struct {
	Log  LogID
	Seq  uint64
	Hash Hash
}

// Segment is a run of a log's entries as it travels: what was signed, and the
// payloads beside it. See sync/PROTOCOL.md.
type Segment struct {
	Place
	Head    []byte    // the signed plaintext up to the entry headers, and the signature; opaque here
	Clock   time.Time // the writer's, for display only
	Entries []SegmentEntry
	// Made: when the entries were made, in what Apply is given; none where the writer did
	// not say. What Segment gives has it in Head alone.
	Made []Run

	Quarantined bool // kept without effect
}

// Run is so many entries, one after the other, that were made at one time: by their
// writer's clock, for display only.
type Run struct {
	Entries int
	At      time.Time
}

// TimedSegment is what a ledger knows of when a segment's entries were made.
type TimedSegment struct {
	Head []byte
	Made []Run  // in the order of the entries, of all of them
	Sent []bool // of each run: the writer did not say, and At is when the segment was cut
}

// RunSize is the bytes that a Run has in a segment.
const RunSize = 2 + 8

// SegmentEntry is one entry of a segment. Body is its payload as it is stored,
// packed; nil when there is none, or when it is Gone.
type SegmentEntry struct {
	Header Header
	Body   []byte
	// Gone: its content, and the attachment of a blob entry, was removed on purpose. In
	// what Apply is given this is what the sender says; in what Segment gives, a purge
	// that stands names it.
	Gone bool
}

// Draft is a segment about to be cut, given to the journal to sign while the
// transaction that assigns Seq is open.
type Draft struct {
	Log     LogID
	Seq     uint64
	Prev    Hash    // hash of segment Seq-1; zero for the first
	Heads   []Place // last applied segment of each other log that moved since Prev; all of them in every 64th
	Clock   time.Time
	Entries []Header
	Made    []Run // of the entries: one a transaction, or more
	Bytes   int64 // of the entries, as CutLimits counts them
	More    bool  // the limits left entries for later segments
}

// CutLimits bound one segment.
type CutLimits struct {
	Entries int   // 4,096
	Bytes   int64 // of headers, packed payloads with their lengths and runs after the first; 0: no limit
	Apart   int   // a packed payload of more bytes travels by itself and does not count; 0: none does
	Empty   bool  // cut also when there is nothing to say: a switch of epoch, a close, a heartbeat
}

// Ledger is the log as segments. Implemented by vault/store; the journal alone
// uses it.
type Ledger interface {
	Quarantine
	Deletions
	Purges
	// Cut makes the next segment of the own log from entries not yet in one.
	// sign gives the Head and the Hash for a draft; when it fails, nothing
	// was cut. ok is false when there was nothing to cut.
	Cut(ctx context.Context, l CutLimits, sign func(Draft) (head []byte, hash Hash, err error)) (s Segment, ok bool, err error)
	// Segment gives a segment back, own or applied, exactly as it was signed.
	Segment(ctx context.Context, log LogID, seq uint64) (Segment, error)
	// Own is the log that Cut cuts and everything that is written goes into.
	Own(ctx context.Context) (LogID, error)
	// Continue makes a new log the own one. Of the old one the segments before
	// from stay; the entries in later ones, and those in none yet, go over to the
	// new log and are in no segment yet, but for what they say about members and
	// epochs, which does not count any more. The state's keys are set in the same
	// transaction; nil removes one.
	Continue(ctx context.Context, to LogID, from uint64, state map[string][]byte) error
	// Apply takes in a verified segment of another device's log in one
	// transaction: its entries, the records they change, their views. It must
	// be the next of its log. The same revision from two devices is one; what
	// two devices changed apart becomes a conflict with both kept, or is merged
	// where merge says how. A Quarantined one is kept and changes nothing else.
	Apply(ctx context.Context, s Segment, merge Merger) (Applied, error)
	// Places are the last segments, own and applied, one a log.
	Places(ctx context.Context) ([]Place, error)
	// Mark and Marked remember, for each remote, how far each log was seen
	// there: the next segment that it may lack.
	Mark(ctx context.Context, remote string, log LogID, next uint64) error
	Marked(ctx context.Context, remote string) (map[LogID]uint64, error)
}

// Quarantine keeps segments without effect: what a removed device wrote after its
// cut-off. Implemented by vault/store; the journal alone decides what stands.
type Quarantine interface {
	// Withdraw makes the segments of other devices from the given numbers on
	// quarantined, and all others stand: the records are then what they would be
	// had the quarantined ones never been applied. It is one transaction, and none
	// when that is so already.
	Withdraw(ctx context.Context, from map[LogID]uint64, merge Merger) (Withdrawn, error)
}

// Deletions tells how much a deletion deletes. Implemented by vault/store.
type Deletions interface {
	// Live counts which of these records are live, and all that are.
	Live(ctx context.Context, ids []RecordID) (these, all int64, err error)
	// UncutDeletions counts the tombstones of the own log that are in no segment yet.
	UncutDeletions(ctx context.Context) (int64, error)
}

// Aside is a put or a tombstone in a quarantined segment.
type Aside struct {
	Revision RevisionID
	Header   Header
	Entry    int64
	Log      LogID
	At       time.Time // the writer's clock, for display only
	Sent     bool      // as in Revision
	Stands   bool      // the same revision is in the record's history: it was adopted, or others wrote it too
}

// Asides tells of what is quarantined, and lets a member take it over.
// Implemented by vault/store.
type Asides interface {
	// Asides gives what is quarantined, in the order in which it came.
	Asides(ctx context.Context) ([]Aside, error)
	// Kept counts all quarantined entries, by the device that wrote them.
	Kept(ctx context.Context) (map[[16]byte]int64, error)
	// Aside gives the record as the entry has it; Deleted for a tombstone, then
	// with nothing in it.
	Aside(ctx context.Context, entry int64) (Record, error)
	// Adopt writes these entries, and the notes, into the own log: the same
	// revisions, which stand from then on. What stands already is left out. It
	// gives how many were written.
	Adopt(ctx context.Context, entries []int64, notes []Note) (int, error)
}

// Withdrawn counts what a Withdraw changed.
type Withdrawn struct {
	Out, Back int // segments
	Records   int // records touched
}

// Merger merges two revisions of a record that share an ancestor. It gives nil
// when only a person may decide (FHIR.md rule 10).
type Merger func(ancestor, a, b *Resource) []byte

// Applied counts what a segment brought.
type Applied struct {
	Entries, New, Changed, Conflicts, Deleted int
}

// SyncedBlobs are attachments as a journal moves them: packed, each part by itself,
// as a body is. Implemented by vault/store.
type SyncedBlobs interface {
	Blobs
	// PackBlob reads an attachment as it travels, and gives the size of that in
	// bytes; or ErrNotFound.
	PackBlob(ctx context.Context, sha256 Hash) (io.ReadCloser, int64, error)
	// UnpackBlob gives the content of what PackBlob gave, in fixed memory whatever
	// r gives. ErrIntegrity is for what PackBlob cannot have given; r's own errors
	// come as they are.
	UnpackBlob(r io.Reader) io.Reader
}

// JournalState is what a journal keeps beside the log, in the same database: its
// summary of the log, epoch keys wrapped for this device, evidence of forks,
// quarantined segments. Implemented by vault/store.
type JournalState interface {
	// State gives what SetState kept under the key, or nil.
	State(ctx context.Context, key string) ([]byte, error)
	// SetState keeps a value, durably when it returns; nil removes it.
	SetState(ctx context.Context, key string, value []byte) error
	// States gives the keys that begin with prefix, ascending.
	States(ctx context.Context, prefix string) ([]string, error)
	// Unpack gives the payload of a body as it is stored and travels, or
	// ErrIntegrity when it is not what the header says.
	Unpack(h Header, body []byte) ([]byte, error)
}
