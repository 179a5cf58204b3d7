package attacktest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// nameAt is where a device's segment will lie, as every member can compute and a
// host learns from those who ask for it.
func (w *world) nameAt(d *journaltest.Device, log vault.LogID, seq uint64, e segment.EpochID) remote.Name {
	return segment.Space(d.VaultID()).Name(w.keys(d, e).SegmentName(log, seq))
}

// take puts what does not open under the names that d writes next, and those of
// the first segments of its next logs.
func (w *world) take(d *journaltest.Device, next, logs int) {
	w.t.Helper()
	l := w.last(d, d)
	for i := range next {
		w.host.objects[w.nameAt(d, l.Place.Log, l.Place.Seq+1+uint64(i), l.Next)] = bytes.Repeat([]byte{7}, 4096)
	}
	for i := range logs {
		w.host.objects[w.nameAt(d, vault.LogID{Device: d.Keys.ID(), Number: uint64(i) + 1}, 0, d.Epochs()[0].ID)] = bytes.Repeat([]byte{7}, 4096)
	}
}

// own is the number of the log that a device writes.
func (w *world) own(d *journaltest.Device) uint64 {
	w.t.Helper()
	log, err := d.Store.Own(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return log.Number
}

// agree syncs until everybody has everything, and fails when that never comes.
func (w *world) agree(ds ...*journaltest.Device) {
	w.t.Helper()
	for range 6 {
		for _, d := range ds {
			if err := d.Sync(w.host); err != nil {
				w.t.Log(d.Name, err)
			} // what does not open yet is told of
		}
	}
	for _, d := range ds {
		d.Verify(w.t)
		if d.Contents(w.t) != ds[0].Contents(w.t) {
			w.t.Errorf("%s differs from %s", d.Name, ds[0].Name)
		}
	}
}

// The host puts garbage under a name before its owner gets to it, under two, under
// the names that it could go on under. Expected: everything arrives all the same, in
// another log; whoever joins later finds it, too; another remote is not concerned.
// What does not open causes no request in the same sync. Seen to succeed (nothing of
// the device arrives any more) with meetTaken left out.
func TestTakenNames(t *testing.T) {
	for _, c := range []struct{ next, logs int }{{1, 0}, {2, 0}, {1, 1}, {2, 3}} {
		t.Run(fmt.Sprintf("%d names and %d logs", c.next, c.logs), func(t *testing.T) {
			w := newWorld(t)
			other := newHost()
			for i := range c.next { // segments that another remote holds already
				w.b.Add(t, note("y", i))
				if err := journaltest.Sync(ctx, w.b.Journal, "other", other); err != nil {
					t.Fatal(err)
				}
			}
			w.b.Add(t, note("z", 1))
			w.takeFrom(w.b, c.next, c.logs)
			asked := w.host.requests
			if err := w.b.Sync(w.host); err != nil && !errors.Is(err, journal.ErrUnreadable) {
				t.Fatalf("b: %v", err)
			}
			if n := w.host.requests - asked; n > 20 {
				t.Errorf("%d requests", n)
			}
			if w.own(w.b) == 0 || !w.b.Journal.Again() || w.b.Journal.Again() {
				t.Errorf("b writes log %d", w.own(w.b))
			}
			w.b.Crash(t)
			w.agree(w.b, w.a, w.c)
			w.b.Add(t, note("later", 1))
			w.agree(w.b, w.a, w.c)
			if st, err := w.a.Journal.Status(ctx); err != nil || len(st.Later) == 0 || st.Later[0].Letter != "B" {
				t.Errorf("a new log is no news: %v %v", st.Later, err)
			}
			if !w.a.Has(t, note("z", 1)) || !w.a.Has(t, note("later", 1)) {
				t.Error("something is missing")
			}
			for range 2 {
				if err := w.a.Sync(w.host); err != nil {
					t.Errorf("a, when all is said: %v", err)
				}
			}
			if code := w.b.Journal.Code(); w.a.Journal.CheckCode(ctx, code) != nil {
				t.Errorf("a does not know the code %q", code)
			}
			d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleMember)
			defer d.Close()
			w.agree(w.b, w.a, w.c, d)
			for range 2 {
				if err := journaltest.Sync(ctx, w.b.Journal, "other", other); err != nil {
					t.Fatal(err)
				}
				if err := journaltest.Sync(ctx, w.c.Journal, "other", other); err != nil {
					t.Fatal(err)
				}
			}
			if w.b.Contents(t) != w.c.Contents(t) {
				t.Error("the devices differ after the other remote")
			}
		})
	}
}

// takeFrom takes the names from the first that the host does not hold.
func (w *world) takeFrom(d *journaltest.Device, next, logs int) {
	w.t.Helper()
	l := w.last(d, d)
	for seq, n := uint64(0), 0; n < next && seq < l.Place.Seq+uint64(next)+2; seq++ {
		e := l.Next
		if seq <= l.Place.Seq {
			e = w.segment(d, l.Place.Log, seq).Epoch
		}
		if name := w.nameAt(d, l.Place.Log, seq, e); w.host.objects[name] == nil {
			w.host.objects[name] = bytes.Repeat([]byte{7}, 4096)
			n++
		}
	}
	w.take(d, 0, logs)
}

// The host takes every name that a device could go on under. Expected: the device
// gives up on this host and says so, and goes on with another.
func TestEveryNameIsTaken(t *testing.T) {
	w := newWorld(t)
	w.b.Add(t, note("y", 1))
	w.take(w.b, 1, 40)
	var err error
	for range 40 {
		if err = w.b.Sync(w.host); err != nil {
			break
		}
	}
	if err == nil || w.own(w.b) > 17 {
		t.Errorf("log %d: %v", w.own(w.b), err)
	}
	other := newHost()
	for _, d := range []*journaltest.Device{w.b, w.a} {
		if err := journaltest.Sync(ctx, d.Journal, "other", other); err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
	}
	if !w.a.Has(t, note("y", 1)) {
		t.Error("it did not arrive through another remote")
	}
}

// A member writes on in a log that it closed, and lets two logs continue one.
// Expected: fork, the database as it was. Seen to succeed with checkContinues left out.
func TestWritingOnInAClosedLog(t *testing.T) {
	for _, c := range []string{"the closed log", "a second log", "from nowhere"} {
		t.Run(c, func(t *testing.T) {
			w := newWorld(t)
			old := w.last(w.b, w.b)
			w.b.Add(t, note("y", 1))
			w.take(w.b, 1, 0)
			w.agree(w.b, w.a, w.c)
			s := &segment.Segment{VaultID: w.b.VaultID(), Epoch: old.Next, Next: old.Next, Clock: old.Clock,
				Place: vault.Place{Log: old.Place.Log, Seq: old.Place.Seq + 1}, Prev: old.Place.Hash}
			if c != "the closed log" {
				s.Epoch, s.Place.Log.Number, s.Place.Seq = w.b.Epochs()[0].ID, w.own(w.b)+1, 0
				s.Heads = []vault.Place{old.Place}
			} else {
				s.Place.Seq, s.Prev = old.Place.Seq+2, w.segment(w.b, old.Place.Log, old.Place.Seq+1).Place.Hash
			}
			if c == "from nowhere" {
				s.Heads, s.Prev = nil, vault.Hash{}
			}
			s.Sign(w.b.Keys)
			name := w.nameAt(w.b, s.Place.Log, s.Place.Seq, s.Epoch)
			object, err := segment.Seal(s, nil, w.b.VaultID(), w.keys(w.b, s.Epoch), name)
			if err != nil {
				t.Fatal(err)
			}
			before := w.a.Logical(t)
			if c == "the closed log" { // nobody asks for it: only a log can carry it
				x := &segment.Segment{VaultID: w.b.VaultID(), Epoch: w.b.Epochs()[0].ID, Next: w.b.Epochs()[0].ID, Clock: old.Clock,
					Place: vault.Place{Log: vault.LogID{Device: w.b.Keys.ID(), Number: w.own(w.b) + 1}}}
				x.Carried = []segment.Carried{{Number: s.Place.Log.Number, Seq: s.Place.Seq, Object: object}}
				x.Sign(w.b.Keys)
				name = w.nameAt(w.b, x.Place.Log, 0, x.Epoch)
				if object, err = segment.Seal(x, nil, w.b.VaultID(), w.keys(w.b, x.Epoch), name); err != nil {
					t.Fatal(err)
				}
			}
			w.host.objects[name] = object
			if err := w.a.Sync(w.host); err == nil {
				t.Error("nothing was said")
			}
			if w.a.Logical(t) != before {
				t.Error("the database changed")
			}
		})
	}
}
