package tui

import (
	"context"
	"io"
	"iter"

	"phivault/crypto/secret"
	"phivault/vault"
)

// Opener is a vault that is closed, or not made yet. Implemented by the program.
type Opener interface {
	// Look says where the vault is, and whether there is one.
	Look(ctx context.Context) (Place, error)
	// Open opens it; the passphrase stays the caller's.
	Open(ctx context.Context, passphrase *secret.Bytes) (Session, error)
	// Create makes it and opens it; the passphrase stays the caller's.
	Create(ctx context.Context, passphrase *secret.Bytes) (Session, error)
	// Strength judges a passphrase: whether it is good enough to be taken
	// without asking again, and what there is to say of it.
	Strength(passphrase *secret.Bytes) (good bool, words string)
	// Generate makes a passphrase of random words; the caller's from then on.
	Generate() (*secret.Bytes, error)
}

// Place is where a vault lies.
type Place struct {
	Dir    string
	Exists bool
}

// Session is an open vault.
type Session interface {
	Records() Records
	Survey() Survey
	Editor() Editor
	Exchange() Exchange
	// Close closes the vault and wipes its keys. It may be called again.
	Close(ctx context.Context) error
}

// Records reads records. *vault.Vault does.
type Records interface {
	Get(ctx context.Context, id vault.RecordID) (vault.Record, error)
	At(ctx context.Context, id vault.RecordID, version int) (vault.Record, error)
	History(ctx context.Context, id vault.RecordID) ([]vault.Revision, error)
	Find(ctx context.Context, q vault.Query) iter.Seq2[vault.Record, error]
	Rows(ctx context.Context, q vault.Query) iter.Seq2[vault.Row, error]
}

// Survey answers questions over many records. *vault.Vault does.
type Survey interface {
	Trend(ctx context.Context, q vault.Query) ([]vault.Trend, error)
	Counts(ctx context.Context) (vault.Counts, error)
	Audit(ctx context.Context, from int64, yield func(vault.Audited) bool) error
	// PatientName gives the title of a record, a patient's being the name; "" when
	// it is not known. It notes no reading.
	PatientName(ctx context.Context, patient vault.RecordID) string
	// Resolve gives the record that a reference in record r means.
	Resolve(ctx context.Context, r vault.Record, reference string) (vault.RecordID, error)
}

// Editor changes records; each change is a new version. The JSON is validated as
// an import would be.
type Editor interface {
	// Add adds a resource among the records of source, "" for the vault's own.
	Add(ctx context.Context, source string, json []byte) (vault.Record, error)
	Edit(ctx context.Context, old vault.Record, json []byte) (vault.Record, error)
	Delete(ctx context.Context, r vault.Record) error
}

// Exchange takes records in and gives them out.
type Exchange interface {
	// Import reads a file or folder. A review changes nothing. progress may be
	// called from any goroutine.
	Import(ctx context.Context, in Intake, progress func(records int64)) (Outcome, error)
	// Export writes records in the clear to a file that does not exist yet, and
	// gives how many.
	Export(ctx context.Context, out Outlet, progress func(records int64)) (int64, error)
	// Save writes one attachment to a file that does not exist yet.
	Save(ctx context.Context, patient vault.RecordID, path string, a Attachment) error
	// Open reads an attachment.
	Open(ctx context.Context, a Attachment) (io.ReadCloser, error)
	// Check is nil when the passphrase opens this vault: asked again before a
	// sensitive act.
	Check(ctx context.Context, passphrase *secret.Bytes) error
}

// Intake is what to import.
type Intake struct {
	Path, Source string
	Review       bool
}

// Outcome is what became of an import, or would become.
type Outcome struct {
	vault.ImportResult
	Refusals []vault.Refusal // the first ones; all are counted
}

// Outlet is what to export.
type Outlet struct {
	Patient vault.RecordID // zero: everyone
	Format  string         // "bundle", "ndjson" or "csv"
	Path    string
}

// Attachment is a document inside a record.
type Attachment struct {
	Type  string // MIME type as stated
	Title string
	Size  int64
	Data  []byte     // decoded, when it is in the record's JSON
	Blob  vault.Hash // else where the vault keeps it
}

// Settings are what the interface lets its user choose.
type Settings struct {
	Idle  int    `json:"idle_minutes"` // 0: never lock by time
	Theme string `json:"theme"`
}
