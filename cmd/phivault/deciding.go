package main

import (
	"context"
	"slices"

	"phivault/tui"
	"phivault/vault"
	"phivault/vault/journal"
)

var _ tui.Conflicts = sharedConflicts{}

type sharedConflicts struct{ x *sharing }

func (c sharedConflicts) Heads(ctx context.Context, id vault.RecordID) (out []tui.Head, err error) {
	ctx, done, err := c.x.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	v := c.x.s.Vault.Vault
	heads, err := v.Heads(ctx, id)
	if err != nil {
		return nil, err
	}
	history, err := v.History(ctx, id)
	if err != nil {
		return nil, err
	}
	j, err := c.x.s.ReadJournal(ctx)
	if err != nil {
		return nil, err
	}
	members := j.Members()
	for _, h := range heads {
		o := tui.Head{Record: h}
		if i := slices.IndexFunc(history, func(r vault.Revision) bool { return r.Version == h.Version }); i >= 0 {
			o.At, o.Sent, o.Device = history[i].At, history[i].Sent, writer(members, history[i].Device)
		}
		out = append(out, o)
	}
	return out, nil
}

func writer(members []journal.Member, device [16]byte) string {
	for _, m := range members {
		if [16]byte(m.Device) == device {
			name := "device " + m.Letter
			if m.Name != "" {
				name += " " + m.Name
			}
			if m.Self {
				name += " (this one)"
			}
			return name
		}
	}
	return ""
}

func (c sharedConflicts) Keep(ctx context.Context, old vault.Record, keep *vault.Resource) (vault.Record, error) {
	defer c.x.recount()
	return c.x.s.Settle(ctx, old, keep)
}

func (c sharedConflicts) Merge(ctx context.Context, old vault.Record, b []byte) (vault.Record, error) {
	r, err := parseOne(ctx, c.x.s.Vault.Vault, b)
	if err != nil {
		return vault.Record{}, err
	}
	defer c.x.recount()
	return c.x.s.Settle(ctx, old, r)
}
