package journal

import (
	"cmp"
	"context"
	"fmt"
	"unicode/utf8"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Rename gives a member, this device or another, a name of 1 to 256 bytes. A
// device names itself, an owner anybody; ErrNotMember otherwise. It leaves with the
// next sync.
func (j *Journal) Rename(ctx context.Context, device identity.DeviceID, name string) error {
	if name == "" || len(name) > segment.MaxName || !utf8.ValidString(name) {
		return fmt.Errorf("%w: a device's name has 1 to %d bytes of UTF-8", vault.ErrUsage, segment.MaxName)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	ms := j.s.members(everything)
	x, known := ms.find(device)
	silent := j.mute()
	switch {
	case silent != nil:
		return silent
	case !ms.is(j.self), [16]byte(device) != j.self && !ms.owner(j.self):
		return ErrNotMember
	case !known:
		return fmt.Errorf("%w: no such device", vault.ErrUsage)
	case x.name == name:
		return nil
	}
	if err := j.settle(ctx); err != nil {
		return err
	}
	p := segment.Member{Name: &segment.Naming{Device: device, Name: name}}.Encode()
	if _, err := j.p.Store.Append(ctx, vault.Batch{Notes: []vault.Note{{Kind: vault.KindMember, Payload: p}}}); err != nil {
		return err
	}
	return j.cut(ctx)
}

// turns sets the rank of names: one more than the highest that lies in their past,
// of names of the same device. Who saw a name and gave another has the higher one.
func (j *Journal) turns(c *checked, in past) {
	last := map[[16]byte]int{}
	for _, e := range j.s.Events {
		if e.Name != nil && in(e.At.Log, e.At.Seq) {
			last[e.Name.Device] = max(last[e.Name.Device], e.Rank)
		}
	}
	for i := range c.events {
		if n := c.events[i].Name; n != nil {
			last[n.Device]++
			c.events[i].Rank = last[n.Device]
		}
	}
}

// checkName: only its device and owners name a device that was admitted.
func checkName(e event, before membership) error {
	switch _, known := before.find(e.Name.Device); {
	case !known:
		return at(ErrForged, e.At, "it names a device that was never admitted")
	case e.Name.Device != e.By && !before.owner(e.By):
		return at(ErrForged, e.At, "only an owner names another device")
	}
	return nil
}

// name gives each device the name that counts: of the highest rank, and among
// those, which were given apart, the senior author's. What a removed device wrote
// past its cut-off does not count.
func (m *membership) name(names []event) {
	order := func(e event) int { x, _ := m.find(e.By); return x.order }
	for i := range m.all {
		var best *event
		for k := range names {
			e := &names[k]
			r, gone := m.removed[e.By]
			if e.Name.Device != m.all[i].device || gone && beyond(r, e.At.Log, e.At.Seq) {
				continue
			}
			if best == nil || cmp.Or(cmp.Compare(best.Rank, e.Rank), cmp.Compare(order(*e), order(*best)),
				segment.CompareLogs(e.At.Log, best.At.Log), cmp.Compare(e.At.Seq, best.At.Seq), cmp.Compare(e.Index, best.Index)) < 0 {
				best = e
			}
		}
		if best != nil {
			m.all[i].name = best.Name.Name
		}
	}
}
