package journal

import (
	"bytes"
	"maps"
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
	founder [16]byte
	all     []member              // ever admitted, by seniority
	admits  map[[16]byte][]admits // by author; of any device but the founder
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
	m, removals, names := s.admitted(in, more...)
	first := m.standings(m.stands)
	m.become(first)
	m.decide(removals)
	now := m.cascade()
	m.sort(now, first)
	m.name(names, now)
	return m
}

// admitted are those whom events admit, before any removal counts, and the removals and
// names among them.
func (s *state) admitted(in past, more ...event) (m membership, removals, names []event) {
	m = membership{admits: map[[16]byte][]admits{}, removed: map[[16]byte]segment.Removal{}}
	seen := map[[16]byte]bool{}
	for _, e := range append(slices.Clone(s.Events), more...) {
		switch {
		case e.Founder != nil:
			m.founder = e.By
			m.all = append(m.all, member{device: e.By, public: *e.Founder, role: segment.RoleOwner})
		case !in(e.At.Log, e.At.Seq):
		case e.Admit != nil:
			d := [16]byte(e.Admit.Public.DeviceID())
			if d != m.founder { // nobody admits it
				if !seen[d] {
					m.all = append(m.all, member{device: d, public: e.Admit.Public, role: e.Admit.Role, name: e.Admit.Name})
				}
				seen[d] = true
				m.admits[e.By] = append(m.admits[e.By], admits{e, d})
			}
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
	return m, removals, names
}

// stands reports whether what was written at a place has effect.
func (m membership) stands(p vault.Place) bool {
	r, gone := m.removed[p.Log.Device]
	return !gone || !beyond(r, p.Log, p.Seq)
}

// with are the removals that count, and one more.
func (m membership) with(r segment.Removal) map[[16]byte]segment.Removal {
	if old, ok := m.removed[r.Device]; ok {
		r = both(r, old)
	}
	then := maps.Clone(m.removed)
	then[r.Device] = r
	return then
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
