package journal

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Parts are what a journal works on. The journal closes none of them.
type Parts struct {
	Ledger vault.Ledger
	State  vault.JournalState
	Store  vault.Store
	Blobs  vault.SyncedBlobs
	Device *identity.Device
	// Genesis is the vault's first record.
	Genesis []byte
	// Epochs are the keys of the key file, the vault's first epoch at the front.
	// They stay the caller's.
	Epochs []EpochKey
	// Floors are the places that a reply to this device's request told of; only
	// when the journal is opened for the first time.
	Floors []vault.Place
	Merge  vault.Merger // nil: Merge
	Clock  vault.Clock  // nil: time.Now
}

// EpochKey is one epoch's key.
type EpochKey struct {
	ID  segment.EpochID
	Key *secret.Bytes
}

// Journal is one device's door to a vault's history. It is safe for concurrent
// use.
type Journal struct {
	p       Parts
	id      vault.Hash
	self    [16]byte
	own     vault.LogID
	first   segment.EpochID
	space   remote.Space
	mu      sync.Mutex // guards what follows
	s       *state
	keys    map[segment.EpochID]*segment.Keys
	pending pending
	syncs   map[string]*session
	absent  map[vault.LogID]bool // in these syncs, the next segment was asked for in vain
	dels    deletions            // what was said about unusually many
	split   []error              // forks that citations told of, to be reported
	stopped map[vault.LogID]bool // logs with two histories: not asked for, unless somebody cites more
	unsaved int
	former  *identity.Device // that this one was, until its replacement is out; or nil
	before  *identity.Device // whose keys ended when this one's were drawn, until all know; or nil
	again   bool             // see Again
	begun   []vault.LogID    // later logs, since it was opened
	copies  []event          // replacements and endings since then
	old     bool             // this database is older than what the device published
	ended   bool             // the device's keys were ended, and not here
	wrote   time.Time        // when the own log last grew; zero: not looked up yet
	beating bool             // a segment of nothing but the audit trail is worth it
	lacking []vault.Place    // segments without contents that no purge names
}

var _ engine.Journal = (*Journal)(nil)

const (
	stateKey   = "state"
	epochState = "epoch/"
	forkState  = "fork/"
	saveEvery  = 32 // segments between two writes of the state
)

// Open opens the journal of a vault that is open.
func Open(ctx context.Context, p Parts) (*Journal, error) {
	g, err := identity.ParseGenesis(p.Genesis)
	if err != nil {
		return nil, err
	}
	if len(p.Epochs) == 0 {
		return nil, fmt.Errorf("%w: no epoch", vault.ErrUsage)
	}
	if p.Clock == nil {
		p.Clock = time.Now
	}
	if p.Merge == nil {
		p.Merge = Merge
	}
	j := &Journal{p: p, id: g.VaultID(), self: p.Device.ID(), first: p.Epochs[0].ID,
		keys: map[segment.EpochID]*segment.Keys{}, pending: newPending(), syncs: map[string]*session{}, absent: map[vault.LogID]bool{}, stopped: map[vault.LogID]bool{},
		dels: deletions{confirmed: map[vault.Hash]bool{}}}
	j.space = segment.Space(j.id)
	if err := j.load(ctx, g); err != nil {
		j.Close(ctx)
		return nil, err
	}
	return j, nil
}

func (j *Journal) load(ctx context.Context, g identity.Genesis) error {
	for _, e := range j.p.Epochs {
		k, err := segment.NewKeys(e.ID, e.Key)
		if err != nil {
			return err
		}
		j.keys[e.ID] = k
	}
	var err error
	if j.own, err = j.p.Ledger.Own(ctx); err != nil {
		return err
	}
	if j.own.Device != j.self {
		return fmt.Errorf("%w: the database is another device's", vault.ErrIntegrity)
	}
	b, err := j.p.State.State(ctx, stateKey)
	if err != nil {
		return err
	}
	if b == nil {
		j.s = newState(g, j.first)
		j.s.Floors = slices.Clone(j.p.Floors)
	} else if j.s, err = decodeState(b); err != nil {
		return err
	}
	if b, err = j.p.State.State(ctx, oldState); err != nil {
		return err
	}
	j.old = b != nil
	if b, err = j.p.State.State(ctx, endedState); err != nil {
		return err
	}
	j.ended = b != nil
	if err := errors.Join(j.loadKeys(ctx), j.loadFormer(ctx), j.loadBefore(ctx)); err != nil {
		return err
	}
	anew := len(j.s.Logs) == 0
	if err := j.catchUp(ctx); err != nil {
		return err
	}
	if anew { // it was all here before
		j.copies, j.begun = nil, nil
	}
	return j.stand(ctx)
}

// loadKeys opens the epoch keys that were wrapped for this device.
func (j *Journal) loadKeys(ctx context.Context) error {
	names, err := j.p.State.States(ctx, epochState)
	if err != nil {
		return err
	}
	for _, n := range names {
		b, err := j.p.State.State(ctx, n)
		if err != nil {
			return err
		}
		raw, err := hex.DecodeString(n[len(epochState):])
		if err != nil || len(raw) != 16 || len(b) < 16 {
			return fmt.Errorf("%w: an epoch's key", vault.ErrIntegrity)
		}
		if err := j.unwrap(segment.EpochID(raw), [16]byte(b), b[16:], nil); err != nil {
			return fmt.Errorf("%w: an epoch's key", vault.ErrIntegrity)
		}
	}
	return nil
}

// catchUp folds the segments that the ledger has and the state does not: what a
// crash between the two left.
func (j *Journal) catchUp(ctx context.Context) error {
	places, err := j.p.Ledger.Places(ctx)
	if err != nil {
		return err
	}
	for moved := true; moved; {
		moved = false
		for _, p := range places {
			for next := j.s.next(p.Log); next <= p.Seq; next = j.s.next(p.Log) {
				l, err := j.p.Ledger.Segment(ctx, p.Log, next)
				if err != nil {
					return err
				}
				c, err := j.readBack(l)
				if err != nil {
					return err
				}
				if !j.known(c.seg.Heads) {
					break // others first
				}
				if err := j.fold(ctx, c); err != nil {
					return err
				}
				moved = true
			}
		}
	}
	for _, p := range places {
		if j.s.next(p.Log) <= p.Seq {
			return fmt.Errorf("%w: the ledger's segments cite what is not there", vault.ErrIntegrity)
		}
	}
	return nil
}

// known reports whether all heads are of segments that were folded.
// One that is quarantined counts as received, and one of the device that this one was:
// others cite what this copy never had.
func (j *Journal) known(heads []vault.Place) bool {
	ms := j.s.members(everything)
	return !slices.ContainsFunc(heads, func(h vault.Place) bool {
		return h.Seq >= j.s.next(h.Log) && ms.stands(h) && (j.former == nil || h.Log.Device != j.former.ID())
	})
}

// readBack checks that the ledger gives a segment as it was signed.
func (j *Journal) readBack(l vault.Segment) (*checked, error) {
	s, err := segment.FromLedger(l)
	if err != nil {
		return nil, fmt.Errorf("%w: a segment in the ledger", vault.ErrIntegrity)
	}
	return j.decode(s, bodiesOf(l))
}

func bodiesOf(l vault.Segment) [][]byte {
	b := make([][]byte, len(l.Entries))
	for i, e := range l.Entries {
		if b[i] = e.Body; e.Gone {
			b[i] = segment.Gone()
		}
	}
	return b
}

// fold takes a segment into the state and keeps what it gives this device.
func (j *Journal) fold(ctx context.Context, c *checked) error {
	by := c.seg.Place.Log.Device
	for _, m := range c.mints {
		for _, w := range m.Wraps {
			var err error
			switch {
			case w.Device == j.self:
				err = j.learn(ctx, m.Epoch, by, by, w.Wrap)
			case j.earlier() != nil && w.Device == j.earlier().ID():
				err = j.learnFormer(ctx, m.Epoch, by, by, w.Wrap)
			}
			if err != nil {
				return err
			}
		}
	}
	j.s.fold(c)
	for _, e := range c.events {
		if e.Copy {
			j.copies = append(j.copies, e)
		}
	}
	j.wroteAt(c.seg)
	if c.seg.Later() && !c.replaces() {
		j.begun = append(j.begun, c.seg.Place.Log)
	}
	j.unsaved++
	if len(c.events)+len(c.mints) > 0 || j.unsaved >= saveEvery {
		return j.save(ctx)
	}
	return nil
}

// took is fold for a segment that came or was cut, with what follows from it for
// others.
func (j *Journal) took(ctx context.Context, c *checked) error {
	if err := j.fold(ctx, c); err != nil || len(c.events) == 0 {
		return err
	}
	return j.stand(ctx)
}

func (j *Journal) save(ctx context.Context) error {
	b, err := j.s.encode()
	if err != nil {
		return err
	}
	j.unsaved = 0
	return j.p.State.SetState(ctx, stateKey, b)
}

// Close keeps the state and wipes the keys.
func (j *Journal) Close(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var err error
	if j.unsaved > 0 {
		err = j.save(context.WithoutCancel(ctx))
	}
	j.former.Destroy()
	j.before.Destroy()
	for _, k := range j.keys {
		k.Destroy()
	}
	clear(j.keys)
	return err
}
