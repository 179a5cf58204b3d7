package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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

// saw reports whether the writer of an event had seen another: whether that lies in the
// causal past.
func (e event) saw(o event) bool {
	if o.At.Log == e.At.Log {
		return cmp.Or(cmp.Compare(o.At.Seq, e.At.Seq), cmp.Compare(o.Index, e.Index)) < 0
	}
	last, ok := e.Past[o.At.Log]
	return ok && o.At.Seq <= last
}

// turn is one more than the number of names that one follows.
func turn(e event, names []event) int {
	if e.Rank > 0 { // kept by an earlier build, without its past
		return e.Rank
	}
	n := 1
	for _, o := range names {
		if o.Name.Device == e.Name.Device && e.saw(o) {
			n++
		}
	}
	return n
}

// name gives each device the name that counts: of the highest turn, and among
// those, which were given apart, the senior author's. What a removed device wrote
// past its cut-off does not count. Without any it is the admission's; of a device that
// replaced another, what that one was called when it did.
func (m *membership) name(names []event, in map[[16]byte]standing) {
	names = slices.DeleteFunc(names, func(e event) bool {
		return !m.stands(e.At) || e.Name.Device != e.By && in[e.By].role != segment.RoleOwner
	})
	order := func(e event) int { x, _ := m.find(e.By); return x.order }
	called := map[[16]byte]string{}
	for _, x := range m.all {
		called[x.device] = x.name
	}
	var of func(device [16]byte, seen func(event) bool) string
	of = func(device [16]byte, seen func(event) bool) string {
		var best *event
		for k := range names {
			e := &names[k]
			if e.Name.Device != device || !seen(*e) {
				continue
			}
			if best == nil || cmp.Or(cmp.Compare(turn(*best, names), turn(*e, names)), cmp.Compare(order(*e), order(*best)), earlier(*e, *best)) < 0 {
				best = e
			}
		}
		s := in[device]
		switch {
		case best != nil:
			return best.Name.Name
		case s.by != nil && s.by.Copy:
			return of(s.by.By, func(e event) bool { return seen(e) && s.by.saw(e) })
		}
		return called[device]
	}
	for i, x := range m.all {
		m.all[i].name = of(x.device, func(event) bool { return true })
	}
}
