package journal

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Who is senior decides whose removal counts when two owners remove each other. It
// follows from what admissions say of themselves and from whose they are, and never from
// the segments that they cite: of those two devices may hold different ones for a place.
// See Members in sync/PROTOCOL.md.

// standing is what the first by rank of the admissions that count makes of a device.
type standing struct {
	rank uint64 // 0: the founder
	by   *event // that admission; nil: the founder
	role uint8
}

func (a standing) compare(b standing) int {
	if c := cmp.Compare(a.rank, b.rank); c != 0 || a.by == nil || b.by == nil {
		return c
	}
	return earlier(*a.by, *b.by)
}

// nextRank is the rank that an admission states which is written now: more than that
// of any before, but one that somebody made junior on purpose.
func (s *state) nextRank() uint32 {
	n := uint32(1)
	for _, e := range s.Events {
		if e.Admit != nil && n < math.MaxUint32 {
			n++
		}
	}
	return n
}

// act is where an event is written.
type act struct {
	at    vault.Place
	index int
}

func (e event) act() act { return act{e.At, e.Index} }

// earlier orders acts by place.
func earlier(a, b event) int {
	return cmp.Or(segment.ComparePlaces(a.At.Log, a.At.Seq, b.At.Log, b.At.Seq), cmp.Compare(a.Index, b.Index))
}

// allowed reports whether the author of a change of members may make it: every member
// becomes another device, and only owners do more.
func allowed(in map[[16]byte]standing, e event) bool {
	by, ok := in[e.By]
	return ok && (e.Copy || by.role == segment.RoleOwner)
}

// standings are the devices that the founder let in, or somebody whom it let in, and so
// on, by admissions that stand: two that admit each other do not hold each other up. The
// rank of an admission is the one that it states, but always more than that of who
// admits: nobody makes another senior to himself, or to who is senior to him.
func (m membership) standings(stands func(vault.Place) bool) map[[16]byte]standing {
	in := map[[16]byte]standing{m.founder: {role: segment.RoleOwner}}
	for len(in) <= len(m.admits) {
		var next standing
		for d, as := range m.admits {
			if _, done := in[d]; done {
				continue
			}
			for i := range as {
				e := &as[i]
				if !allowed(in, *e) || !stands(e.At) {
					continue
				}
				by := in[e.By]
				s := standing{max(uint64(e.Admit.Rank), by.rank+1), e, e.Admit.Role}
				if e.Copy {
					s.role = by.role
				}
				if next.by == nil || s.compare(next) < 0 {
					next = s
				}
			}
		}
		if next.by == nil {
			break
		}
		in[next.by.Admit.Public.DeviceID()] = next
	}
	return in
}

// without is what standings would be with one more removal; now is what they are.
func (m membership) without(r event, now map[[16]byte]standing) map[[16]byte]standing {
	takes := func(e event) bool {
		return e.By == r.Remove.Device && beyond(*r.Remove, e.At.Log, e.At.Seq) && m.stands(e.At)
	}
	for _, as := range m.admits {
		if slices.ContainsFunc(as, takes) {
			then := membership{removed: m.with(*r.Remove)}
			return m.standings(then.stands)
		}
	}
	return now
}

// become gives the devices what their standings say of them.
func (m *membership) become(in map[[16]byte]standing) {
	for i, x := range m.all {
		if s, ok := in[x.device]; ok && s.by != nil {
			a := s.by.Admit
			m.all[i].role, m.all[i].name, m.all[i].given, m.all[i].spare = s.role, a.Name, a.Given, a.Spare
		}
	}
}

// cascade takes away whom only those admitted whose admissions do not stand, and
// gives the others what the first one that stands says of them.
func (m *membership) cascade() map[[16]byte]standing {
	in := m.standings(m.stands)
	m.become(in) // what a removed owner says of a role does not count
	for _, x := range m.all {
		if _, ok := in[x.device]; !ok {
			m.removed[x.device] = segment.Removal{Device: x.device, None: true}
		}
	}
	return in
}

// sort puts the devices in the order of what is known in the end. Who is out stays where
// it was at first.
func (m *membership) sort(in, first map[[16]byte]standing) {
	of := func(x member) standing {
		for _, known := range []map[[16]byte]standing{in, first} {
			if s, ok := known[x.device]; ok {
				return s
			}
		}
		return standing{rank: math.MaxUint64}
	}
	slices.SortFunc(m.all, func(a, b member) int {
		return cmp.Or(of(a).compare(of(b)), bytes.Compare(a.device[:], b.device[:]))
	})
	for i := range m.all {
		m.all[i].order = i
	}
}
