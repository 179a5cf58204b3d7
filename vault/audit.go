package vault

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Action is what the audit trail says was done. It is one word and never
// carries what was searched for or found.
type Action string

const (
	ActionUnlock     Action = "unlock"
	ActionRead       Action = "read"
	ActionList       Action = "list"
	ActionSearch     Action = "search"
	ActionAdd        Action = "add"
	ActionEdit       Action = "edit"
	ActionDelete     Action = "delete"
	ActionImport     Action = "import"
	ActionExport     Action = "export"
	ActionPassphrase Action = "passphrase"
	ActionKeyring    Action = "keyring"
	ActionBackup     Action = "backup"
	ActionVerify     Action = "verify"
	ActionRebuild    Action = "rebuild"
	ActionAdopt      Action = "adopt"
	ActionRekey      Action = "rekey"
	ActionReplace    Action = "replace"
	ActionSpare      Action = "spare"
	ActionPurge      Action = "purge"
)

// AuditNote is the payload of an audit entry, canonical JSON. Count acts of
// one session, action and patient within one hour are one entry.
type AuditNote struct {
	V       int    `json:"v"`       // 1
	Session string `json:"session"` // random, one a time that the vault was open
	Action  Action `json:"action"`
	Patient string `json:"patient,omitempty"` // record id (the record itself where the patient is not known)
	First   string `json:"first"`             // RFC 3339, UTC
	Last    string `json:"last"`
	Count   int    `json:"count"`

	order int // in which the acts began
}

type auditKey struct {
	action Action
	record RecordID
	hour   int64
}

type auditor struct {
	clock   Clock
	session string
	mu      sync.Mutex
	open    map[auditKey]*AuditNote
	begun   int
}

// auditMost bounds what is held back before it must be written.
const auditMost = 1024

func newAuditor(clock Clock) *auditor {
	var b [8]byte
	rand.Read(b[:])
	return &auditor{clock: clock, session: hex.EncodeToString(b[:]), open: map[auditKey]*AuditNote{}}
}

func (a *auditor) note(action Action, record RecordID) {
	now := a.clock().UTC()
	at := now.Format(time.RFC3339)
	k := auditKey{action, record, now.Unix() / 3600}
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.open[k]
	if n == nil {
		a.begun++
		n = &AuditNote{V: 1, Session: a.session, Action: action, First: at, order: a.begun}
		if !record.IsZero() {
			n.Patient = record.String()
		}
		a.open[k] = n
	}
	n.Last, n.Count = at, n.Count+1
}

// with gives the entries to write now: what is held back, and the acts themselves. back
// holds the former back again, for when nothing was written.
func (a *auditor) with(action Action, records ...RecordID) (notes []Note, back func()) {
	notes, back = a.drain()
	acts := auditor{clock: a.clock, session: a.session, open: map[auditKey]*AuditNote{}}
	for _, r := range records {
		acts.note(action, r)
	}
	for len(acts.open) > 0 {
		own, _ := acts.drain()
		notes = append(notes, own...)
	}
	return notes, back
}

// drain takes out what is held back, of more than auditMost the oldest.
func (a *auditor) drain() (notes []Note, back func()) {
	held := a.takeOldest()
	keys := slices.SortedFunc(maps.Keys(held), func(k, l auditKey) int { return cmp.Compare(held[k].order, held[l].order) })
	notes = make([]Note, 0, len(keys)+1)
	for _, k := range keys {
		p, err := json.Marshal(held[k])
		if err != nil {
			panic("vault: audit note: " + err.Error())
		}
		notes = append(notes, Note{Kind: KindAudit, Record: k.record, Payload: p})
	}
	return notes, func() { a.hold(held) }
}

// takeOldest is what must be done while nothing is noted.
func (a *auditor) takeOldest() map[auditKey]*AuditNote {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.open) <= auditMost {
		held := a.open
		a.open = map[auditKey]*AuditNote{}
		return held
	}
	held := make(map[auditKey]*AuditNote, auditMost)
	keys := slices.SortedFunc(maps.Keys(a.open), func(k, l auditKey) int { return cmp.Compare(a.open[k].order, a.open[l].order) })
	for _, k := range keys[:auditMost] {
		held[k] = a.open[k]
		delete(a.open, k)
	}
	return held
}

// hold takes back what could not be written.
func (a *auditor) hold(notes map[auditKey]*AuditNote) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, was := range notes {
		if now := a.open[k]; now != nil {
			was.Last, was.Count = now.Last, was.Count+now.Count
		}
		a.open[k] = was
	}
}

func (a *auditor) full() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.open) >= auditMost
}

// noteRead notes a reading. It does not wait until that is written: what is held back
// stays so when it cannot be, and whoever closes the vault is told.
func (v *Vault) noteRead(action Action, r Record) {
	about := r.Patient
	if about.IsZero() {
		about = r.ID
	}
	v.audit.note(action, about)
	if v.audit.full() && v.flushing.TryLock() {
		go func() {
			defer v.flushing.Unlock()
			_, _ = v.writeAudit(context.Background())
		}()
	}
}

// flushAudit writes what is held back.
func (v *Vault) flushAudit(ctx context.Context) error {
	v.flushing.Lock()
	defer v.flushing.Unlock()
	for {
		if n, err := v.writeAudit(ctx); err != nil || n < auditMost {
			return err
		}
	}
}

// flushIfRoom is flushAudit for whoever only reads: on a full disk too.
func (v *Vault) flushIfRoom(ctx context.Context) error {
	if err := v.flushAudit(ctx); !errors.Is(err, ErrFull) {
		return err
	}
	return nil
}

// writeAudit is flushAudit for whoever holds flushing, and for one batch of n notes.
func (v *Vault) writeAudit(ctx context.Context) (n int, err error) {
	notes, back := v.audit.drain()
	if len(notes) == 0 || v.p.ReadOnly {
		return 0, nil
	}
	if _, err = v.p.Store.Append(ctx, Batch{Notes: notes}); err != nil {
		back()
	}
	return len(notes), err
}

// Record writes the act into the audit trail now, before what it announces is
// done: for exports, backups and changes of keys. The patient may be zero.
func (v *Vault) Record(ctx context.Context, action Action, patient RecordID) error {
	if v.p.ReadOnly {
		return nil
	}
	return v.appendNoted(ctx, Batch{}, action, []RecordID{patient})
}

// Audited is one line of the audit trail.
type Audited struct {
	Entry  int64
	At     time.Time // when it was written, as of an Entry; see Began
	Device [16]byte
	Kind   Kind // KindAudit or KindImport
	Audit  AuditNote
	Import ImportNote
}

// Began is when the act was done, the first of several: by the clock of the device that
// did it, for display only.
func (a *Audited) Began() time.Time {
	text := a.Audit.First
	if a.Kind == KindImport {
		text = a.Import.At
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t
	}
	return a.At
}

// Audit gives the trail from entry number from on, oldest first.
func (v *Vault) Audit(ctx context.Context, from int64, yield func(Audited) bool) error {
	if err := v.flushIfRoom(ctx); err != nil {
		return err
	}
	for e, err := range v.p.Log.Entries(ctx, from, KindAudit, KindImport) {
		if err != nil {
			return err
		}
		a := Audited{Entry: e.Number, At: e.At, Device: e.Device, Kind: e.Header.Kind}
		into := any(&a.Audit)
		if a.Kind == KindImport {
			into = &a.Import
		}
		if err := json.Unmarshal(e.Payload, into); err != nil {
			return fmt.Errorf("%w: entry %d", ErrIntegrity, e.Number)
		}
		if a.Kind == KindImport && a.Import.At == "" {
			continue
		}
		if !yield(a) {
			return nil
		}
	}
	return nil
}
