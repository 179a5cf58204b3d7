package journal

import (
	"cmp"
	"slices"

	"phivault/vault/journal/segment"
)

// decide finds which removals count, by the removals that were counted so far. One
// attacks another when it removes the other's author and the other lies beyond its
// cut-off, or takes away what let that author do it. What nobody attacks counts, and
// what something that counts attacks does not; in a circle the senior author's counts.
func (m *membership) decide(open []event) {
	for len(open) > 0 {
		b := m.newBout(open)
		open = b.fight()
	}
}

// bout is the part of a decision in which nobody's standing changes: neither does then who
// may remove, nor who attacks whom. It ends with a removal that takes an admission away.
type bout struct {
	m      *membership
	open   []event
	now    map[[16]byte]standing
	left   map[act]map[[16]byte]standing // what remains with one more, where that is not now
	owners map[[16]byte]bool             // who would keep the vault

	able    []event // by the seniority of their authors
	alters  []bool  // of those: it has something in left
	out     []bool  // counted, void, or attacked by what counted
	first   int     // of those that are not
	special []int   // that alter
	target  map[[16]byte][]int
	author  map[[16]byte][]int // by the device of the log
	written map[act][]int

	over    map[act]bool
	counted map[[16]byte][]segment.Removal
}

func (m *membership) newBout(open []event) *bout {
	b := &bout{m: m, open: open, now: m.standings(m.stands), left: map[act]map[[16]byte]standing{}, owners: map[[16]byte]bool{},
		target: map[[16]byte][]int{}, author: map[[16]byte][]int{}, written: map[act][]int{}, over: map[act]bool{}, counted: map[[16]byte][]segment.Removal{}}
	for _, r := range open {
		if in, less := m.without(r, b.now); less {
			b.left[r.act()] = in
		}
	}
	for _, e := range open {
		if allowed(b.now, e) && !b.attacks(&e, &e) {
			b.able = append(b.able, e)
		}
	}
	slices.SortFunc(b.able, func(x, y event) int { return cmp.Or(b.now[x.By].compare(b.now[y.By]), earlier(x, y)) })
	b.out, b.alters = make([]bool, len(b.able)), make([]bool, len(b.able))
	for i := range b.able {
		e := &b.able[i]
		b.target[e.Remove.Device] = append(b.target[e.Remove.Device], i)
		b.author[e.At.Log.Device] = append(b.author[e.At.Log.Device], i)
		b.written[e.act()] = append(b.written[e.act()], i)
		if _, b.alters[i] = b.left[e.act()]; b.alters[i] {
			b.special = append(b.special, i)
		}
	}
	for _, x := range m.all {
		s, in := b.now[x.device]
		if s.by != nil {
			x.role = s.role
		}
		if _, gone := m.removed[x.device]; in && !gone && x.role == segment.RoleOwner {
			b.owners[x.device] = true
		}
	}
	return b
}

func (b *bout) attacks(x, y *event) bool {
	if x.Remove.Device == y.By {
		return beyond(*x.Remove, y.At.Log, y.At.Seq)
	}
	in, less := b.left[x.act()]
	return less && !allowed(in, *y)
}

// fight counts removals until one changes standings, and gives those that are open then.
func (b *bout) fight() []event {
	for {
		i := b.pick()
		if i < 0 {
			return nil
		}
		e := &b.able[i]
		b.over[e.act()] = true
		for _, k := range b.written[e.act()] {
			b.out[k] = true
		}
		if !b.count(i) {
			continue
		}
		d := e.Remove.Device
		b.counted[d] = append(b.counted[d], *e.Remove)
		for _, k := range b.author[d] {
			b.out[k] = b.out[k] || beyond(*e.Remove, b.able[k].At.Log, b.able[k].At.Seq)
		}
		if b.alters[i] {
			return slices.DeleteFunc(slices.Clone(b.open), func(o event) bool {
				return b.over[o.act()] || slices.ContainsFunc(b.counted[o.At.Log.Device], func(r segment.Removal) bool { return beyond(r, o.At.Log, o.At.Seq) })
			})
		}
	}
}

// pick gives the first that nobody attacks, or only who is junior and attacked as well; the
// first of all where there is none. It gives -1 where nothing is left.
func (b *bout) pick() int {
	for b.first < len(b.out) && b.out[b.first] {
		b.first++
	}
	if b.first == len(b.out) {
		return -1
	}
	for i := b.first; i < len(b.able); i++ {
		if !b.out[i] && b.free(i) {
			return i
		}
	}
	return b.first
}

func (b *bout) free(i int) bool {
	e := &b.able[i]
	stopped := func(k int) bool {
		return !b.out[k] && b.attacks(&b.able[k], e) && (k < i || !b.attacks(e, &b.able[k]))
	}
	return !slices.ContainsFunc(b.target[e.By], stopped) && !slices.ContainsFunc(b.special, stopped)
}

// count makes a removal take effect, unless no owner would be left: whom the removed
// device admitted beyond the cut-off goes with it.
func (b *bout) count(i int) bool {
	m, r := b.m, *b.able[i].Remove
	if b.alters[i] {
		then := membership{founder: m.founder, all: slices.Clone(m.all), admits: m.admits, removed: m.with(r)}
		then.cascade()
		left := slices.ContainsFunc(m.all, func(x member) bool { return then.owner(x.device) })
		if left {
			m.removed = m.with(r)
		}
		return left
	}
	n := len(b.owners)
	if b.owners[r.Device] {
		n--
	}
	if n == 0 {
		return false
	}
	delete(b.owners, r.Device)
	if old, again := m.removed[r.Device]; again {
		r = both(r, old)
	}
	m.removed[r.Device] = r
	return true
}

// without is what standings would be with one more removal, where that takes an admission
// away; now is what they are.
func (m membership) without(r event, now map[[16]byte]standing) (in map[[16]byte]standing, less bool) {
	if slices.ContainsFunc(m.admits[r.Remove.Device], func(e admits) bool {
		return beyond(*r.Remove, e.At.Log, e.At.Seq) && m.stands(e.At)
	}) {
		return m.standings(membership{removed: m.with(*r.Remove)}.stands), true
	}
	return now, false
}
