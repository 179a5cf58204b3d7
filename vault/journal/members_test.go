package journal

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

var people = func() (out []identity.Public) {
	for n := range byte(4) {
		p, err := identity.FromSeeds(bytes.Repeat([]byte{n + 1}, 32), bytes.Repeat([]byte{n + 9}, 32))
		if err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}()

func founderOf(p identity.Public) event { return event{By: p.DeviceID(), Founder: &p} }

func admission(by, who identity.Public, seq uint64, rank int) event {
	return event{At: vault.Place{Log: vault.LogID{Device: by.DeviceID()}, Seq: seq}, By: by.DeviceID(),
		Admit: &segment.Admission{Public: who, Role: segment.RoleOwner, Rank: uint32(rank)}}
}

func removal(by, who identity.Public, seq, keep uint64) event {
	return event{At: vault.Place{Log: vault.LogID{Device: by.DeviceID()}, Seq: seq}, By: by.DeviceID(),
		Remove: &segment.Removal{Device: who.DeviceID(), Keep: vault.Place{Log: vault.LogID{Device: who.DeviceID()}, Seq: keep}}}
}

func randomEvents(t *rapid.T) []event {
	out := []event{founderOf(people[0])}
	for i, p := range people[1:] {
		out = append(out, admission(people[0], p, uint64(i), i+1))
	}
	for range rapid.IntRange(0, 2).Draw(t, "admissions apart") {
		by, who := rapid.IntRange(1, 3).Draw(t, "by"), rapid.IntRange(1, 3).Draw(t, "who")
		e := admission(people[by], people[who], rapid.Uint64Range(0, 20).Draw(t, "seq"), rapid.IntRange(1, 9).Draw(t, "rank"))
		e.Index = len(out)
		out = append(out, e)
	}
	for range rapid.IntRange(0, 6).Draw(t, "removals") {
		by, who := rapid.IntRange(0, 3).Draw(t, "by"), rapid.IntRange(0, 3).Draw(t, "who")
		if by != who {
			e := removal(people[by], people[who], rapid.Uint64Range(3, 20).Draw(t, "seq"), rapid.Uint64Range(0, 20).Draw(t, "keep"))
			e.Index = len(out) // two at one place are two entries
			out = append(out, e)
		}
	}
	return out
}

func TestWhoIsAMemberAfterRemovalsApart(t *testing.T) {
	a, b, c, d := people[0], people[1], people[2], people[3]
	base := []event{founderOf(a), admission(a, b, 0, 1), admission(a, c, 1, 2), admission(a, d, 2, 3)}
	for name, x := range map[string]struct {
		more []event
		want []identity.Public
	}{
		"nobody removed":                           {nil, []identity.Public{a, b, c, d}},
		"one removed":                              {[]event{removal(a, d, 3, 0)}, []identity.Public{a, b, c}},
		"each other: the senior's counts":          {[]event{removal(b, c, 5, 4), removal(c, b, 5, 4)}, []identity.Public{a, b, d}},
		"the founder is the most senior":           {[]event{removal(a, d, 5, 4), removal(d, a, 5, 4)}, []identity.Public{a, b, c}},
		"a junior may remove a senior":             {[]event{removal(d, b, 5, 9)}, []identity.Public{a, c, d}},
		"a removed one's later removal is nothing": {[]event{removal(d, b, 5, 3), removal(b, c, 4, 9)}, []identity.Public{a, c, d}},
		"its earlier one stays":                    {[]event{removal(d, b, 5, 4), removal(b, c, 4, 9)}, []identity.Public{a, d}},
		"a circle":                                 {[]event{removal(b, c, 5, 4), removal(c, d, 5, 4), removal(d, b, 5, 4)}, []identity.Public{a, d}},
		"of itself":                                {[]event{removal(d, d, 5, 9)}, []identity.Public{a, b, c, d}},
		"admitted by two":                          {[]event{admission(b, d, 5, 4)}, []identity.Public{a, b, c, d}},
		"admitted by two, of whom one is removed":  {[]event{admission(b, d, 5, 4), removal(c, b, 3, 4)}, []identity.Public{a, c, d}},
		"never the last owner":                     {[]event{removal(b, a, 9, 20), removal(b, c, 9, 20), removal(b, d, 9, 20), removal(a, b, 5, 20)}, []identity.Public{d}},
	} {
		s := &state{Events: append(base[:len(base):len(base)], x.more...)}
		for i := range x.more {
			s.Events[len(base)+i].Index = i
		}
		m := s.members(everything)
		got := m.devices()
		ok := len(got) == len(x.want)
		for _, p := range x.want {
			ok = ok && m.is(p.DeviceID())
		}
		if !ok {
			t.Errorf("%s: %d members remain", name, len(got))
		}
	}
}

// Whom a removed owner admitted beyond the cut-off is not who keeps the vault.
// Seen to leave no owner with count looking at the removals alone.
func TestAnOwnerIsLeftWhoStaysOne(t *testing.T) {
	a, b, c, d := people[0], people[1], people[2], people[3]
	owners := []event{admission(a, b, 0, 1), admission(a, c, 1, 2), admission(c, d, 5, 3)}
	s := &state{Events: append(append([]event{founderOf(a)}, owners...), removal(a, c, 3, 4), removal(a, b, 4, 9), removal(b, a, 2, 9))}
	m := s.members(everything)
	if !m.owner(a.DeviceID()) || m.is(c.DeviceID()) || m.is(d.DeviceID()) {
		t.Errorf("a owner: %v, c member: %v, d member: %v", m.owner(a.DeviceID()), m.is(c.DeviceID()), m.is(d.DeviceID()))
	}
}

// What somebody does whom only a removed owner let in, beyond its cut-off, is nothing; nor
// does it take away what made itself a member. Seen to remove b with attacks looking at who
// wrote a removal alone, and c with decide letting a removal attack itself.
func TestWhoWasNeverLetInRemovesNobody(t *testing.T) {
	a, b, c, d := people[0], people[1], people[2], people[3]
	base := []event{founderOf(a), admission(a, b, 0, 1), admission(a, c, 1, 2), admission(c, d, 5, 3)}
	for name, x := range map[string]struct {
		more []event
		want []identity.Public
	}{
		"another":        {[]event{removal(a, c, 6, 4), removal(d, b, 1, 20)}, []identity.Public{a, b}},
		"who let it in":  {[]event{removal(d, c, 1, 4)}, []identity.Public{a, b, c, d}},
		"after that one": {[]event{removal(d, c, 1, 9)}, []identity.Public{a, b, d}},
	} {
		s := &state{Events: append(base[:len(base):len(base)], x.more...)}
		m := s.members(everything)
		ok := len(m.devices()) == len(x.want)
		for _, p := range x.want {
			ok = ok && m.is(p.DeviceID())
		}
		if !ok {
			t.Errorf("%s: %d members remain", name, len(m.devices()))
		}
	}
}

// Two owners remove a device, each with what it has seen of its logs. What both have
// seen stands, and nothing else. Seen to keep more with the last removal taken alone, with
// the later of two cut-offs taken, and with cut-offs of different logs taken for one's.
func TestCutOffsOfTwoRemovals(t *testing.T) {
	a, b, d := people[0], people[1], people[3]
	base := []event{founderOf(a), admission(a, b, 0, 1), admission(a, d, 1, 2)}
	at := func(number, seq uint64) vault.Place {
		return vault.Place{Log: vault.LogID{Device: d.DeviceID(), Number: number}, Seq: seq}
	}
	keeping := func(by identity.Public, kept ...vault.Place) event {
		e := removal(by, d, 9, 0)
		e.Remove = &segment.Removal{Device: d.DeviceID(), None: len(kept) == 0}
		if len(kept) > 0 {
			e.Remove.Lower, e.Remove.Keep = kept[:len(kept)-1], kept[len(kept)-1]
		}
		return e
	}
	for name, c := range map[string]struct {
		one, two []vault.Place
		want     [2]int // of logs 0 and 1: how many segments stand
	}{
		"one log":              {[]vault.Place{at(0, 5)}, []vault.Place{at(0, 3)}, [2]int{4, 0}},
		"one saw a second":     {[]vault.Place{at(0, 5), at(1, 7)}, []vault.Place{at(0, 3)}, [2]int{4, 0}},
		"each saw more of one": {[]vault.Place{at(0, 5), at(1, 7)}, []vault.Place{at(0, 9), at(1, 2)}, [2]int{6, 3}},
		"different logs":       {[]vault.Place{at(0, 5)}, []vault.Place{at(1, 5)}, [2]int{0, 0}},
		"one saw nothing":      {nil, []vault.Place{at(0, 9)}, [2]int{0, 0}},
		"the same":             {[]vault.Place{at(0, 0), at(1, 1)}, []vault.Place{at(0, 0), at(1, 1)}, [2]int{1, 2}},
	} {
		for _, order := range [][]event{{keeping(a, c.one...), keeping(b, c.two...)}, {keeping(b, c.one...), keeping(a, c.two...)}} {
			s := &state{Events: append(base[:len(base):len(base)], order...)}
			m := s.members(everything)
			for number, want := range c.want {
				for seq := range uint64(12) {
					if p := at(uint64(number), seq); m.stands(p) != (seq < uint64(want)) {
						t.Errorf("%s: log %d, segment %d stands: %v", name, number, seq, m.stands(p))
					}
				}
			}
			if !m.stands(vault.Place{Log: vault.LogID{Device: a.DeviceID()}, Seq: 99}) {
				t.Errorf("%s: another device's does not stand", name)
			}
		}
	}
}

// A removed owner admits a device once more, beyond its cut-off, as if it had seen little
// of the vault: by the rank of that admission, which does not stand, the device would be
// senior to one that it and who came before it are both junior to. Seen to succeed with
// the lowest rank of all admissions taken, standing or not.
func TestAnAdmissionThatDoesNotStandMakesNobodySenior(t *testing.T) {
	a, b, c, d := people[0], people[1], people[2], people[3]
	base := []event{founderOf(a), admission(a, b, 0, 1), admission(a, c, 1, 3), admission(a, d, 2, 4),
		removal(a, b, 3, 0), removal(c, d, 5, 4), removal(d, c, 5, 4)}
	for name, more := range map[string][]event{"": nil, "and a second admission": {admission(b, d, 5, 2)}} {
		s := &state{Events: append(base[:len(base):len(base)], more...)}
		m := s.members(everything)
		x, _ := m.find(c.DeviceID())
		y, _ := m.find(d.DeviceID())
		if !m.is(c.DeviceID()) || m.is(d.DeviceID()) || x.order > y.order {
			t.Errorf("without %s: c %v at %d, d %v at %d", name, m.is(c.DeviceID()), x.order, m.is(d.DeviceID()), y.order)
		}
	}
	// One that stands counts: the writer was an owner when it wrote.
	s := &state{Events: append(base[:4:4], admission(b, d, 5, 2), removal(c, d, 5, 4), removal(d, c, 5, 4))}
	if m := s.members(everything); m.is(c.DeviceID()) || !m.is(d.DeviceID()) {
		t.Error("an admission that stands does not count")
	}
}

// Two removed owners: one admits an owner beyond its cut-off, who admits a device; the
// other admits that device too, with a lower rank. Nobody of them is in. Seen to succeed
// (the device stays) with one pass over the devices in the order of their lowest ranks.
func TestNobodyStaysByAnAdmissionOfWhoIsOut(t *testing.T) {
	a, b, c, o := people[0], people[1], people[2], people[3]
	d, err := identity.FromSeeds(bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := &state{Events: []event{founderOf(a), admission(a, b, 0, 1), admission(a, c, 1, 2),
		admission(c, o, 5, 4), admission(o, d, 0, 6), admission(b, d, 7, 3), removal(a, b, 3, 0), removal(a, c, 4, 0)}}
	m := s.members(everything)
	if got := m.devices(); len(got) != 1 || !m.owner(a.DeviceID()) {
		t.Errorf("%d members remain: o %v, d %v", len(got), m.is(o.DeviceID()), m.is(d.DeviceID()))
	}
}

// Two owners that a removed one let in beyond its cut-off admit each other, and somebody
// removes the founder. Nobody stays by whom it admitted itself, and the question who
// attacks whom has an end. Seen to succeed (all of them stay; the stack overflows) with
// admissions that are looked at one by one.
func TestNobodyIsHeldUpByAdmissionsInACircle(t *testing.T) {
	a, b, c, d := people[0], people[1], people[2], people[3]
	base := []event{founderOf(a), admission(a, b, 0, 1), admission(b, c, 5, 2), admission(b, d, 6, 3), admission(c, d, 0, 4), admission(d, c, 0, 4)}
	s := &state{Events: append(base[:len(base):len(base)], removal(a, b, 3, 4))}
	if m := s.members(everything); len(m.devices()) != 1 || !m.owner(a.DeviceID()) {
		t.Errorf("%d members remain", len(m.devices()))
	}
	s = &state{Events: append(base[:len(base):len(base)], removal(c, b, 3, 4), removal(d, a, 3, 0))}
	if m := s.members(everything); !m.is(b.DeviceID()) && !m.is(a.DeviceID()) {
		t.Errorf("%d members remain", len(m.devices()))
	}
}
