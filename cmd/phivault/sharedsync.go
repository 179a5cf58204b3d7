package main

import (
	"context"
	"slices"

	"phivault/tui"
	"phivault/vault"
	"phivault/vault/journal"
)

// sharedSync exchanges with the remotes, for the interface.
type sharedSync struct{ x *sharing }

func (y sharedSync) Standing(ctx context.Context) (st tui.Standing, err error) {
	ctx, done, err := y.x.begin(ctx)
	if err != nil {
		return st, err
	}
	defer done()
	s := y.x.s
	j, err := s.ReadJournal(ctx)
	if err != nil {
		return st, err
	}
	if st.Conflicts, st.Arrived, err = y.x.news(ctx, j); err != nil {
		return st, err
	}
	known, err := j.Status(ctx)
	if err != nil {
		return st, err
	}
	st.Code, st.Waiting, st.SetAside = j.Code(), len(known.Held)+len(known.Floors), known.Quarantined
	st.Restored, st.Ended = known.Restored, known.Ended
	forks, err := j.Forks(ctx)
	if err != nil {
		return st, err
	}
	for _, f := range forks {
		x := tui.Fork{Device: f.Letter, Copy: f.Copy, Words: forkWords(f)}
		for _, b := range f.By {
			x.By = append(x.By, b.Letter)
		}
		st.Forks = append(st.Forks, x)
	}
	last, sent, err := s.LastChange(ctx)
	if err != nil {
		return st, err
	}
	for _, m := range j.Members() {
		seen, err := s.seen(ctx, m)
		if err != nil {
			return st, err
		}
		st.Out = st.Out || m.Self && m.Removed
		st.Devices = append(st.Devices, tui.Device{ID: m.Device.String(), Letter: m.Letter, Name: m.Name, Self: m.Self, Owner: m.Owner,
			Removed: m.Removed, Next: m.Next, Seen: seen, Current: sent && j.Seen(m.Device, last), Of: m.Of})
	}
	list, err := s.Remotes(ctx)
	if err != nil || len(list) == 0 {
		return st, err
	}
	for _, r := range list {
		n, err := s.Pending(ctx, r.ID)
		if err != nil {
			return st, err
		}
		lacks, err := s.Lacking(ctx, r.ID)
		if err != nil {
			return st, err
		}
		st.Remotes = append(st.Remotes, tui.Remote{Name: r.Name, Address: r.URL, Synced: r.Synced, Pending: int64(n), Trouble: troubleOf(r.Traits[traitState])})
		st.Pending = max(st.Pending, int64(lacks))
	}
	fresh, err := s.Uncut(ctx)
	st.Pending += fresh
	return st, err
}

// recount has conflicts counted again: all records are looked at for it, so that it
// is done only after something arrived or was decided.
func (x *sharing) recount() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stale = true
}

// news counts conflicts and what arrived.
func (x *sharing) news(ctx context.Context, j *journal.Journal) (torn, arrived int64, err error) {
	if len(j.Members()) < 2 {
		return 0, 0, nil // nobody to disagree with, and nothing to scan for
	}
	x.mu.Lock()
	stale, from := x.stale, x.next
	x.mu.Unlock()
	if from == 0 {
		if from, err = x.s.End(ctx); err != nil {
			return 0, 0, err
		}
	}
	fresh, next, err := x.s.Arrived(ctx, from)
	if err != nil {
		return 0, 0, err
	}
	if stale {
		for _, err := range x.s.Rows(ctx, vault.Query{Conflicts: true, Limit: conflictsMost}) {
			if err != nil {
				return 0, 0, err
			}
			torn++
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.next == from || x.next == 0 { // nobody else has counted these meanwhile
		x.next, x.arrived = next, x.arrived+fresh
	}
	if stale {
		x.torn, x.stale = torn, false
	}
	return x.torn, x.arrived, nil
}

// conflictsMost bounds what is counted for the banner.
const conflictsMost = 999

func (y sharedSync) Now(ctx context.Context, moved func(int64)) ([]tui.Round, error) {
	ctx, done, err := y.x.alone(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	list, err := y.x.s.chosen(ctx, nil)
	if err != nil {
		return nil, err
	}
	before := slices.Clone(list)
	_, results, err := y.x.s.exchange(ctx, list, objects(moved))
	y.x.recount()
	for i, r := range list {
		if r.Secrets[secretAccess] != before[i].Secrets[secretAccess] {
			y.x.tellChanged() // who watches it goes on with the key that it has now
		}
	}
	return y.x.s.rounds(context.WithoutCancel(ctx), list, results), err
}

func (y sharedSync) Compare(ctx context.Context, code string) error {
	ctx, done, err := y.x.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	j, err := y.x.s.Journal(ctx)
	if err != nil {
		return err
	}
	return j.CheckCode(ctx, code)
}
