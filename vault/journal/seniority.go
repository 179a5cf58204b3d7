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
	device [16]byte
	rank   uint64 // 0: the founder
	by     *event // that admission; nil: the founder
	role   uint8
}

// admits is an admission, and of which device.
type admits struct {
	event
	device [16]byte
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

// allows reports whether who stands so may make a change of members: every member
// becomes another device, and only owners do more.
func (a standing) allows(e event) bool { return e.Copy || a.role == segment.RoleOwner }

// allowed reports whether an event's author may make it.
func allowed(in map[[16]byte]standing, e event) bool {
	by, ok := in[e.By]
	return ok && by.allows(e)
}

// standings are the devices that the founder let in, or somebody whom it let in, and so
// on, by admissions that stand: two that admit each other do not hold each other up. The
// rank of an admission is the one that it states, but always more than that of who
// admits: nobody makes another senior to himself, or to who is senior to him.
func (m membership) standings(stands func(vault.Place) bool) map[[16]byte]standing {
	in := map[[16]byte]standing{}
	next := []standing{{device: m.founder, role: segment.RoleOwner}} // ascending
	for len(next) > 0 {
		by := next[0]
		next = next[1:]
		if _, done := in[by.device]; done {
			continue
		}
		in[by.device] = by
		as := m.admits[by.device]
		for i := range as {
			e := &as[i].event
			if _, done := in[as[i].device]; done || !by.allows(*e) || !stands(e.At) {
				continue
			}
			s := standing{as[i].device, max(uint64(e.Admit.Rank), by.rank+1), e, e.Admit.Role}
			if e.Copy {
				s.role = by.role
			}
			at, _ := slices.BinarySearchFunc(next, s, standing.compare)
			next = slices.Insert(next, at, s)
		}
	}
	return in
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
