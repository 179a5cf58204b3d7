package journal

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// heirs are devices that nobody but an ending admits.
var heirs = func() (out []identity.Public) {
	for n := range byte(3) {
		p, err := identity.FromSeeds(bytes.Repeat([]byte{n + 51}, 32), bytes.Repeat([]byte{n + 91}, 32))
		if err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}()

// ended is an ending in a log, which keeps of log 0 what lies up to keep, and of the
// logs in between what lies in them.
func ended(by, heir identity.Public, number, keep uint64, rank int, lower ...uint64) event {
	of := func(n, seq uint64) vault.Place {
		return vault.Place{Log: vault.LogID{Device: by.DeviceID(), Number: n}, Seq: seq}
	}
	e := event{At: of(number, 0), By: by.DeviceID(), Copy: true, Admit: &segment.Admission{Public: heir, Rank: uint32(rank)},
		Remove: &segment.Removal{Device: by.DeviceID(), Keep: of(number, 0), Lower: []vault.Place{of(0, keep)}}}
	for _, n := range lower {
		e.Remove.Lower = append(e.Remove.Lower, of(n, 0))
	}
	return e
}

func TestWhoIsAMemberAfterEndings(t *testing.T) {
	a, b, c, d := people[0], people[1], people[2], people[3]
	x, y := heirs[0], heirs[1]
	base := []event{founderOf(a), admission(a, b, 0, 1), admission(a, c, 1, 2), admission(a, d, 2, 3)}
	itself := removal(a, a, 6, 1<<20)
	for name, w := range map[string]struct {
		more []event
		want []identity.Public
	}{
		"the heir in the old one's place":         {[]event{ended(a, x, 1, 5, 4)}, []identity.Public{x, b, c, d}},
		"the old key removes its heir":            {[]event{ended(a, x, 1, 5, 4), removal(a, x, 6, 9)}, []identity.Public{x, b, c, d}},
		"it removed another before":               {[]event{ended(a, x, 1, 5, 4), removal(a, b, 5, 9)}, []identity.Public{x, c, d}},
		"and removes another later":               {[]event{ended(a, x, 1, 5, 4), removal(a, b, 6, 9)}, []identity.Public{x, b, c, d}},
		"a removal of oneself is none":            {[]event{itself}, []identity.Public{a, b, c, d}},
		"and calls no ending off":                 {[]event{ended(a, x, 1, 5, 4), itself}, []identity.Public{x, b, c, d}},
		"nor in a place that the ending keeps":    {[]event{ended(a, x, 1, 9, 4), itself}, []identity.Public{x, b, c, d}},
		"of two apart the lower log's":            {[]event{ended(a, y, 2, 5, 4), ended(a, x, 1, 5, 4)}, []identity.Public{x, b, c, d}},
		"also when the other keeps it":            {[]event{ended(a, y, 2, 5, 5, 1), ended(a, x, 1, 5, 4)}, []identity.Public{x, b, c, d}},
		"removed by who has not seen it":          {[]event{ended(a, x, 1, 5, 4), removal(b, a, 9, 5)}, []identity.Public{b, c, d}},
		"the senior heir of two endings in a row": {[]event{ended(a, x, 1, 5, 4), ended(x, y, 1, 0, 5)}, []identity.Public{y, b, c, d}},
		"a member's": {[]event{ended(b, x, 1, 5, 4), removal(b, a, 6, 9)}, []identity.Public{a, x, c, d}},
		"the only owner's": {[]event{removal(a, b, 3, 0), removal(a, c, 4, 0), removal(a, d, 5, 0), ended(a, x, 1, 5, 4)},
			[]identity.Public{x}},
	} {
		s := &state{Events: append(base[:len(base):len(base)], w.more...)}
		m := s.members(everything)
		ok := len(m.devices()) == len(w.want)
		for _, p := range w.want {
			ok = ok && m.is(p.DeviceID())
		}
		if !ok {
			t.Errorf("%s: %d members", name, len(m.devices()))
		}
	}
}

// Who is a member follows from the set of acts, endings among them, and never from
// the order in which they came; and an owner is left.
func TestEndingsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t)
		for i, h := range heirs[:rapid.IntRange(1, len(heirs)).Draw(t, "endings")] {
			by := people[rapid.IntRange(0, 3).Draw(t, "who ends")]
			e := ended(by, h, uint64(i)+1, rapid.Uint64Range(0, 20).Draw(t, "keeps"), rapid.IntRange(1, 5).Draw(t, "rank"))
			if i > 0 && rapid.Bool().Draw(t, "keeps the other") {
				e = ended(by, h, uint64(i)+1, 20, 5, uint64(i))
			}
			events = append(events, e)
		}
		for range rapid.IntRange(0, 2).Draw(t, "of themselves") {
			p := people[rapid.IntRange(0, 3).Draw(t, "self")]
			e := removal(p, p, rapid.Uint64Range(3, 20).Draw(t, "at"), rapid.Uint64Range(0, 20).Draw(t, "cut"))
			e.Index = len(events)
			events = append(events, e)
		}
		want := (&state{Events: events}).members(everything)
		got := (&state{Events: append(events[:1:1], rapid.Permutation(events[1:]).Draw(t, "arrival")...)}).members(everything)
		owner := false
		for _, p := range append(people[:4:4], heirs...) {
			d := p.DeviceID()
			owner = owner || want.owner(d)
			if got.is(d) != want.is(d) || got.owner(d) != want.owner(d) {
				t.Fatalf("%x: %v, in another order %v", d[:2], want.is(d), got.is(d))
			}
		}
		if !owner {
			t.Fatal("no owner is left")
		}
	})
}
