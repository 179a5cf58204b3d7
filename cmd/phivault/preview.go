package main

import (
	"context"

	"phivault/sync/remote"
	"phivault/vault/journal"
	"phivault/vault/local"
)

// previews tells for each remote what a sync would move.
func (a *app) previews(ctx context.Context, s *session, names []string) error {
	list, err := s.chosen(ctx, names)
	if err != nil {
		return err
	}
	n, err := s.Counts(ctx)
	if err != nil {
		return err
	}
	j, err := s.ReadJournal(ctx)
	if err != nil {
		return err
	}
	st, err := j.Status(ctx)
	if err != nil {
		return err
	}
	out := outOf(j, st)
	t := newTable(a.out, column{title: "REMOTE"}, column{title: "TO PUSH"}, column{title: "TO PULL"}, column{title: "REQUESTS", right: true}, column{title: "RESULT"})
	var worst error
	for _, r := range list {
		begun := a.now()
		f, perr := preview(ctx, s, r)
		o := syncObject{Schema: "phivault.sync.v1", Remote: r.Name, Code: "ok", Pushed: newMoved(f.Push), Pulled: newMoved(f.Pull),
			Conflicts: n.Conflicts, Requests: f.Requests, Stale: []staleObject{}, Waits: []waitObject{}, DryRun: true, More: f.More, MS: a.since(begun)}
		if perr != nil {
			perr = because(perr, r.Name)
		}
		if perr = orRemoved(r.Name, perr, out); perr != nil {
			row, _, _ := explain(perr)
			o.Code, worst = row.code, graver(worst, perr)
		}
		if a.g.json {
			err = a.emit(o)
		} else {
			err = t.row(r.Name, amountText(o.Pushed, false), amountText(o.Pulled, o.More), itoa(int64(o.Requests)), o.Code)
		}
		if err != nil {
			return err
		}
	}
	return graver(worst, t.close())
}

func preview(ctx context.Context, s *session, r local.Remote) (journal.Forecast, error) {
	raw, err := openRemote(r)
	if err != nil {
		return journal.Forecast{}, err
	}
	c := patient(raw)
	defer c.Close()
	return s.Preview(ctx, r.ID, func(ctx context.Context, n remote.Name) ([]byte, error) { return content(ctx, c, n) })
}

func amountText(m movedObject, more bool) string {
	switch {
	case m.Objects == 0:
		return "nothing"
	case more:
		return "over " + count(m.Segments, "segment", "segments")
	}
	return count(m.Segments, "segment", "segments") + ", " + count(m.Entries, "entry", "entries") + ", " + sizeText(m.Bytes)
}
