package attacktest

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// rekeyed draws fresh keys for a, which founded the vault. x is what somebody else
// took of it before: its database, and its keys.
func (w *world) rekeyed() (x *journaltest.Device) {
	w.t.Helper()
	w.sync(w.a, w.b, w.c)
	x, _ = w.copies(w.a)
	w.a.Rekey(w.t)
	return x
}

func header(payload []byte) vault.Header {
	return vault.Header{Kind: vault.KindMember, Payload: sha256.Sum256(payload), Length: uint64(len(payload))}
}

// forgeMember is forge with one act about members, which has seen what d has.
func (w *world) forgeMember(by, d *journaltest.Device, m segment.Member) {
	w.t.Helper()
	payload := m.Encode()
	w.forge(by, [][]byte{packed(payload)}, func(s *segment.Segment) {
		s.Entries = []vault.Header{header(payload)}
		var err error
		if s.Heads, err = d.Store.Places(ctx); err != nil {
			w.t.Fatal(err)
		}
		s.Heads = slices.DeleteFunc(s.Heads, func(p vault.Place) bool { return p.Log == s.Place.Log })
		segment.SortPlaces(s.Heads)
	})
}

// forgeEnd signs another end of x's keys, in a log of its choice, which keeps what x
// had.
func (w *world) forgeEnd(x *journaltest.Device, number uint64) identity.Public {
	w.t.Helper()
	next := newKeys(w.t)
	s := w.replacement(x, next)
	s.Place.Log.Number = number
	payload := segment.Member{Replace: segment.Replace(x.VaultID(), x.Keys.ID(), next, true)}.Encode()
	s.Entries = []vault.Header{header(payload)}
	s.Sign(x.Keys)
	n := w.nameAt(x, s.Place.Log, 0, s.Epoch)
	object, err := segment.Seal(s, [][]byte{packed(payload)}, x.VaultID(), w.keys(x, s.Epoch), n)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.host.objects[n] != nil {
		w.t.Fatal("something lies there")
	}
	w.host.objects[n] = object
	return next.Public()
}

// heir reports whether a, under its fresh keys, is the founder to d now, and x none
// of it; and how many members d knows.
func (w *world) heir(d, x *journaltest.Device) (is bool, members int) {
	for _, m := range d.Journal.Members() {
		if !m.Removed {
			members++
		}
		switch m.Device {
		case w.a.Keys.ID():
			is = m.Owner && !m.Removed && m.Was == "A"
		case x.Keys.ID():
			if !m.Removed || m.Next == "" {
				return false, members
			}
		}
	}
	return is, members
}

// settled has all three agree that a goes on under its fresh keys.
func (w *world) settled(x *journaltest.Device, has ...string) {
	w.t.Helper()
	w.b.Add(w.t, note("later", 1))
	w.agree(w.b, w.a, w.c)
	for _, d := range []*journaltest.Device{w.a, w.b, w.c} {
		if is, n := w.heir(d, x); !is || n != 3 {
			w.t.Errorf("%s: %+v", d.Name, d.Journal.Members())
		}
		for _, id := range append(has, "x", "later") {
			if !d.Has(w.t, note(id, 1)) {
				w.t.Errorf("%s lacks %s", d.Name, id)
			}
		}
		if st, err := d.Journal.Status(ctx); err != nil || st.Forks > 0 || st.Restored || st.Ended {
			w.t.Errorf("%s: %+v %v", d.Name, st, err)
		}
		d.Verify(w.t)
	}
}

// Whoever has the old seeds opens no epoch of afterwards. Seen to succeed with settle
// that mints nothing, and, for what was in no segment yet, with End that leaves the
// audit trail to its heir.
func TestOldKeysOpenNothingNew(t *testing.T) {
	w := newWorld(t)
	w.sync(w.a, w.b, w.c)
	x, _ := w.copies(w.a)
	// The audit trail travels when something else does: there is some left alone.
	if _, err := w.a.Store.Append(ctx, vault.Batch{Notes: []vault.Note{{Kind: vault.KindAudit, Payload: []byte("{}")}}}); err != nil {
		t.Fatal(err)
	}
	w.a.Rekey(t)
	w.a.Add(t, note("after", 1))
	w.a.Crash(t)
	w.agree(w.a, w.b, w.c)
	w.settled(x, "after")
	known := map[segment.EpochID]bool{}
	for _, k := range x.Journal.Keys() {
		known[k.ID] = true
	}
	for _, d := range []*journaltest.Device{w.a, w.b} {
		if s := w.last(d, d); known[s.Epoch] || known[s.Next] {
			t.Errorf("%s still writes under an epoch that the old key has", d.Name)
		}
	}
	wraps := 0
	for _, m := range w.a.Journal.Members() {
		if m.Device == x.Keys.ID() {
			continue
		}
		for _, last := range m.Last {
			for seq := range last.Seq + 1 {
				wraps += w.unwraps(x, m.Device, last.Log, seq)
			}
		}
	}
	if wraps == 0 {
		t.Error("no wrap was looked at")
	}
	// Nothing that was saved after the keys ended lies under an epoch from before.
	for seq := range w.last(w.a, w.a).Place.Seq + 1 {
		if s := w.segment(w.a, log(w.a), seq); known[s.Epoch] && slices.ContainsFunc(s.Entries, func(h vault.Header) bool { return h.Kind != vault.KindEpoch }) {
			t.Errorf("segment %d of the fresh keys lies under an epoch that the old key has", seq)
		}
	}
}

// unwraps tries x's keys on the epochs that a segment mints, those of before apart,
// and counts the wraps.
func (w *world) unwraps(x *journaltest.Device, by identity.DeviceID, log vault.LogID, seq uint64) (n int) {
	w.t.Helper()
	l, err := w.a.Store.Segment(ctx, log, seq)
	if err != nil {
		w.t.Fatal(err)
	}
	before := x.Journal.Keys()
	for _, e := range l.Entries {
		if e.Header.Kind != vault.KindEpoch {
			continue
		}
		p, err := w.a.Store.Unpack(e.Header, e.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		m, err := segment.DecodeMint(p)
		if err != nil {
			w.t.Fatal(err)
		}
		if slices.ContainsFunc(before, func(k journal.EpochKey) bool { return k.ID == m.Epoch }) {
			continue
		}
		for _, r := range m.Wraps {
			n++
			wr := identity.Wrapping{VaultID: w.a.VaultID(), Writer: by, Recipient: r.Device, Epoch: m.Epoch}
			if _, err := x.Keys.Unwrap(wr, r.Wrap); err == nil || r.Device == [16]byte(x.Keys.ID()) {
				w.t.Error("an epoch is wrapped for the old key")
			}
		}
	}
	return n
}

// What the old key signs afterwards, or before it was known to have ended: expected to
// be set aside everywhere, in whatever order it comes. Seen to succeed: with endings
// left out of the removals in members everything but "ends itself"; with the rule about
// removals of their own author left out, "ends itself".
func TestTheOldKeySignsOn(t *testing.T) {
	for _, c := range []struct {
		name   string
		act    func(w *world, x *journaltest.Device)
		before bool // possible before there is an heir
	}{
		{"a record", func(w *world, x *journaltest.Device) {
			w.forge(x, nil, func(*segment.Segment) {})
		}, true},
		{"removes its heir", func(w *world, x *journaltest.Device) {
			w.forgeMember(x, w.c, segment.Member{Remove: &segment.Removal{Device: w.a.Keys.ID(), None: true}})
		}, false},
		{"removes the other owner", func(w *world, x *journaltest.Device) {
			w.forgeMember(x, x, segment.Member{Remove: &segment.Removal{Device: w.c.Keys.ID(), None: true}})
		}, true},
		{"ends itself otherwise", func(w *world, x *journaltest.Device) {
			w.forgeMember(x, x, segment.Member{Remove: &segment.Removal{Device: x.Keys.ID(), Keep: vault.Place{Log: log(x), Seq: 1 << 20}}})
		}, true},
		{"lets a device in", func(w *world, x *journaltest.Device) {
			w.forgeMember(x, x, segment.Member{Admit: &segment.Admission{Public: newKeys(w.t).Public(), Role: segment.RoleOwner, Name: "x"}})
		}, true},
		{"becomes another", func(w *world, x *journaltest.Device) {
			next := newKeys(w.t)
			s := w.replacement(x, next)
			s.Place.Log.Number = 2
			w.publish(x, s, next)
		}, true},
		{"ends once more", func(w *world, x *journaltest.Device) { w.forgeEnd(x, 2) }, true},
	} {
		for _, order := range []string{"after", "before", "before at one"} {
			if order != "after" && !c.before {
				continue
			}
			t.Run(c.name+" "+order, func(t *testing.T) {
				w := newWorld(t)
				x := w.rekeyed()
				if order == "after" {
					w.agree(w.a, w.b, w.c)
				}
				c.act(w, x)
				if order == "before at one" {
					w.sync(w.b)
				}
				w.agree(w.a, w.b, w.c)
				w.settled(x)
			})
		}
	}
}

// The old key has signed something where its device cut what it had not sent yet.
// Expected: a fork, told as one; nothing of the device's own is lost, its fresh keys
// end the fork, and what it had is taken over. Seen to fail, the fresh keys with the
// old ones' fork, with EndFork keeping no ending.
func TestTheOldKeyTakesThePlaceOfWhatWasNotSent(t *testing.T) {
	w := newWorld(t)
	w.sync(w.a, w.b, w.c)
	x, _ := w.copies(w.a)
	w.a.Add(t, note("saved-not-sent", 1))
	w.forge(x, nil, func(*segment.Segment) {})
	w.sync(w.b)
	w.a.Rekey(t)
	w.a.Add(t, note("after", 1))
	own := w.a.Contents(t)
	for range 2 {
		if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrFork) {
			t.Fatalf("%v", err)
		}
	}
	if w.a.Contents(t) != own {
		t.Fatal("what is here changed")
	}
	forks, err := w.a.Journal.Forks(ctx)
	if err != nil || !slices.ContainsFunc(forks, func(f journal.Fork) bool { return f.Device == x.Keys.ID() && f.Proof }) {
		t.Fatalf("%v %+v", err, forks)
	}
	if err := w.a.Journal.EndFork(ctx, x.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	as, err := w.a.Store.Asides(ctx)
	if err != nil || len(as) == 0 {
		t.Fatalf("nothing was set aside: %v", err)
	}
	for _, e := range as {
		if _, err := w.a.Store.Adopt(ctx, []int64{e.Entry}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		for _, d := range []*journaltest.Device{w.a, w.b, w.c} {
			if err := d.Sync(w.host); err != nil && !errors.Is(err, journal.ErrFork) {
				t.Errorf("%s: %v", d.Name, err)
			}
		}
	}
	w.settled(x, "saved-not-sent", "after")
}

// The old key ends itself first, for keys of somebody else's. Expected: its device says
// so and signs nothing more, whatever it has; what is there stays. Seen to succeed, the
// device taking the other for its heir, with the rule about own endings in check left
// out.
func TestSomebodyElseEndsTheKeysFirst(t *testing.T) {
	t.Run("and is seen", func(t *testing.T) {
		w := newWorld(t)
		x, _ := w.copies(w.a)
		w.forgeEnd(x, 1)
		w.sync(w.b)
		w.a.Add(t, note("mine", 1))
		objects := len(w.host.objects)
		for range 2 {
			w.refuses(w.a, journal.ErrEnded)
			w.a.Crash(t)
		}
		if len(w.host.objects) != objects {
			t.Error("it published")
		}
		if _, err := w.a.Journal.End(ctx, newKeys(t), secret.Random(32), secret.Random(32)); !errors.Is(err, journal.ErrEnded) {
			t.Errorf("it ends its keys: %v", err)
		}
		if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); !errors.Is(err, journal.ErrEnded) {
			t.Errorf("it removes: %v", err)
		}
		if st, err := w.a.Journal.Status(ctx); err != nil || !st.Ended || !w.a.Has(t, note("mine", 1)) {
			t.Errorf("%+v %v", st, err)
		}
	})
	// It had ended them itself, and did not know: two segments at one place.
	t.Run("and is not seen", func(t *testing.T) {
		w := newWorld(t)
		x := w.rekeyed()
		p := w.forgeEnd(x, 1)
		w.sync(w.b, w.c)
		w.a.Add(t, note("mine", 1))
		for range 2 {
			if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrFork) {
				t.Errorf("%v", err)
			}
		}
		if !w.a.Has(t, note("mine", 1)) || !w.a.Has(t, note("x", 1)) {
			t.Error("something is lost")
		}
		// Another owner shuts the other out.
		if err := w.c.Journal.Remove(ctx, p.DeviceID()); err != nil {
			t.Fatal(err)
		}
		w.agree(w.c, w.b)
		for _, m := range w.b.Journal.Members() {
			if m.Device == p.DeviceID() && !m.Removed {
				t.Error("it is a member")
			}
		}
	})
}

// Copies from before the end. Expected: each says that its keys have ended, sends
// nothing and keeps what it has; one that the others knew as a device of its own by
// then goes on. Seen to succeed with mute that never says ErrEnded.
func TestCopiesFromBeforeTheEnd(t *testing.T) {
	w := newWorld(t)
	w.sync(w.a, w.b, w.c)
	x, y := w.copies(w.a)
	z := w.a.Clone(t, 1, "z")
	t.Cleanup(func() { z.Close() })
	y.Replace(t) // as restore does
	z.Replace(t)
	w.agree(z, w.a, w.b, w.c)
	for _, d := range []*journaltest.Device{x, y} {
		d.Add(t, note("in-"+d.Name, 1))
	}
	w.a.Add(t, note("sent", 1))
	w.sync(w.a)
	w.a.Rekey(t)
	w.sync(w.a)
	objects := len(w.host.objects)
	for _, d := range []*journaltest.Device{x, y} {
		for range 3 {
			if err := d.Sync(w.host); !errors.Is(err, journal.ErrEnded) && !(d == x && errors.Is(err, journal.ErrRestored)) {
				t.Errorf("%s: %v", d.Name, err)
			}
			if !d.Has(t, note("in-"+d.Name, 1)) || !d.Has(t, note("x", 1)) {
				t.Errorf("%s lost something", d.Name)
			}
		}
		d.Crash(t)
		if st, err := d.Journal.Status(ctx); err != nil || !st.Ended && !st.Restored {
			t.Errorf("%s: %+v %v", d.Name, st, err)
		}
	}
	if len(w.host.objects) != objects {
		t.Error("a copy published")
	}
	z.Add(t, note("in-z", 1))
	w.agree(z, w.a, w.b, w.c)
	if !w.b.Has(t, note("in-z", 1)) || w.b.Has(t, note("in-y", 1)) || w.b.Has(t, note("in-x", 1)) {
		t.Error("the wrong copies are heard")
	}
}

// Something lies where the ending would, or where what brings it would, or comes to lie
// there before it is put: junk, or what the old key signed. Expected: the keys end all the
// same, and everybody learns of it, also who joins. Seen to fail (nobody learns of it) with meetTaken
// leaving the ending out as it does another's segment, with one log more at most, and with
// what the old key signed there taken for the end of it.
func TestTheEndingsNameIsTaken(t *testing.T) {
	junk := func(w *world, x *journaltest.Device, number, seq uint64) {
		w.host.objects[w.nameAt(x, vault.LogID{Device: x.Keys.ID(), Number: number}, seq, x.Epochs()[0].ID)] = []byte("junk")
	}
	for name, c := range map[string]struct {
		before, after func(*world, *journaltest.Device)
	}{
		"before":        {before: func(w *world, x *journaltest.Device) { junk(w, x, 1, 0) }},
		"after":         {after: func(w *world, x *journaltest.Device) { junk(w, x, 1, 0) }},
		"some in a row": {func(w *world, x *journaltest.Device) { junk(w, x, 1, 0); junk(w, x, 2, 0) }, func(w *world, x *journaltest.Device) { junk(w, x, 3, 0) }},
		"signed while it goes": {func(w *world, x *journaltest.Device) { junk(w, x, 1, 0) }, func(w *world, x *journaltest.Device) {
			_ = w.a.Sync(w.host) // what brings it goes with the next
			w.forgeEnd(x, 2)
		}},
		"signed": {func(w *world, x *journaltest.Device) { junk(w, x, 1, 0) }, func(w *world, x *journaltest.Device) { w.forgeEnd(x, 2) }},
		"at what was not sent": {after: func(w *world, x *journaltest.Device) {
			l := w.last(x, x)
			w.host.objects[w.nameAt(x, l.Place.Log, l.Place.Seq+1, l.Next)] = []byte("junk")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sync(w.a, w.b, w.c)
			x, _ := w.copies(w.a)
			if c.before != nil {
				c.before(w, x)
				_ = w.a.Sync(w.host)
			}
			if err := w.a.Journal.MayEnd("r"); err != nil {
				t.Fatal(err)
			}
			w.a.Add(t, note("unsent", 1))
			w.a.Rekey(t)
			w.a.Add(t, note("after", 1))
			if c.after != nil {
				c.after(w, x)
			}
			for range 4 {
				if err := w.a.Sync(w.host); err != nil {
					t.Log(err)
				}
				w.a.Crash(t)
			}
			w.agree(w.a, w.b, w.c)
			w.settled(x, "unsent", "after")
			d := journaltest.Join(t, w.c, w.host, w.dir, "d", segment.RoleMember)
			defer d.Close()
			w.agree(d, w.a, w.b, w.c)
			if is, n := w.heir(d, x); !is || n != 4 {
				t.Errorf("who joins: %+v", d.Journal.Members())
			}
		})
	}
	t.Run("everywhere", func(t *testing.T) {
		w := newWorld(t)
		for n := range uint64(16) {
			junk(w, w.a, n+1, 0)
			_ = w.a.Sync(w.host)
		}
		_ = w.a.Sync(w.host)
		if err := w.a.Journal.MayEnd("r"); !errors.Is(err, journal.ErrUnreadable) {
			t.Errorf("%v", err)
		}
		if err := w.a.Journal.MayEnd("another"); err != nil {
			t.Errorf("%v", err)
		}
	})
	t.Run("everywhere, later", func(t *testing.T) {
		w := newWorld(t)
		x := w.rekeyed()
		for n := range uint64(16) {
			junk(w, x, n+1, 0)
		}
		told := false
		for range 20 {
			told = errors.Is(w.a.Sync(w.host), journal.ErrUnreadable)
		}
		if !told {
			t.Error("it is not said that nobody learns of the end")
		}
	})
}
