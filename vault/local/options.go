package local

import (
	"time"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
)

// Options say how a vault is opened. The zero value is good: no keyring, the
// anchor in DefaultStateDir, no waiting.
type Options struct {
	// Keyring keeps the anchor and, where the vault is bound to this device, the
	// device secret. Nil: none, which everything can do without.
	Keyring Keyring
	// DeviceSecret is given in place of the keyring's, read from the printed code
	// with ParseCode. It stays the caller's.
	DeviceSecret *secret.Bytes
	// StateDir keeps the anchor when the keyring does not. "" is DefaultStateDir.
	StateDir string
	// AcceptOlder opens a database that the anchor proves to be older than what
	// this device has seen, for an owner who put an older copy of the folder back
	// on purpose. What is there then becomes what this device remembers.
	AcceptOlder bool
	// Wait is how long to wait for another process to let go of the vault.
	Wait time.Duration
	// Sole says that this process opens no database but this vault's: every other
	// way of SQLite to a file is closed for good, so that nothing, not even SQL
	// that was never meant to run, can write readable bytes.
	Sole bool
	// Scratch is where Drill makes its folder. "" is the system's place for
	// temporary files.
	Scratch string
	// Command is the name by which another process learns who holds the vault.
	// "" is the program's own. It must say nothing about records.
	Command string
	// Hold is given the keys of a vault that was opened, to open it again with. Nil:
	// nobody gets them.
	Hold func(*Keys)
	// Clock is for display and the audit trail. Nil: time.Now.
	Clock vault.Clock
	// Notice is told what the owner should know and no error says. It may be
	// called from any goroutine, also after Open returned. Nil: nobody is told.
	Notice func(Notice)
	// Progress is told how far Restore and Drill are, in bytes copied and then in
	// records verified. Nil: nobody is told. total is 0 while unknown.
	Progress func(step Step, done, total int64)

	writeKey func(path string, file []byte) error // nil: keyfile.WriteFile; tests have it fail
	// unwritable reports whether the vault in dir can only be read. nil: as the system
	// says; tests say so.
	unwritable func(dir string) bool
	step       func(string) // told what Rekey has done; tests end the process there
}

// Step is a part of a long act.
type Step string

// The steps of Backup, Restore and Drill.
const (
	StepCopy   Step = "copy"
	StepVerify Step = "verify"
)

// Notice is something the owner should know that stops nothing.
type Notice struct {
	Kind NoticeKind
	Text string // one sentence; no content of records
}

// NoticeKind is stable, for scripts.
type NoticeKind string

// The kinds of notices.
const (
	NoticeNoAnchor      NoticeKind = "no-anchor"      // nothing remembers how far this vault had come
	NoticeAnchorDamaged NoticeKind = "anchor-damaged" // what remembers it cannot be read
	NoticeOlder         NoticeKind = "older"          // an older database was accepted as asked
	NoticeKeyring       NoticeKind = "keyring"        // the keyring does not answer; going on without
	NoticeAnchorUnsaved NoticeKind = "anchor-unsaved" // neither keyring nor state folder takes the anchor
	NoticeMode          NoticeKind = "mode"           // other users of this machine can read the folder or a file
	NoticeNotAudited    NoticeKind = "not-audited"    // the disk is full: what was done is not in the audit trail
	NoticeReading       NoticeKind = "reading"        // the folder cannot be written: nothing can be changed or is in the audit trail
	NoticeBackupUnnoted NoticeKind = "backup-unnoted" // the backup is good, and the vault does not remember it
)

func (o *Options) fill() {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Notice == nil {
		o.Notice = func(Notice) {}
	}
	if o.Progress == nil {
		o.Progress = func(Step, int64, int64) {}
	}
	if o.step == nil {
		o.step = func(string) {}
	}
	if o.unwritable == nil {
		o.unwritable = unwritable
	}
	if o.writeKey == nil {
		o.writeKey = keyfile.WriteFile
	}
}
