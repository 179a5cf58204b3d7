package attacktest

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// copies makes two copies of b's database of now, which then goes on and publishes.
func (w *world) copies(b *journaltest.Device) (x, y *journaltest.Device) {
	w.t.Helper()
	n := b.Save(w.t)
	x, y = b.Clone(w.t, n, "x"), b.Clone(w.t, n, "y")
	w.t.Cleanup(x.Close)
	w.t.Cleanup(y.Close)
	return x, y
}

// Two copies of one device write while the device itself goes on: a backup restored
// twice. Expected: a copy that has not drawn fresh keys publishes nothing, and says
// why; with fresh keys each is a device of its own, in one log each, and nothing that
// anybody saved is lost. Seen to succeed (two writers in one log, ErrFork at the
// others) with setOld made to do nothing.
func TestCopiesOfOneDevice(t *testing.T) {
	w := newWorld(t)
	w.b.Add(t, note("saved-not-sent", 1))
	x, y := w.copies(w.b)
	x.Add(t, note("in-x", 1))
	y.Add(t, note("in-y", 1))
	w.b.Add(t, note("in-b", 1))
	w.sync(w.b, w.a)
	objects := len(w.host.objects)
	for _, d := range []*journaltest.Device{x, y, x} {
		if err := d.Sync(w.host); !errors.Is(err, journal.ErrRestored) {
			t.Fatalf("%s: %v", d.Name, err)
		}
	}
	if len(w.host.objects) != objects {
		t.Fatal("a copy published")
	}
	for _, d := range []*journaltest.Device{x, y} {
		before := d.Contents(t)
		d.Replace(t)
		if d.Contents(t) != before {
			t.Errorf("%s: the records changed", d.Name)
		}
		d.Verify(t)
	}
	if err := x.Sync(w.host); err != nil || !x.Journal.Again() {
		t.Fatalf("x: %v", err)
	}
	y.Crash(t)
	w.agree(x, y, w.b, w.a, w.c)
	all := []*journaltest.Device{w.a, w.b, w.c, x, y}
	for _, d := range all {
		for _, id := range []string{"saved-not-sent", "in-x", "in-y", "in-b"} {
			if !d.Has(t, note(id, 1)) {
				t.Errorf("%s lacks what was saved %s", d.Name, id)
			}
		}
		d.Add(t, note("later-"+d.Name, 1))
	}
	w.agree(all...)
	w.sync(all...)
	logs := map[vault.LogID]bool{}
	for _, d := range all {
		logs[d.Log(t)] = true
		st, err := d.Journal.Status(ctx)
		if err != nil || st.Forks > 0 || st.Restored || st.Replacing {
			t.Errorf("%s: %+v, %v", d.Name, st, err)
		}
		if n := len(d.Journal.Members()); n != 5 {
			t.Errorf("%s knows %d devices", d.Name, n)
		}
	}
	if len(logs) != 5 {
		t.Errorf("%d logs for 5 devices", len(logs))
	}
	old, copies := 0, 0
	for _, m := range w.a.Journal.Members() {
		if m.Of == "B" {
			copies++
			if m.Owner || m.Name != "b" {
				t.Errorf("a copy has other rights or another name: %+v", m)
			}
		} else if m.Of == "" {
			old++
		}
	}
	if old != 3 || copies != 2 {
		t.Errorf("%d devices and %d copies", old, copies)
	}
	// The old device is gone for good; its copies stay.
	if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	x.Add(t, note("after", 1))
	w.agree(w.a, x, y, w.c)
	if !w.a.Has(t, note("after", 1)) {
		t.Error("the copy went with the device that it was of")
	}
	w.b.Add(t, note("removed", 1))
	_ = w.b.Sync(w.host)
	w.agree(w.a, x, y, w.c)
	if w.a.Has(t, note("removed", 1)) {
		t.Error("the removed device writes on in its first log")
	}
}

// A replacement is offered again and again: its answer is lost, the process killed at
// each step. Expected: one device, one segment at one place.
func TestAReplacementIsOfferedOnce(t *testing.T) {
	w := newWorld(t)
	x, _ := w.copies(w.b)
	x.Add(t, note("in-x", 1))
	x.Replace(t)
	for i := range 3 {
		for range x.Journal.Wanted(ctx, "r") {
		}
		for e, err := range x.Journal.Outgoing(ctx, "r") {
			if err != nil {
				t.Fatal(err)
			}
			err := journaltest.Put(ctx, w.host, e)
			if i == 0 && err != nil || i > 0 && err == nil {
				t.Fatalf("round %d: %v", i, err)
			}
			break
		}
		x.Crash(t)
		w.a.Add(t, note("meanwhile", i)) // so that a new replacement would be another
	}
	w.agree(x, w.a, w.b, w.c)
	if n := len(w.a.Journal.Members()); n != 4 || !w.a.Has(t, note("in-x", 1)) {
		t.Errorf("%d devices", n)
	}
}

// A replacement stands alone, as the last of a log that goes on from its device's, and
// is of fresh keys; one that lies beyond a cut-off replaces nobody. Expected: forged, or
// set aside; the same one with nothing wrong is taken. Seen to be taken with, for each,
// its part of checkEvents or of checkContinues left out; a removed device's let its copy
// in with cascade taking nobody away.
func TestReplacementsThatAreNone(t *testing.T) {
	audit := []byte("{}")
	for name, c := range map[string]struct {
		change func(*world, *segment.Segment)
		bodies [][]byte
		says   string
	}{
		"nothing wrong": {change: func(*world, *segment.Segment) {}},
		"not alone": {func(_ *world, s *segment.Segment) { s.Entries = append(s.Entries, entries(vault.KindAudit, audit)...) },
			[][]byte{packed(audit)}, "does not stand alone"},
		"not the last": {func(_ *world, s *segment.Segment) { s.Last = false }, nil, "does not stand alone"},
		"in the log as it is": {func(w *world, s *segment.Segment) {
			l := w.last(w.b, w.b)
			s.Place = vault.Place{Log: l.Place.Log, Seq: l.Place.Seq + 1}
			s.Prev, s.Epoch, s.Next = l.Place.Hash, l.Next, l.Next
			s.Heads = slices.DeleteFunc(s.Heads, func(p vault.Place) bool { return p.Log == l.Place.Log })
		}, nil, "does not stand alone"},
		"of a member":   {func(*world, *segment.Segment) {}, nil, "a second time"},
		"another's log": {func(_ *world, s *segment.Segment) { s.Prev[0] ^= 1 }, nil, "does not continue"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			next := newKeys(t)
			if name == "of a member" {
				next = w.c.Keys
			}
			s := w.replacement(w.b, next)
			c.change(w, s)
			w.publish(w.b, s, next, c.bodies...)
			if c.says == "" {
				w.sync(w.a)
				if len(w.a.Journal.Members()) != 4 {
					t.Error("an honest one was not taken")
				}
				return
			}
			before := w.a.Logical(t)
			if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrForged) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if w.a.Logical(t) != before || len(w.a.Journal.Members()) != 3 {
				t.Error("the database changed")
			}
		})
	}
	t.Run("by a removed device", func(t *testing.T) {
		w := newWorld(t)
		if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
			t.Fatal(err)
		}
		w.sync(w.a, w.c)
		next := newKeys(t)
		public := next.Public()
		w.publish(w.b, w.replacement(w.b, next), next)
		w.agree(w.a, w.c)
		for _, d := range []*journaltest.Device{w.a, w.c} {
			known := false
			for _, m := range d.Journal.Members() {
				if known = known || m.Device == public.DeviceID(); m.Device == public.DeviceID() && !m.Removed {
					t.Errorf("%s: it let a device in", d.Name)
				}
			}
			if st, err := d.Journal.Status(ctx); err != nil || !known || st.Quarantined != 1 {
				t.Errorf("%s: it was not set aside: %+v, %v", d.Name, st, err)
			}
		}
	})
}

func newKeys(t *testing.T) *identity.Device {
	t.Helper()
	d, err := identity.NewDevice(secret.Random(32).Bytes(), secret.Random(32).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// replacement is what an honest copy of d would write.
func (w *world) replacement(d *journaltest.Device, next *identity.Device) *segment.Segment {
	w.t.Helper()
	payload := segment.Member{Replace: segment.Replace(d.VaultID(), d.Keys.ID(), next, false)}.Encode()
	l, first := w.last(d, d), d.Epochs()[0].ID
	heads, err := d.Store.Places(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	segment.SortPlaces(heads)
	return &segment.Segment{VaultID: d.VaultID(), Place: vault.Place{Log: vault.LogID{Device: d.Keys.ID(), Number: 1}}, Prev: l.Place.Hash,
		Epoch: first, Next: first, Clock: l.Clock, Last: true, Heads: heads,
		Entries: []vault.Header{{Kind: vault.KindMember, Payload: sha256.Sum256(payload), Length: uint64(len(payload))}}}
}

// publish signs and puts it; bodies are those of further entries.
func (w *world) publish(d *journaltest.Device, s *segment.Segment, next *identity.Device, bodies ...[]byte) {
	w.t.Helper()
	s.Sign(d.Keys)
	n := w.nameAt(d, s.Place.Log, s.Place.Seq, s.Epoch)
	body := packed(segment.Member{Replace: segment.Replace(d.VaultID(), d.Keys.ID(), next, false)}.Encode())
	object, err := segment.Seal(s, append([][]byte{body}, bodies...), d.VaultID(), w.keys(d, s.Epoch), n)
	if err != nil {
		w.t.Fatal(err)
	}
	w.host.objects[n] = object
}
