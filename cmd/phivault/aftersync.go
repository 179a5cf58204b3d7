package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault/journal"
	"phivault/vault/local"
)

// synced remembers of the remotes when a sync went without an error, and that the last
// one showed a failure of integrity, until one does not.
func (s *session) synced(ctx context.Context, list []local.Remote, results map[string]engine.Result) error {
	kept, err := s.Remotes(ctx) // who syncs for long may not know what became of one meanwhile
	if err != nil {
		return err
	}
	for _, r := range kept {
		res, ok := results[r.ID]
		if !ok || !slices.ContainsFunc(list, func(o local.Remote) bool { return o.ID == r.ID }) {
			continue
		}
		r, news := stateAfter(r, res)
		if res.Err == nil {
			r.Synced, news = s.app.now().UTC().Truncate(time.Second), true
			// What fails is tried again by the next sync.
			if done, err := s.shutOutLate(ctx, r); err == nil {
				r = done
			}
		}
		if !news {
			continue
		}
		if err := s.KeepRemote(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// stateAfter is a remote with what a sync showed of it; news without change is false. A
// remote that did not answer has shown nothing.
func stateAfter(r local.Remote, res engine.Result) (_ local.Remote, news bool) {
	state := ""
	if fault := syncFault(r.Name, res); fault != nil {
		o, _, _ := explain(fault)
		if o.exit != exitIntegrity {
			return r, false
		}
		state = o.code
	}
	if state == r.Traits[traitState] {
		return r, false
	}
	if r.Traits = maps.Clone(r.Traits); r.Traits == nil {
		r.Traits = map[string]string{}
	}
	r.Traits[traitState] = state
	return r, true
}

// outOf reports whether this device was removed. One whose keys ended learns that.
func outOf(j *journal.Journal, st journal.Status) bool {
	out := st.Out
	for _, m := range j.Members() {
		out = out || m.Self && m.Removed
	}
	return out && !st.Ended
}

// orRemoved is what a sync of a removed device comes to, whether the remote lets it in or
// not: that it was removed, where there is nothing graver and nothing else in the way.
func orRemoved(name string, err error, out bool) error {
	if !out || err != nil && !errors.Is(err, remote.ErrStranger) {
		return err
	}
	return &fault{code: "removed", why: name + ": this device was removed from the vault, and nothing is exchanged any more", cause: err}
}
