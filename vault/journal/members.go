package journal

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"slices"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// member is a device as a set of events makes it one.
type member struct {
	device [16]byte
	public identity.Public
	role   uint8
	name   string
	order  int // of seniority, from 0
	given  []segment.EpochID
	spare  bool
}

// membership is what a set of events amounts to.
type membership struct {
	all     []member // ever admitted, by seniority
	removed map[[16]byte]segment.Removal
}

func (m membership) find(device [16]byte) (member, bool) {
	for _, x := range m.all {
		if x.device == device {
			return x, true
		}
	}
	return member{}, false
}

// is reports whether the device is a member now.
func (m membership) is(device [16]byte) bool {
	_, ok := m.find(device)
	_, gone := m.removed[device]
	return ok && !gone
}

func (m membership) owner(device [16]byte) bool {
	x, _ := m.find(device)
	return x.role == segment.RoleOwner && m.is(device)
}

// devices are the members, ascending by id.
func (m membership) devices() (ids [][16]byte) {
	for _, x := range m.all {
		if m.is(x.device) {
			ids = append(ids, x.device)
		}
	}
	slices.SortFunc(ids, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

// past is a set of segments: everything before and with a place of each log.
type past func(log vault.LogID, seq uint64) bool

func everything(vault.LogID, uint64) bool { return true }

// cites are the last segments of other logs that the writer of a segment had seen.
func (s *state) cites(seg *segment.Segment) map[vault.LogID]uint64 {
	cites := map[vault.LogID]uint64{}
	if l := s.Logs[seg.Place.Log]; l != nil {
		for log, p := range l.Cites {
			cites[log] = p.Seq
		}
	}
	for _, h := range seg.Heads {
		cites[h.Log] = h.Seq
	}
	return cites
}

// rank is the number of admissions up to this one in its own past, as far as they
// are known by now.
func (s *state) rank(e event) int {
	if e.Past == nil {
		return e.Rank
	}
	n := 1
	for _, o := range s.Events {
		last, cited := e.Past[o.At.Log]
		before := cited && o.At.Seq <= last
		if o.At.Log == e.At.Log {
			before = cmp.Or(cmp.Compare(o.At.Seq, e.At.Seq), cmp.Compare(o.Index, e.Index)) < 0
		}
		if o.Admit != nil && before {
			n++
		}
	}
	return n
}

// pastOf is the causal past of a segment, itself included.
func (s *state) pastOf(seg *segment.Segment) past {
	cites := s.cites(seg)
	return func(log vault.LogID, seq uint64) bool {
		if log == seg.Place.Log {
			return seq <= seg.Place.Seq
		}
		last, ok := cites[log]
		return ok && seq <= last
	}
}

// members evaluates the events of a past, and more. The result depends on the set
// alone, never on the order in which its events arrived.
func (s *state) members(in past, more ...event) membership {
	var m membership
	var removals, names []event
	admits := map[[16]byte][]event{}
	for _, e := range append(slices.Clone(s.Events), more...) {
		switch {
		case e.Founder != nil:
			m.all = append(m.all, member{device: e.By, public: *e.Founder, role: segment.RoleOwner, order: -1})
		case !in(e.At.Log, e.At.Seq):
		case e.Admit != nil:
			d := [16]byte(e.Admit.Public.DeviceID())
			admits[d] = append(admits[d], e)
			m.all = append(m.all, member{device: e.Admit.Public.DeviceID(), public: e.Admit.Public, role: e.Admit.Role,
				name: e.Admit.Name, order: s.rank(e), given: e.Admit.Given, spare: e.Admit.Spare})
			if e.ends() {
				removals = append(removals, e)
			}
		case e.Remove != nil && e.Remove.Device == e.By: // void: else it would call off an ending
		case e.Remove != nil:
			removals = append(removals, e)
		case e.Name != nil:
			names = append(names, e)
		}
	}
	slices.SortStableFunc(m.all, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.order, b.order), bytes.Compare(a.device[:], b.device[:]))
	})
	seen := map[[16]byte]bool{}
	m.all = slices.DeleteFunc(m.all, func(x member) bool {
		again := seen[x.device]
		seen[x.device] = true
		return again
	})
	for i := range m.all {
		m.all[i].order = i
	}
	for _, as := range admits {
		for i := range as {
			as[i].Rank = s.rank(as[i])
		}
		slices.SortFunc(as, func(a, b event) int {
			return cmp.Or(cmp.Compare(a.Rank, b.Rank), segment.ComparePlaces(a.At.Log, a.At.Seq, b.At.Log, b.At.Seq), cmp.Compare(a.Index, b.Index))
		})
	}
	m.decide(removals, admits)
	m.rerank(admits)
	m.name(names)
	return m
}

// seniority is the rank of the first admission of a device that stands, as far as removals
// were counted: a removed device that admits another once more, and says that it had seen
// little then, makes it senior to nobody.
func (m membership) seniority(device [16]byte, admits map[[16]byte][]event) int {
	as := admits[device]
	i := slices.IndexFunc(as, func(e event) bool { return m.stands(e.At) })
	switch {
	case len(as) == 0:
		return -1 // the founder
	case i < 0:
		return math.MaxInt
	}
	return as[i].Rank
}

// rerank puts the devices in the order of what is known in the end. Who is out stays
// where it was.
func (m *membership) rerank(admits map[[16]byte][]event) {
	rank := func(x member) int {
		if n := m.seniority(x.device, admits); n < math.MaxInt {
			return n
		}
		return admits[x.device][0].Rank
	}
	slices.SortStableFunc(m.all, func(a, b member) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), bytes.Compare(a.device[:], b.device[:]))
	})
	for i := range m.all {
		m.all[i].order = i
	}
}

// decide finds which removals count. One attacks another when it removes the
// other's author and the other lies beyond its cut-off, or takes away what made
// that author a member. What nobody attacks counts, and what something that counts
// attacks does not; in a circle the senior author's counts.
func (m *membership) decide(removals []event, admits map[[16]byte][]event) {
	m.removed = map[[16]byte]segment.Removal{}
	type act struct {
		at    vault.Place
		index int
	}
	left := map[act]map[[16]byte]bool{} // who is a member yet, were this the only removal
	for _, r := range removals {
		left[act{r.At, r.Index}] = grounded(m.all, admits, func(p vault.Place) bool { return !beyond(*r.Remove, p.Log, p.Seq) })
	}
	attacks := func(a, b event) bool {
		if a.Remove.Device == b.By {
			return beyond(*a.Remove, b.At.Log, b.At.Seq)
		}
		return !left[act{a.At, a.Index}][b.By]
	}
	open := slices.DeleteFunc(slices.Clone(removals), func(e event) bool { return attacks(e, e) })
	for len(open) > 0 {
		m.bySeniority(open, admits)
		pick := slices.IndexFunc(open, func(e event) bool {
			return !slices.ContainsFunc(open, func(o event) bool { return attacks(o, e) })
		})
		e := open[max(pick, 0)]
		open = slices.DeleteFunc(slices.Clone(open), func(o event) bool { return o.At == e.At && o.Index == e.Index })
		if m.count(e, admits) {
			open = slices.DeleteFunc(open, func(o event) bool { return attacks(e, o) })
		}
	}
	m.cascade(admits)
}

// bySeniority sorts removals by their authors' seniority, as it is by what was counted so
// far, then by place.
func (m *membership) bySeniority(removals []event, admits map[[16]byte][]event) {
	now := membership{all: slices.Clone(m.all), removed: maps.Clone(m.removed)}
	now.cascade(admits)
	slices.SortFunc(removals, func(a, b event) int {
		return cmp.Or(cmp.Compare(now.seniority(a.By, admits), now.seniority(b.By, admits)), bytes.Compare(a.By[:], b.By[:]),
			segment.CompareLogs(a.At.Log, b.At.Log), cmp.Compare(a.At.Seq, b.At.Seq), cmp.Compare(a.Index, b.Index))
	})
}

// cascade takes away whom only those admitted whose admissions do not stand, and
// gives the others what the first one that stands says of them.
func (m *membership) cascade(admits map[[16]byte][]event) {
	in := grounded(m.all, admits, m.stands)
	for i, x := range m.all {
		as := admits[x.device] // by rank
		first := slices.IndexFunc(as, func(e event) bool { return in[e.By] && m.stands(e.At) })
		switch {
		case first >= 0: // what a removed owner says of its role does not count
			a := as[first].Admit
			m.all[i].role, m.all[i].name, m.all[i].given, m.all[i].spare = a.Role, a.Name, a.Given, a.Spare
		case len(as) > 0:
			m.removed[x.device] = segment.Removal{Device: x.device, None: true}
		}
	}
}

// grounded are the devices that the founder admitted, or somebody whom it admitted, and
// so on, by admissions that stand: two that admitted each other do not hold each other up.
func grounded(all []member, admits map[[16]byte][]event, stands func(vault.Place) bool) map[[16]byte]bool {
	in := map[[16]byte]bool{}
	for more := true; more; {
		more = false
		for _, x := range all {
			if as := admits[x.device]; !in[x.device] && (len(as) == 0 || slices.ContainsFunc(as, func(e event) bool { return in[e.By] && stands(e.At) })) {
				in[x.device], more = true, true
			}
		}
	}
	return in
}

// stands reports whether what was written at a place has effect.
func (m membership) stands(p vault.Place) bool {
	r, gone := m.removed[p.Log.Device]
	return !gone || !beyond(r, p.Log, p.Seq)
}

// count makes a removal take effect, unless no owner would be left: whom the removed
// device admitted beyond the cut-off goes with it.
func (m *membership) count(e event, admits map[[16]byte][]event) bool {
	r := *e.Remove
	if old, ok := m.removed[r.Device]; ok {
		r = both(r, old)
	}
	then := membership{all: slices.Clone(m.all), removed: maps.Clone(m.removed)}
	then.removed[r.Device] = r
	then.cascade(admits)
	left := slices.ContainsFunc(m.all, func(x member) bool { return then.owner(x.device) })
	if left {
		m.removed[r.Device] = r
	}
	return left
}

// both keeps of each log what two removals of a device keep.
func both(a, b segment.Removal) segment.Removal {
	out := segment.Removal{Device: a.Device, None: true}
	for _, p := range kept(a) {
		for _, o := range kept(b) {
			if o.Log != p.Log {
				continue
			}
			if o.Seq < p.Seq {
				p = o
			}
			if !out.None {
				out.Lower = append(out.Lower, out.Keep)
			}
			out.None, out.Keep = false, p
		}
	}
	return out
}

// kept are the last places that a removal keeps, ascending by log.
func kept(r segment.Removal) []vault.Place {
	if r.None {
		return nil
	}
	return append(r.Lower[:len(r.Lower):len(r.Lower)], r.Keep)
}

// beyond reports whether a place lies after the cut-off of a removal.
func beyond(r segment.Removal, log vault.LogID, seq uint64) bool {
	if r.Device != log.Device {
		return false
	}
	return !slices.ContainsFunc(kept(r), func(p vault.Place) bool { return p.Log.Number == log.Number && seq <= p.Seq })
}
