package tui

import (
	"context"
	"errors"
	"time"

	"phivault/crypto/secret"
	"phivault/vault"
)

// Sharing is the companion of a Session whose vault can be shared with other
// devices.
type Sharing interface {
	Remotes() Remotes
	Sync() Sync
	Devices() Devices
	Conflicts() Conflicts
}

// Remotes are the places where the vault's ciphertext lies.
type Remotes interface {
	// Needs names the credentials that an address takes, or says that it is none.
	// It asks nobody.
	Needs(address string) ([]Need, error)
	// Add keeps a remote once it answered, and gives the folder that it made for it, ""
	// mostly. The credentials stay the caller's.
	Add(ctx context.Context, r NewRemote) (made string, err error)
	// Test asks a remote whether it answers.
	Test(ctx context.Context, name string) error
	// Remove forgets a remote and its credentials. What lies there stays there.
	Remove(ctx context.Context, name string) error
}

// Need is a credential of a remote.
type Need struct {
	Name string
	Must bool
}

// NewRemote is a remote to be added.
type NewRemote struct {
	Name, Address, Pin string
	Credentials        map[string]*secret.Bytes // by Need.Name
}

// Sync exchanges changes with the remotes. Two exchanges never run at once: the
// second waits.
type Sync interface {
	// Standing says how things stand, as far as it is known here; it asks no remote.
	Standing(ctx context.Context) (Standing, error)
	// Now exchanges with every remote. moved may be called from any goroutine.
	Now(ctx context.Context, moved func(objects int64)) ([]Round, error)
	// Watch exchanges by itself until ctx ends: at once, whenever wake gives
	// something, when a remote tells of something new, and now and then. heard is
	// called after each time, from another goroutine.
	Watch(ctx context.Context, wake <-chan struct{}, heard func([]Round)) error
	// Compare holds another device's code against what is here: nil when both saw
	// the same history.
	Compare(ctx context.Context, code string) error
}

// Standing is how a vault stands towards other devices.
type Standing struct {
	Remotes   []Remote
	Devices   []Device // by seniority
	Code      string   // this device's, for another to compare; "" before the first sync
	Pending   int64    // changes that no segment holds, and segments that a remote lacks
	Conflicts int64
	Arrived   int64 // versions and deletions of records that came from others since the vault was opened
	Waiting   int   // parts of the history that wait for others
	SetAside  int   // parts that a removed device wrote afterwards
	Out       bool  // this device was removed
	Restored  bool  // this copy is an older one and publishes nothing
	Ended     bool  // nor does this one, whose keys were replaced elsewhere

	Forks []Fork
}

// Fork is a place at which a device has two histories, or is said to.
type Fork struct {
	Device string   // letter of the device in whose name they are signed
	By     []string // letters of the devices on whose word it rests; none where it is proved here
	Copy   string   // where two copies of Device took fresh keys: letter of the one known here; "" mostly
	Words  string   // one line, with the place in the log
}

// Remote is a place as it was set up here.
type Remote struct {
	Name, Address string
	Synced        time.Time // the last sync without an error; zero: never
	Pending       int64     // segments that the next sync sends there
	Trouble       Trouble   // that the last sync showed, of whichever run; of integrity only
}

// Device is a device of the vault, or one that was. Name is as that device gave it.
type Device struct {
	ID, Letter, Name     string
	Self, Owner, Removed bool
	Next                 string    // of one whose keys were replaced: the letter of the device that it is now
	Seen                 time.Time // when it last wrote, by its clock; zero: nothing of it is here
	Current              bool      // it is known to have all that this device sent
	Of                   string    // letter of the device that it was a copy of; "" mostly
}

// Round is what an exchange with one remote came to.
type Round struct {
	Remote         string
	Pushed, Pulled int // entries
	Trouble        Trouble
	Words          string // one line about it; "" without trouble
}

// Trouble is what kept an exchange from being whole.
type Trouble uint8

// The kinds of trouble, from none to the gravest.
const (
	TroubleNone       Trouble = iota
	TroubleOffline            // it does not answer
	TroubleRefused            // it answers and does not take this device's word
	TroubleOther              // something here
	TroubleRestored           // this copy is too old to publish
	TroubleEnded              // this device's keys were replaced elsewhere
	TroubleRemoved            // this device was removed from the vault
	TroubleFork               // a device has two histories, or is said to
	TroubleUntrusted          // it does not prove to be the place that was set up
	TroubleUnreadable         // it gave what does not open
	TroubleGone               // it lost or replaced what was there
	TroubleForged             // it gave what no device may have written
)

// Cheats reports whether the remote cannot be trusted any more.
func (t Trouble) Cheats() bool { return t >= TroubleUntrusted }

// Devices admits, names and removes devices. Only an owner may, but that a device
// names itself.
type Devices interface {
	// Invite makes an invitation to meet at a remote. Its owner closes it.
	Invite(ctx context.Context, remote string, owner bool) (Invitation, error)
	Rename(ctx context.Context, id, name string) error
	// Remove ends a device's membership, and tells the remotes.
	Remove(ctx context.Context, id string) error
	// EndFork removes a device over the forks in which it has a part. With adopt this
	// device takes over what it has of a history that is set aside thereby.
	EndFork(ctx context.Context, id string, adopt bool) error
}

// Invitation is an invitation that was made here.
type Invitation interface {
	// Card is what to give to the new device.
	Card() Card
	// Wait waits for the new device's request, until the invitation runs out.
	Wait(ctx context.Context) (Candidate, error)
	// Admit lets the device in when typed are the words that it shows, and gives
	// ErrWords when they are not.
	Admit(ctx context.Context, typed string) error
	// Close may be called while others run: they end with their context.
	Close()
}

// Card is an invitation as people pass it on.
type Card struct {
	Text  string // all of it: where to meet, the credential, the secret
	Words string // the secret alone, as 12 words
	Meet  string // the remote's address
	Alone bool   // the words and the address are enough: the remote takes no credential
	Valid time.Duration
}

// Candidate is a device that asks to be let in. Its name is its own claim.
type Candidate struct{ ID, Name string }

// ErrWords is words that were not typed as the new device shows them.
var ErrWords = errors.New("those are not the words that the new device shows")

// Conflicts decides between versions of a record that count at once.
type Conflicts interface {
	// Heads are those versions, with who wrote each when.
	Heads(ctx context.Context, id vault.RecordID) ([]Head, error)
	// Keep ends the conflict with one of them.
	Keep(ctx context.Context, old vault.Record, keep *vault.Resource) (vault.Record, error)
	// Merge ends it with a new version; the JSON is validated as an import would be.
	Merge(ctx context.Context, old vault.Record, json []byte) (vault.Record, error)
}

// Head is one of the versions that count.
type Head struct {
	vault.Record // in that version; Deleted: a deletion, with what was deleted
	At           time.Time
	Sent         bool   // At is when its device sent it, not when it was made
	Device       string // letter and name
}

// Joiner is the companion of an Opener that can make this device's copy of a vault
// that it was invited to.
type Joiner interface {
	// Join reads an invitation, which stays the caller's, and asks nobody yet.
	// address is where the remote lies as seen from here, "" where the invitation
	// says it.
	Join(invitation *secret.Bytes, address string) (Joining, error)
}

// Joining is a device on its way in. Its owner closes it.
type Joining interface {
	// Ask asks to be admitted and gives the words to be typed on the inviting device.
	Ask(ctx context.Context) (words string, err error)
	// Finish waits for the answer, makes the vault under the passphrase, which
	// stays the caller's, and fetches everything.
	Finish(ctx context.Context, passphrase *secret.Bytes, moved func(objects int64)) (Session, error)
	// Close may be called while others run: they end with their context.
	Close()
}
