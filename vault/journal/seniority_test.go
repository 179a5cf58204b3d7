package journal

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// crowd are the founder, and devices to admit.
var crowd = func() (out []identity.Public) {
	for n := range byte(10) {
		p, err := identity.FromSeeds(bytes.Repeat([]byte{n + 101}, 32), bytes.Repeat([]byte{n + 131}, 32))
		if err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}()

// acts are a few admissions and removals by some of the crowd, of others, each in a log
// that begins at seq.
func acts(t *rapid.T, label string, by, of []int, seq uint64, index, most int) (out []event) {
	for i := range rapid.IntRange(0, most).Draw(t, label) {
		n, k := rapid.SampledFrom(by).Draw(t, "by"), rapid.SampledFrom(of).Draw(t, "of")
		if n == k {
			continue
		}
		var e event
		at, keep, rank := seq+rapid.Uint64Range(0, 9).Draw(t, "seq"), rapid.Uint64Range(0, 20).Draw(t, "keep"), rapid.IntRange(0, 9).Draw(t, "rank")
		switch rapid.IntRange(0, 2).Draw(t, "act") {
		case 0:
			e = admission(crowd[n], crowd[k], at, rank)
			e.Admit.Role = rapid.Uint8Range(0, 1).Draw(t, "role")
		case 1:
			e = removal(crowd[n], crowd[k], at, keep)
		case 2:
			e = ended(crowd[n], crowd[k], 1, keep, rank)
		}
		e.Index = index + i
		out = append(out, e)
	}
	return out
}

// A removed owner has signed two histories after its cut-off, with whatever acts, and
// devices that it let in have signed more; each device has one of the two, or neither.
// Who is a member, an owner, and senior to whom, is the same for all of them, when who
// removed it is senior to it. Seen to fail with what is attacked through its author's
// admissions dropped for good, and, among the histories of PHIVAULT_SLOW, with mutual
// removals decided after what nothing attacks.
func TestWhatABranchSaysDecidesNothing(t *testing.T) {
	checks := "3000"
	if os.Getenv("PHIVAULT_SLOW") != "" {
		checks = "60000"
	}
	old := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", checks); err != nil {
		t.Fatal(err)
	}
	defer flag.Set("rapid.checks", old)
	const founder, second, cheat = 0, 1, 2
	rapid.Check(t, func(t *rapid.T) {
		base := []event{founderOf(crowd[founder]), admission(crowd[founder], crowd[second], 0, 1), admission(crowd[founder], crowd[cheat], 1, 2)}
		for i := 3; i < 6; i++ {
			by := rapid.IntRange(0, i-1).Draw(t, "admitted by")
			base = append(base, admission(crowd[by], crowd[i], uint64(i), i))
		}
		base = append(base, acts(t, "acts", []int{3, 4, 5, 6, 7}, []int{2, 3, 4, 5, 6, 7}, 1, 20, 8)...)
		base = append(base, removal(crowd[rapid.IntRange(founder, second).Draw(t, "ended by")], crowd[cheat], 20, 9))
		all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
		branch := func(label string) []event {
			out := acts(t, label, []int{cheat}, all, 10, 40, 4)
			return append(out, acts(t, label+"'s", []int{8, 9}, all, 0, 50, 3)...)
		}
		of := func(more []event) membership {
			return (&state{Events: append(base[:len(base):len(base)], more...)}).members(everything)
		}
		tell := func(m membership) (s string) {
			for _, x := range m.all {
				i := slices.IndexFunc(crowd, func(p identity.Public) bool { return p.DeviceID() == identity.DeviceID(x.device) })
				if m.is(x.device) {
					s += fmt.Sprint(i, " role ", x.role, "; ")
				} else if r := m.removed[x.device]; !r.None {
					s += fmt.Sprint(i, " up to ", r.Keep.Seq, "; ")
				}
			}
			return s
		}
		want := tell(of(nil))
		for _, label := range []string{"one", "other"} {
			if got := tell(of(branch(label))); got != want {
				t.Fatalf("%s\n%s without", got, want)
			}
		}
	})
}

// order tells who is a member, by seniority.
func order(events ...event) (out []int) {
	m := (&state{Events: events}).members(everything)
	for _, x := range m.all {
		if m.is(x.device) {
			out = append(out, slices.IndexFunc(crowd, func(p identity.Public) bool { return p.DeviceID() == identity.DeviceID(x.device) }))
		}
	}
	return out
}

// Seen to fail, in this order, with the rank counted instead of read; with it read without
// regard to who admits; with ties left to the device's id; with those without one put at the
// end; and with ranks that wrap around.
func TestSeniorityIsAsStated(t *testing.T) {
	f, b, c, d, e := crowd[0], crowd[1], crowd[2], crowd[3], crowd[4]
	for name, x := range map[string]struct {
		events []event
		want   []int
	}{
		"as stated":                     {[]event{admission(f, b, 0, 1), admission(f, c, 1, 9), admission(b, d, 5, 4)}, []int{0, 1, 3, 2}},
		"never senior to who admits":    {[]event{admission(f, b, 0, 7), admission(b, c, 5, 1), admission(f, d, 1, 7)}, []int{0, 1, 3, 2}},
		"nor equal":                     {[]event{admission(f, b, 0, 7), admission(b, c, 5, 7)}, []int{0, 1, 2}},
		"ties by place":                 {[]event{admission(f, d, 0, 3), admission(f, c, 1, 3), admission(f, b, 2, 3)}, []int{0, 3, 2, 1}},
		"without one: after who admits": {[]event{admission(f, b, 0, 0), admission(f, c, 1, 0), admission(b, d, 0, 0), admission(f, e, 2, 0)}, []int{0, 1, 2, 4, 3}},
		"the highest":                   {[]event{admission(f, b, 0, math.MaxUint32), admission(b, c, 0, math.MaxUint32), admission(c, d, 0, 1)}, []int{0, 1, 2, 3}},
		"the first of several":          {[]event{admission(f, b, 0, 1), admission(f, c, 1, 5), admission(f, d, 2, 4), admission(b, c, 9, 3)}, []int{0, 1, 2, 3}},
		"the first of those that stand": {[]event{admission(f, b, 0, 1), admission(f, c, 1, 5), admission(f, d, 2, 4), admission(b, c, 9, 3), removal(f, b, 3, 4)}, []int{0, 3, 2}},
		"an heir by its own":            {[]event{admission(f, b, 0, 1), admission(f, c, 1, 2), ended(b, d, 1, 0, 3)}, []int{0, 2, 3}},
		"an heir without one: by place": {[]event{admission(f, b, 0, 1), admission(f, c, 1, 2), ended(f, d, 1, 9, 0)}, []int{1, 3, 2}},
	} {
		if got := order(append([]event{founderOf(f)}, x.events...)...); !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
	}
}

// A removed owner makes a member an owner, beyond its cut-off, and the member, who says
// that it had seen nothing else, removes another and lets one in. Expected: nothing of
// that counts. Seen to succeed with the acts of everybody who is let in taken.
func TestWhomARemovedOwnerRaisedDecidesNothing(t *testing.T) {
	f, b, c, d, e := crowd[0], crowd[1], crowd[2], crowd[3], crowd[4]
	member := admission(f, c, 1, 3)
	member.Admit.Role = segment.RoleMember
	base := []event{founderOf(f), admission(f, b, 0, 1), member, admission(f, d, 2, 4), removal(f, b, 3, 4),
		admission(b, c, 5, 2), removal(c, d, 5, 0), admission(c, e, 6, 0)}
	if got := order(base...); !slices.Equal(got, []int{0, 2, 3}) {
		t.Errorf("members are %v", got)
	}
	// Where the admission stands, so does what came of it.
	if got := order(append(base[:4:4], base[5:]...)...); !slices.Equal(got, []int{0, 1, 2, 4}) {
		t.Errorf("members are %v", got)
	}
}

// A device that replaced another is called as that one was then, also when an earlier
// build kept that, and has its role as it stands in the end.
func TestAnHeirIsWhatItsDeviceIs(t *testing.T) {
	f, b, c, d := crowd[0], crowd[1], crowd[2], crowd[3]
	member := admission(f, b, 0, 1)
	member.Admit.Role, member.Admit.Name = segment.RoleMember, "b"
	heir := ended(b, c, 1, 9, 2)
	heir.Past = map[vault.LogID]uint64{{Device: b.DeviceID()}: 9, {Device: f.DeviceID()}: 3}
	next := ended(c, d, 1, 9, 3)
	next.Past = map[vault.LogID]uint64{{Device: c.DeviceID()}: 9, {Device: f.DeviceID()}: 7}
	kept := heir
	kept.Admit = &segment.Admission{Public: c, Role: segment.RoleOwner, Name: "as kept"}
	named := func(by identity.Public, seq uint64, name string) event { return naming(by, b, seq, 0, name) }
	for name, x := range map[string]struct {
		more []event
		want string
	}{
		"its admission's":     {[]event{heir}, "b"},
		"a name before":       {[]event{heir, named(f, 3, "new")}, "new"},
		"a name after":        {[]event{heir, named(f, 4, "later")}, "b"},
		"of an earlier build": {[]event{kept, named(f, 3, "new")}, "new"},
		"the heir's heir":     {[]event{heir, named(f, 3, "new"), next}, "new"},
		"one of its own":      {[]event{heir, naming(f, c, 9, 0, "own")}, "own"},
		"a removed owner's":   {[]event{heir, admission(f, d, 1, 3), named(d, 5, "junk"), removal(f, d, 5, 1)}, "b"},
		"the later of two":    {[]event{heir, named(f, 2, "one"), named(f, 3, "two")}, "two"},
	} {
		m := (&state{Events: append([]event{founderOf(f), member}, x.more...)}).members(everything)
		got, _ := m.find(c.DeviceID())
		if name == "the heir's heir" {
			got, _ = m.find(d.DeviceID())
		}
		if got.name != x.want || got.role != segment.RoleMember {
			t.Errorf("%s: %q, role %d", name, got.name, got.role)
		}
	}
}
