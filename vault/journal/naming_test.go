package journal

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

func naming(by, who identity.Public, seq uint64, rank int, name string) event {
	return event{At: vault.Place{Log: vault.LogID{Device: by.DeviceID()}, Seq: seq}, By: by.DeviceID(), Rank: rank,
		Name: &segment.Naming{Device: who.DeviceID(), Name: name}}
}

func TestWhichNameCounts(t *testing.T) {
	a, b, c := people[0], people[1], people[2]
	base := []event{founderOf(a), admission(a, b, 0, 1), admission(a, c, 1, 2)}
	base[1].Admit.Name = "as admitted"
	for what, x := range map[string]struct {
		more []event
		want string
	}{
		"the admission's without any":         {nil, "as admitted"},
		"another's name is another's":         {[]event{naming(b, c, 3, 1, "not b")}, "as admitted"},
		"the one that follows the other":      {[]event{naming(a, b, 2, 1, "first"), naming(b, b, 1, 2, "second")}, "second"},
		"apart: the senior's":                 {[]event{naming(c, b, 1, 1, "junior"), naming(a, b, 2, 1, "senior"), naming(b, b, 1, 1, "own")}, "senior"},
		"apart, in one log: the first":        {[]event{naming(a, b, 9, 1, "late"), naming(a, b, 2, 1, "early")}, "early"},
		"a removed device's before the cut":   {[]event{naming(b, b, 4, 1, "kept"), removal(a, b, 5, 4)}, "kept"},
		"a removed device's past the cut-off": {[]event{naming(b, b, 5, 1, "late"), removal(a, b, 5, 4)}, "as admitted"},
	} {
		s := &state{Events: append(base[:len(base):len(base)], x.more...)}
		if m, _ := s.members(everything).find(b.DeviceID()); m.name != x.want {
			t.Errorf("%s: %q, want %q", what, m.name, x.want)
		}
	}
}

func TestNamesDoNotDependOnTheOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t)
		for i := range rapid.IntRange(1, 6).Draw(t, "names") {
			who := func(l string) identity.Public { return people[rapid.IntRange(0, 3).Draw(t, l)] }
			e := naming(who("by"), who("who"), rapid.Uint64Range(3, 20).Draw(t, "seq"), rapid.IntRange(1, 3).Draw(t, "rank"), string(rune('p'+i)))
			e.Index = len(events)
			events = append(events, e)
		}
		names := func(events []event) (out [4]string) {
			m := (&state{Events: events}).members(everything)
			for i, p := range people {
				x, _ := m.find(p.DeviceID())
				out[i] = x.name
			}
			return out
		}
		if got, want := names(append(events[:1:1], rapid.Permutation(events[1:]).Draw(t, "arrival")...)), names(events); got != want {
			t.Fatalf("%v, in another order %v", want, got)
		}
	})
}

func TestWhoMayName(t *testing.T) {
	a, b, c, stranger := people[0], people[1], people[2], people[3]
	s := &state{Events: []event{founderOf(a), admission(a, b, 0, 1), admission(a, c, 1, 2)}}
	s.Events[2].Admit.Role = segment.RoleMember
	ms := s.members(everything)
	for what, x := range map[string]struct {
		e  event
		ok bool
	}{
		"an owner another":    {naming(b, c, 3, 1, "x"), true},
		"an owner the senior": {naming(b, a, 3, 1, "x"), true},
		"a member itself":     {naming(c, c, 3, 1, "x"), true},
		"a member another":    {naming(c, b, 3, 1, "x"), false},
		"nobody a stranger":   {naming(a, stranger, 3, 1, "x"), false},
	} {
		if err := checkName(x.e, ms); x.ok != (err == nil) || err != nil && !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
