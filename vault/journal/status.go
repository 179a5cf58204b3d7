package journal

import (
	"context"
	"errors"
	"slices"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Member is a device of the vault, or one that was.
type Member struct {
	Device  identity.DeviceID
	Letter  string // by seniority: A, B, … Z, AA
	Name    string // "" for the founding device
	Owner   bool
	Removed bool
	Self    bool
	Last    []vault.Place // of its logs, as applied here
	Log     uint64        // the number of the log that it writes
	Spare   bool          // its keys lie in a drawer; false once it came to life
	Of      string        // the letter of the device that it was a copy of; or ""
	// Was and Next are letters too: of the device whose keys ended when these were
	// drawn, and of the one with the keys drawn when these ended, at End; or "".
	Was, Next string
	End       vault.Place
}

// Members are all devices that were ever admitted, by seniority.
func (j *Journal) Members() (out []Member) {
	j.mu.Lock()
	defer j.mu.Unlock()
	ms := j.s.members(everything)
	for _, m := range ms.all {
		x := Member{Device: m.device, Letter: letter(m.order), Name: m.name, Owner: m.role == segment.RoleOwner,
			Removed: !ms.is(m.device), Self: m.device == j.self}
		used := false
		for _, e := range j.s.Events {
			used = used || e.Copy && e.By == m.device
			if old, _ := ms.find(e.By); e.Copy && [16]byte(e.Admit.Public.DeviceID()) == m.device {
				if x.Of = letter(old.order); e.ends() {
					x.Of, x.Was = "", x.Of
				}
			}
		}
		if e := j.s.endOf(ms, m.device); e != nil {
			heir, _ := ms.find(e.Admit.Public.DeviceID())
			x.Next, x.End = letter(heir.order), e.At
		}
		for log, l := range j.s.Logs {
			if log.Device == m.device {
				x.Last = append(x.Last, l.Last)
				if !l.Alone {
					x.Log = max(x.Log, log.Number)
				}
			}
		}
		x.Spare = m.spare && !used
		segment.SortPlaces(x.Last)
		out = append(out, x)
	}
	return out
}

func letter(n int) string {
	if n < 26 {
		return string(rune('A' + n))
	}
	return letter(n/26-1) + letter(n%26)
}

// Held is a segment that waits, and what for.
type Held struct {
	Place vault.Place
	For   []vault.Place // empty: for an object beside it, or one before it
}

// Status is what a journal knows of how things stand.
type Status struct {
	Held        []Held
	Floors      []vault.Place // told of at enrolment and not here yet
	Quarantined int           // segments that do not stand
	Forks       int
	Later       []Later
	Deletions   []Deletion // segments held for what they delete, until Confirm
	Restored    bool       // this copy may not publish
	Ended       bool       // nor may this one: see ErrEnded
	Accusers    []Accuser  // on whose word alone it may not; empty where that is certain
	// Replacing: this device was a copy of another, and the others do not know of it
	// yet. Out: they never will, since the other was removed.
	Replacing, Out bool
	Copies         []Copy
	Renewed        []Copy // that are no copies: the other's keys ended
}

// Later is a device's log after its first, seen here for the first time since the
// journal was opened.
type Later struct {
	Letter string
	Number uint64
}

// Copy is a device that was a copy of another, seen here for the first time since the
// journal was opened.
type Copy struct{ Letter, Of string }

// Status reports it.
func (j *Journal) Status(ctx context.Context) (st Status, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, log := range j.pending.ids() {
		for _, h := range j.pending.logs[log] {
			if d, held := j.s.Deletions[log]; held && d.Place == h.seg.Place {
				continue
			}
			st.Held = append(st.Held, Held{h.seg.Place, h.waits})
		}
	}
	ms := j.s.members(everything)
	for log := range j.s.Logs {
		if from, ok := ms.cutOff(log); ok && log.Device != j.self && j.s.next(log) > from {
			st.Quarantined += int(j.s.next(log) - from)
		}
	}
	if j.former != nil {
		st.Replacing = true
		_, st.Out = ms.removed[j.former.ID()]
	}
	for _, e := range j.copies {
		m, _ := ms.find(e.Admit.Public.DeviceID())
		o, _ := ms.find(e.By)
		to := &st.Copies
		if e.ends() {
			to = &st.Renewed
		}
		*to = append(*to, Copy{letter(m.order), letter(o.order)})
	}
	for _, d := range j.s.Deletions {
		m, _ := ms.find(d.Place.Log.Device)
		d.Letter = letter(m.order)
		st.Deletions = append(st.Deletions, d)
	}
	slices.SortFunc(st.Deletions, func(a, b Deletion) int { return segment.CompareLogs(a.Place.Log, b.Place.Log) })
	for _, log := range j.begun {
		m, _ := ms.find(log.Device)
		st.Later = append(st.Later, Later{letter(m.order), log.Number})
	}
	f, err := j.forks(ctx)
	st.Forks, st.Floors, st.Restored, st.Ended = len(f), j.s.Floors, j.old, errors.Is(j.mute(), ErrEnded)
	if err == nil && j.old {
		st.Accusers, err = j.accusers(ctx, ms)
	}
	return st, err
}

// Stable reports whether every member has seen the segment: its log's later
// entries can never come to lie before it. A device's own word counts for itself.
func (j *Journal) Stable(p vault.Place) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	ms := j.s.members(everything)
	for _, d := range ms.devices() {
		if m, _ := ms.find(d); d == p.Log.Device || m.spare {
			continue
		}
		if !j.seen(d, p) {
			return false
		}
	}
	return true
}

// Seen reports whether a member is known to have applied the segment: it wrote it,
// or says so in its own log.
func (j *Journal) Seen(d identity.DeviceID, p vault.Place) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return [16]byte(d) == p.Log.Device || j.seen(d, p)
}

func (j *Journal) seen(d [16]byte, p vault.Place) bool {
	if d == j.self {
		return p.Seq < j.s.next(p.Log)
	}
	for log, l := range j.s.Logs {
		if c, ok := l.Cites[p.Log]; ok && log.Device == d && c.Seq >= p.Seq {
			return true
		}
	}
	return false
}
