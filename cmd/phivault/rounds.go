package main

import (
	"context"
	"errors"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/tui"
	"phivault/vault/local"
)

// roundOf says what came of one remote; ok is false when nobody wants to know:
// the exchange was ended from here.
func roundOf(r local.Remote, res engine.Result, removed bool) (out tui.Round, ok bool) {
	out = tui.Round{Remote: r.Name, Pushed: res.Pushed.Entries, Pulled: res.Pulled.Entries}
	bad := orRemoved(r.Name, syncFault(r.Name, res), removed)
	if bad == nil {
		return out, true
	}
	o, _, _ := explain(bad)
	out.Trouble, out.Words = tui.TroubleOther, explainLine(bad)
	switch {
	case o.exit == 130:
		return out, false
	case o.code == "removed":
		out.Trouble = tui.TroubleRemoved
	case errors.Is(bad, remote.ErrUntrusted):
		out.Trouble = tui.TroubleUntrusted
	case errors.Is(bad, remote.ErrRefused), errors.Is(bad, remote.ErrTooLarge):
		out.Trouble = tui.TroubleRefused
	case errors.Is(bad, engine.ErrContradiction):
		out.Trouble = tui.TroubleUnreadable
	default:
		if t, ok := troubles[o.code]; ok {
			out.Trouble = t
		}
	}
	return out, true
}

var troubles = map[string]tui.Trouble{"remote": tui.TroubleOffline, "restored_copy": tui.TroubleRestored, "ended": tui.TroubleEnded, "unreadable": tui.TroubleUnreadable,
	"gone": tui.TroubleGone, "fork": tui.TroubleFork, "forged": tui.TroubleForged}

// troubleOf is the trouble of a code that a sync kept; "" is none.
func troubleOf(code string) tui.Trouble {
	t, ok := troubles[code]
	if !ok && code != "" {
		t = tui.TroubleOther
	}
	return t
}

func (s *session) rounds(ctx context.Context, list []local.Remote, results map[string]engine.Result) (out []tui.Round) {
	removed := false
	if j, err := s.ReadJournal(ctx); err == nil {
		st, err := j.Status(ctx)
		removed = err == nil && outOf(j, st)
	}
	for _, r := range list {
		if res, ok := results[r.ID]; ok {
			if round, ok := roundOf(r, res, removed); ok {
				out = append(out, round)
			}
		}
	}
	return out
}

// objects counts what has gone over the wire, of all remotes together.
func objects(tell func(int64)) func(engine.Progress) {
	if tell == nil {
		return nil
	}
	latest := map[string]int64{}
	return func(n engine.Progress) {
		latest[n.Remote] = int64(n.Pushed.Objects + n.Pulled.Objects)
		sum := int64(0)
		for _, l := range latest {
			sum += l
		}
		tell(sum)
	}
}
