package attacktest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// round syncs each device until all have seen what there was, whatever they say.
func (w *world) round(ds ...*journaltest.Device) {
	for range 4 {
		for _, d := range ds {
			_ = d.Sync(w.host)
		}
	}
}

// view is what a device knows of who is a member and what it may.
func view(d *journaltest.Device) (out []journal.Member) {
	for _, m := range d.Journal.Members() {
		if !m.Removed {
			out = append(out, journal.Member{Device: m.Device, Owner: m.Owner, Name: m.Name})
		}
	}
	slices.SortFunc(out, func(a, b journal.Member) int { return bytes.Compare(a.Device[:], b.Device[:]) })
	return out
}

func names(ms []journal.Member) (out []string) {
	for _, m := range ms {
		out = append(out, m.Name)
	}
	return out
}

// same expects both to know the same members, and no fork that is not ended.
func (w *world) same(one, other *journaltest.Device) {
	w.t.Helper()
	x, y := view(one), view(other)
	if !slices.EqualFunc(x, y, func(a, b journal.Member) bool {
		return a.Device == b.Device && a.Owner == b.Owner && a.Name == b.Name
	}) {
		w.t.Errorf("%s and %s know different members: %q, %q", one.Name, other.Name, names(x), names(y))
	}
	for _, d := range []*journaltest.Device{one, other} {
		if st, err := d.Journal.Status(ctx); err != nil || st.Forks > 0 || len(st.Held) > 0 {
			w.t.Errorf("%s: %+v, %v", d.Name, st, err)
		}
	}
}

// hide keeps what came to the host since then from whoever asks, and serves b for n.
func (w *world) hide(since map[remote.Name][]byte, n remote.Name, b []byte) {
	hidden := w.host.copy()
	w.host.serve = func(m remote.Name, real []byte) []byte {
		switch {
		case m == n:
			return b
		case hidden[m] != nil && since[m] == nil:
			return nil
		}
		return real
	}
}

// Attack 23, for a place among the members. C, an owner, signs two segments for one place, and the host shows a
// the one in which C lets two devices in, g the other. Before C is found out and removed
// with both branches, a admits d, and g admits e apart; then d and e remove each other.
// Expected: which of the two removals counts, all devices decide alike, whichever branch
// they have. Seen to succeed (d is a member to g, e to a) with an admission's rank
// taken from the number of admissions in its causal past.
func TestAttack23SeniorityByTheBranchThatIsHere(t *testing.T) {
	w := newWorld(t)
	g := journaltest.Join(t, w.a, w.host, w.dir, "g", segment.RoleOwner)
	defer g.Close()
	w.agree(w.a, g, w.b, w.c)
	before := w.host.copy()
	n := w.forge(w.c, nil, func(*segment.Segment) {})
	plain := w.host.objects[n]
	var acts [][]byte
	for range 2 {
		acts = append(acts, segment.Member{Admit: &segment.Admission{Public: newKeys(t).Public(), Role: segment.RoleOwner, Name: "z"}}.Encode())
	}
	delete(w.host.objects, n)
	w.forge(w.c, [][]byte{packed(acts[0]), packed(acts[1])}, func(s *segment.Segment) {
		s.Entries = []vault.Header{header(acts[0]), header(acts[1])}
	})
	admits := w.host.objects[n]

	w.sync(w.a)
	d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleOwner)
	defer d.Close()
	w.sync(d, w.a, d)
	w.hide(before, n, nil)
	w.sync(g)
	y := journaltest.Join(t, g, w.host, w.dir, "y", segment.RoleMember)
	defer y.Close()
	e := journaltest.Join(t, g, w.host, w.dir, "e", segment.RoleOwner)
	defer e.Close()
	w.sync(e, g, e)

	as := func(b []byte, ds ...*journaltest.Device) {
		w.host.only(n, b)
		for _, d := range ds {
			_ = d.Sync(w.host)
		}
	}
	g.Add(t, note("g", 1))
	as(plain, g, g, e, y)
	as(admits, w.a, w.a)
	if err := w.a.Journal.EndFork(ctx, w.c.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		as(admits, w.a, d)
		as(plain, g, e, y)
	}
	w.same(w.a, g)
	if err := errors.Join(d.Journal.Remove(ctx, e.Keys.ID()), e.Journal.Remove(ctx, d.Keys.ID()),
		journaltest.Push(ctx, d.Journal, "r", w.host), journaltest.Push(ctx, e.Journal, "r", w.host)); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		as(admits, w.a, d)
		as(plain, g, e, y)
	}
	w.same(w.a, g)
	if n := len(view(g)); n != 5 {
		t.Errorf("%d members", n)
	}
	fresh := journaltest.Join(t, w.a, w.host, w.dir, "fresh", segment.RoleMember)
	defer fresh.Close()
	for range 3 {
		as(plain, fresh)
		as(admits, w.a)
		as(plain, g)
	}
	w.same(fresh, g)
	w.same(fresh, w.a)
}

// Attack 35, through another's keys. A removed owner admits a member once more, as an owner, beyond its cut-off; the
// member takes fresh keys and cites that. Expected: the heir is what the member is by
// the admissions that stand. Seen to succeed (the heir is an owner for ever, also
// where what it cites was never shown) with the role of an heir taken from the causal past of
// what admits it.
func TestAttack35AnHeirOfWhomARemovedOwnerRaised(t *testing.T) {
	for _, ends := range []bool{false, true} {
		w := newWorld(t)
		for segment.CompareLogs(log(w.c), log(w.a)) > 0 {
			w = newWorld(t)
		}
		d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleMember)
		defer d.Close()
		w.sync(d, w.a, w.b, d)
		if err := w.a.Journal.Remove(ctx, w.c.Keys.ID()); err != nil {
			t.Fatal(err)
		}
		w.sync(w.a, w.b)
		p := segment.Member{Admit: &segment.Admission{Public: d.Keys.Public(), Role: segment.RoleOwner, Name: "owner"}}.Encode()
		var raised vault.Place
		w.forge(w.c, [][]byte{packed(p)}, func(s *segment.Segment) {
			s.Entries = entries(vault.KindMember, p)
			s.Sign(w.c.Keys)
			raised = s.Place
		})
		next := newKeys(t)
		s := w.replacement(d, next)
		payload := segment.Member{Replace: segment.Replace(d.VaultID(), d.Keys.ID(), next, ends)}.Encode()
		s.Entries = entries(vault.KindMember, payload)
		s.Heads = append(slices.DeleteFunc(s.Heads, func(p vault.Place) bool { return p.Log == raised.Log }), raised)
		segment.SortPlaces(s.Heads)
		s.Sign(d.Keys)
		n := w.nameAt(d, s.Place.Log, 0, s.Epoch)
		object, err := segment.Seal(s, [][]byte{packed(payload)}, d.VaultID(), w.keys(d, s.Epoch), n)
		if err != nil {
			t.Fatal(err)
		}
		w.host.objects[n] = object
		w.round(w.a, w.b)
		public := next.Public()
		for _, x := range []*journaltest.Device{w.a, w.b} {
			i := slices.IndexFunc(x.Journal.Members(), func(m journal.Member) bool { return m.Device == public.DeviceID() })
			if i < 0 {
				t.Errorf("ends %v: %s knows no heir", ends, x.Name)
			} else if m := x.Journal.Members()[i]; m.Owner || m.Removed || m.Name != "d" {
				t.Errorf("ends %v: the heir is %+v to %s", ends, m, x.Name)
			}
		}
	}
}

// Attack 23, against who tells of it. Of C's two segments the one that is shown to g removes d; d, which was shown the
// other, goes on writing, a cites that, and then ends the fork. Expected: g, to which d was no
// member when it wrote, reads on to the end of the fork, and d is a member. Seen to
// succeed (g waits for ever for what d has seen) with what the writer has seen of
// another branch held against it.
func TestAttack23ABranchRemovesWhoCitesTheOther(t *testing.T) {
	w := newWorld(t)
	g := journaltest.Join(t, w.a, w.host, w.dir, "g", segment.RoleOwner)
	defer g.Close()
	d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleMember)
	defer d.Close()
	w.agree(w.a, g, d, w.b, w.c)
	n := w.forge(w.c, nil, func(*segment.Segment) {})
	plain := w.host.objects[n]
	delete(w.host.objects, n)
	w.forgeMember(w.c, w.c, segment.Member{Remove: &segment.Removal{Device: d.Keys.ID(), Keep: w.last(d, d).Place}})
	removes := w.host.objects[n]
	as := func(b []byte, ds ...*journaltest.Device) {
		w.host.only(n, b)
		for _, x := range ds {
			if err := x.Sync(w.host); err != nil && !errors.Is(err, journal.ErrFork) {
				t.Errorf("%s: %v", x.Name, err)
			}
		}
	}
	as(removes, g, w.b)
	w.b.Add(t, note("tells", 1))
	as(removes, w.b)
	as(plain, d)
	d.Add(t, note("of-d", 1))
	as(plain, d, w.a, w.a, d)
	if err := w.a.Journal.EndFork(ctx, w.c.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		as(plain, w.a, d)
		as(removes, g, w.b)
	}
	w.same(w.a, g)
	if n := len(view(g)); n != 4 || !g.Has(t, note("of-d", 1)) {
		t.Errorf("%d members: %q", n, names(view(g)))
	}
}

// Attack 23, for more than a member may. B, which is no owner, says that it has seen another segment of C's,
// and acts as an owner in the same one. Expected: nothing of it takes effect, and nobody
// is asked for whom it lets in. Seen to succeed: the admission with reversible left out, the
// others with the acts of everybody taken who is let in.
func TestAttack23ALieIsNoRight(t *testing.T) {
	for name, act := range map[string]func(*world) []byte{
		"lets in": func(*world) []byte {
			return segment.Member{Admit: &segment.Admission{Public: newKeys(t).Public(), Role: segment.RoleOwner, Name: "z"}}.Encode()
		},
		"removes": func(w *world) []byte {
			return segment.Member{Remove: &segment.Removal{Device: w.c.Keys.ID(), None: true}}.Encode()
		},
		"names": func(w *world) []byte {
			return segment.Member{Name: &segment.Naming{Device: w.c.Keys.ID(), Name: "z"}}.Encode()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sync(w.a, w.b, w.c)
			before, known := view(w.a), len(w.a.Journal.Members())
			p := w.last(w.c, w.c).Place
			p.Hash = vault.Hash{1}
			b := act(w)
			w.forge(w.b, [][]byte{packed(b)}, func(s *segment.Segment) { s.Heads, s.Entries = []vault.Place{p}, entries(vault.KindMember, b) })
			for range 2 {
				if err := w.a.Sync(w.host); err != nil && !errors.Is(err, journal.ErrFork) {
					t.Errorf("%v", err)
				}
			}
			if after := view(w.a); !slices.Equal(names(after), names(before)) || len(w.a.Journal.Members()) != known {
				t.Errorf("members are %q", names(after))
			}
		})
	}
}

// Two owners let devices in apart, as builds did that stated no rank. Expected: a vault
// with that opens, and all devices, one that joins then too, take them in the same order: each
// after who let it in, and those of one owner as they came. Seen to fail with such an act
// refused, and with it taken for the last.
func TestAdmissionsWithoutARank(t *testing.T) {
	w := newWorld(t)
	for _, x := range []struct {
		by   *journaltest.Device
		name string
	}{{w.c, "r"}, {w.a, "p"}, {w.a, "q"}} {
		b := segment.Member{Admit: &segment.Admission{Public: newKeys(t).Public(), Name: x.name}}.Encode()
		if _, err := x.by.Store.Append(ctx, vault.Batch{Notes: []vault.Note{{Kind: vault.KindMember, Payload: b}}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // what they let in first, then the epoch for it
		for _, x := range []*journaltest.Device{w.c, w.a} {
			if err := journaltest.Push(ctx, x.Journal, "r", w.host); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.agree(w.a, w.b, w.c)
	d := journaltest.Join(t, w.c, w.host, w.dir, "later", segment.RoleMember)
	defer d.Close()
	w.agree(w.a, w.b, w.c, d)
	for _, x := range []*journaltest.Device{w.a, w.b, w.c, d} {
		x.Crash(t)
		var got []string
		for _, m := range x.Journal.Members() {
			got = append(got, m.Name)
		}
		if want := []string{"", "b", "p", "q", "c", "r", "later"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", x.Name, got, want)
		}
	}
}
