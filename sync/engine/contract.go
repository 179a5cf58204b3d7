// Package engine moves sealed envelopes between a journal and remotes: what to
// push, what to ask for.
//
// It promises that requests grow with what is new and memory with neither that
// nor the vault, that a sync may end anywhere and the next one goes on, and that
// nothing is put to a remote after the journal found fault with it.
//
// It knows nothing of keys, members or records, and believes no remote: the
// journal verifies everything. It never waits for a remote to recover within a
// sync (package retry does) and writes nothing to disk.
package engine

import (
	"context"
	"io"
	"iter"

	"phivault/sync/remote"
)

// Journal is one vault's history, sealed on its way out and verified on its way
// in. Implemented by vault/journal; safe for concurrent use. remote is the name
// that the vault's owner gave a remote.
//
// A sync asks for all that Wanted gives, hands each answer to Deliver or Missing,
// and repeats that until Wanted gives nothing; then it puts all that Outgoing
// gives, in order as far as one log is concerned: an object is put only when
// those before it are there. Errors of Deliver and Missing concern one object;
// the others go on.
type Journal interface {
	// Outgoing gives what the remote lacks, sealed when opened. It gives an error
	// and nothing else when nothing may be pushed there.
	Outgoing(ctx context.Context, remote string) iter.Seq2[Envelope, error]
	// Sent says that a Put of Outgoing's returned nil. When it returned
	// remote.ErrExists, get what is there and Deliver it.
	Sent(ctx context.Context, remote string, n remote.Name) error
	// Wanted gives names to ask for, each once a sync. A sequence without any
	// ends the sync: the next call begins another.
	Wanted(ctx context.Context, remote string) iter.Seq2[remote.Name, error]
	// Deliver takes what was found under a name that was asked for: verifies it,
	// then applies or holds it.
	Deliver(ctx context.Context, remote string, e Envelope) error
	// Missing says that the remote has nothing under a name that was asked for.
	Missing(ctx context.Context, remote string, n remote.Name) error
}

// Envelope is one sealed object. Open may be called again; each reader gives
// Size bytes, closes without error, and is the caller's to close.
type Envelope struct {
	Name remote.Name
	Size int64
	Open func() (io.ReadCloser, error)
	// Unordered says of an outgoing envelope that it may be put while those before
	// it are still on their way. Any other is put when all before it are there.
	Unordered bool
}
