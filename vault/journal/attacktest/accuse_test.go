package attacktest

import (
	"errors"
	"testing"

	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// accuses has by cite another hash for the last segment of of than what that one signed.
func (w *world) accuses(by, of *journaltest.Device) {
	w.t.Helper()
	p := w.last(of, of).Place
	p.Hash = vault.Hash{1}
	w.forge(by, nil, func(s *segment.Segment) { s.Heads = []vault.Place{p} })
}

// sound expects no fork, no accusation, and one history everywhere.
func (w *world) sound(ds ...*journaltest.Device) {
	w.t.Helper()
	w.agree(ds...)
	for _, d := range ds {
		st, err := d.Journal.Status(ctx)
		if err != nil || st.Forks > 0 || st.Restored || len(st.Held) > 0 {
			w.t.Errorf("%s: %v, %d forks, restored %v, held %v", d.Name, err, st.Forks, st.Restored, st.Held)
		}
		d.Verify(w.t)
	}
}

// Attack 23, by a member's word. B cites, in the name of nobody but itself, a segment of
// C's that C never signed, so that C is taken for the cheat and cut off. Expected: the word
// is told apart from a proof and from whom it comes; an owner may cut off who said it,
// from that segment on, and then C is whole, also where C had heard it first. Seen to
// succeed (C blamed, nothing to be done about B, C unable to read the removal that clears
// it) with every evidence taken for a proof, and with the accused refusing the segment.
func TestAttack23AMemberAccusesAnother(t *testing.T) {
	for name, heard := range map[string]bool{"": false, "and it hears so": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.b.Add(t, note("before", 1))
			w.c.Add(t, note("of-c", 1))
			w.sync(w.b, w.c, w.a, w.b, w.c)
			w.accuses(w.b, w.c)
			if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrFork) {
				t.Fatalf("%v", err)
			}
			w.a.Add(t, note("between", 1))
			if heard {
				if err := w.c.Sync(w.host); !errors.Is(err, journal.ErrRestored) {
					t.Errorf("the accused: %v", err)
				}
				st, err := w.c.Journal.Status(ctx)
				if err != nil || len(st.Accusers) != 1 || st.Accusers[0].Letter != "B" {
					t.Errorf("%v, accused by %+v", err, st.Accusers)
				}
			}
			w.sync(w.a)
			fs, err := w.a.Journal.Forks(ctx)
			if err != nil || len(fs) != 1 || fs[0].Proof || fs[0].Letter != "C" || len(fs[0].By) != 1 || fs[0].By[0].Letter != "B" {
				t.Fatalf("%v: %+v", err, fs)
			}
			if err := w.a.Journal.EndFork(ctx, w.b.Keys.ID()); err != nil {
				t.Fatal(err)
			}
			for _, d := range []*journaltest.Device{w.a, w.c, w.a, w.c} {
				_ = d.Sync(w.host)
			}
			w.c.Add(t, note("later", 1))
			w.sync(w.c, w.a)
			d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleMember)
			defer d.Close()
			w.sound(w.a, w.c, d)
			for _, id := range []string{"before", "of-c", "between", "later"} {
				if !d.Has(t, note(id, 1)) {
					t.Errorf("%s is lost", id)
				}
			}
			for _, m := range w.a.Journal.Members() {
				if m.Removed != (m.Letter == "B") {
					t.Errorf("%+v", m)
				}
			}
		})
	}
}

// Attack 23, by a word that turns out to be so: the second segment is shown. Expected: from then on it
// is a proof, and who said it is no accuser any more. Seen to succeed (who told the truth
// can be cut off for it) with one piece of evidence kept a place, the first.
func TestAttack23AWordIsProved(t *testing.T) {
	w := newWorld(t)
	n := w.forge(w.b, nil, func(s *segment.Segment) { s.Next = s.Epoch; s.Clock = s.Clock.Add(1e9) })
	w.sync(w.a)
	first := w.host.objects[n]
	delete(w.host.objects, n)
	w.forge(w.b, nil, func(s *segment.Segment) { s.Clock = s.Clock.Add(2e9) })
	second := w.host.objects[n]
	w.c.Add(t, note("y", 1))
	w.sync(w.c)
	w.host.only(n, first)
	if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrFork) {
		t.Fatalf("%v", err)
	}
	fs, err := w.a.Journal.Forks(ctx)
	if err != nil || len(fs) != 1 || fs[0].Proof || len(fs[0].By) != 1 {
		t.Fatalf("%v: %+v", err, fs)
	}
	w.host.only(n, second)
	if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrFork) {
		t.Fatalf("%v", err)
	}
	fs, err = w.a.Journal.Forks(ctx)
	if err != nil || len(fs) != 1 || !fs[0].Proof || len(fs[0].By) != 0 || fs[0].Letter != "B" {
		t.Fatalf("%v: %+v", err, fs)
	}
	if err := w.a.Journal.EndFork(ctx, w.c.Keys.ID()); !errors.Is(err, vault.ErrUsage) {
		t.Errorf("who was right can be cut off for it: %v", err)
	}
	if err := w.a.Journal.EndFork(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	w.host.only(n, first)
	w.sound(w.a, w.c)
}

// Attack 23, with every owner accused: a member does it so that none may write. Expected: an owner that takes
// fresh keys is an owner still, sees whose word it was, and cuts that one off. Seen to
// succeed (nobody can do anything about it) with testimony left out of Succeed.
func TestAttack23EveryOwnerIsAccused(t *testing.T) {
	w := newWorld(t)
	w.a.Add(t, note("of-a", 1))
	w.c.Add(t, note("of-c", 1))
	w.sync(w.a, w.c, w.a, w.b, w.c)
	p, q := w.last(w.a, w.a).Place, w.last(w.c, w.c).Place
	p.Hash, q.Hash = vault.Hash{1}, vault.Hash{2}
	heads := []vault.Place{p, q}
	segment.SortPlaces(heads)
	w.forge(w.b, nil, func(s *segment.Segment) { s.Heads = heads })
	for _, d := range []*journaltest.Device{w.a, w.c} {
		if err := d.Sync(w.host); !errors.Is(err, journal.ErrRestored) {
			t.Fatalf("%s: %v", d.Name, err)
		}
	}
	w.a.Add(t, note("unsent", 1))
	w.a.Replace(t)
	w.a.Crash(t)
	for range 3 {
		_ = w.a.Sync(w.host)
	}
	fs, err := w.a.Journal.Forks(ctx)
	if err != nil || len(fs) != 2 || fs[0].Proof || fs[1].Proof || fs[0].By[0].Letter != "B" {
		t.Fatalf("%v: %+v", err, fs)
	}
	if err := w.a.Journal.EndFork(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_ = w.a.Sync(w.host)
		_ = w.c.Sync(w.host)
	}
	w.c.Add(t, note("later", 1))
	w.sound(w.a, w.c)
	for _, id := range []string{"of-a", "of-c", "unsent", "later"} {
		if !w.a.Has(t, note(id, 1)) || !w.c.Has(t, note(id, 1)) {
			t.Errorf("%s is lost", id)
		}
	}
}

// Attack 21, and a copy that was put back fills anew, with what it had saved, a place that another has
// seen filled before, and takes fresh keys only then. Expected: nothing is lost, and there
// is no fork: the place that was filled anew was sent nowhere. Seen to succeed (the vault
// does not open any more) with known waiting for what this copy never had.
func TestAttack21AFilledPlaceIsGivenUp(t *testing.T) {
	w := newWorld(t)
	saved := w.b.Save(t)
	w.b.Add(t, note("sent", 1))
	w.sync(w.b, w.a)
	w.a.Add(t, note("cites", 1))
	w.sync(w.a)
	w.b.Restore(t, saved)
	w.b.Add(t, note("anew", 1))
	for range w.b.Journal.Outgoing(ctx, "r") {
		break
	}
	w.host.only(w.name(w.a, w.last(w.a, w.b)), nil)
	if err := w.b.Sync(w.host); !errors.Is(err, journal.ErrRestored) {
		t.Fatalf("%v", err)
	}
	w.host.serve = nil
	w.b.Replace(t)
	w.b.Crash(t)
	for range 3 {
		_ = w.b.Sync(w.host)
	}
	w.sound(w.a, w.b, w.c)
	for _, id := range []string{"sent", "cites", "anew"} {
		if !w.c.Has(t, note(id, 1)) {
			t.Errorf("%s is lost", id)
		}
	}
}

// Attack 23 with branches of two segments. The host shows one device the first branch, and
// another the second, whose second segment is what crosses. Expected: what its device
// signed on top of another segment than the one here is a proof, and no forgery of the
// host's; once the fork is ended, nobody is told of it any more. Seen to succeed (forged,
// for ever) with check calling it forged.
func TestAttack23TheOtherBranchIsLonger(t *testing.T) {
	w := newWorld(t)
	n := w.forge(w.b, nil, func(s *segment.Segment) { s.Clock = s.Clock.Add(1e9) })
	w.sync(w.a)
	first := w.host.objects[n]
	delete(w.host.objects, n)
	w.b.Add(t, note("two", 1))
	w.sync(w.b)
	w.b.Add(t, note("three", 1))
	w.sync(w.b, w.c)
	second := w.host.objects[n]
	w.c.Add(t, note("y", 1))
	w.sync(w.c)
	w.host.only(n, first)
	for range 2 {
		if err := w.a.Sync(w.host); err != nil && (!errors.Is(err, journal.ErrFork) || errors.Is(err, journal.ErrForged)) {
			t.Fatalf("%v", err)
		}
	}
	fs, err := w.a.Journal.Forks(ctx)
	if err != nil || len(fs) != 1 || !fs[0].Proof || fs[0].Letter != "B" || fs[0].Place != w.last(w.a, w.b).Place {
		t.Fatalf("%v: %+v", err, fs)
	}
	w.host.only(n, second)
	_ = w.a.Sync(w.host)
	w.host.only(n, first)
	if err := w.a.Journal.EndFork(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	w.sync(w.a)
	w.host.only(n, second)
	_ = w.c.Sync(w.host)
	w.c.Add(t, note("z", 1))
	w.sync(w.c)
	w.host.only(n, first)
	w.sync(w.a, w.a)
	w.sound(w.a, w.c)
	if !w.a.Has(t, note("y", 1)) || !w.a.Has(t, note("z", 1)) {
		t.Error("what was written on top is lost")
	}
}
