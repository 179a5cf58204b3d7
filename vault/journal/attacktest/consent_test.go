package attacktest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// admitted is the segment of a's log that let a device in.
func (w *world) admitted(device *journaltest.Device) *segment.Segment {
	w.t.Helper()
	for seq := uint64(0); ; seq++ {
		s := w.segment(w.a, log(w.a), seq)
		l, err := w.a.Store.Segment(ctx, log(w.a), seq)
		if err != nil {
			w.t.Fatal(err)
		}
		for i, h := range s.Entries {
			if h.Kind != vault.KindMember {
				continue
			}
			p, err := w.a.Store.Unpack(h, l.Entries[i].Body)
			if err != nil {
				w.t.Fatal(err)
			}
			if m, err := segment.DecodeMember(p); err == nil && m.Admit != nil && m.Admit.Public.DeviceID() == device.Keys.ID() {
				return s
			}
		}
	}
}

// A member that is no owner names an owner as the device that replaces it, in a log
// that cites nothing after its own admission, so that this admission of the owner
// would be the first. Expected to be forged, and the owner to stay one: it never
// agreed. Seen to succeed, on every device and for good, without the rule that whoever
// is admitted signs.
func TestAMemberDemotesAnOwner(t *testing.T) {
	for _, heir := range []bool{false, true} {
		for _, ends := range []bool{false, true} {
			w := newWorld(t)
			w.sync(w.a, w.b, w.c)
			past := w.admitted(w.b)
			victim, others := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleOwner), []*journaltest.Device{w.a, w.c}
			t.Cleanup(func() { victim.Close() })
			w.agree(w.a, w.b, w.c, victim)
			if heir {
				w.a.Rekey(t)
				w.agree(w.a, w.b, w.c, victim)
				victim, others = w.a, []*journaltest.Device{victim, w.c}
			}
			r := segment.Replace(w.b.VaultID(), w.b.Keys.ID(), w.b.Keys, ends)
			r.Public = victim.Keys.Public()
			payload := segment.Member{Replace: r}.Encode()
			s := w.replacement(w.b, w.b.Keys)
			s.Entries = []vault.Header{header(payload)}
			s.Heads, s.Prev = []vault.Place{past.Place}, vault.Hash{}
			s.Sign(w.b.Keys)
			n := w.nameAt(w.b, s.Place.Log, 0, s.Epoch)
			object, err := segment.Seal(s, [][]byte{packed(payload)}, w.b.VaultID(), w.keys(w.b, s.Epoch), n)
			if err != nil {
				t.Fatal(err)
			}
			w.host.objects[n] = object
			for _, x := range append(others, victim) {
				if err := x.Sync(w.host); !errors.Is(err, journal.ErrForged) {
					t.Errorf("heir %v, ends %v, %s: %v", heir, ends, x.Name, err)
				}
				i := slices.IndexFunc(x.Journal.Members(), func(m journal.Member) bool { return m.Device == victim.Keys.ID() })
				if m := x.Journal.Members()[i]; !m.Owner || m.Removed || m.Of != "" {
					t.Errorf("heir %v, ends %v, %s: the owner is %+v", heir, ends, x.Name, m)
				}
			}
			if err := victim.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
				t.Errorf("heir %v, ends %v: the owner removes the member: %v", heir, ends, err)
			}
		}
	}
}

// Whoever has a device's keys makes its logs have a gap: junk where log 1 begins, a
// replacement in log 2. An end in log 3 could be called off from log 1, with the junk
// taken away, for whoever is behind or joins later. Expected to be refused. Seen to
// succeed when only the name of the end's own log was looked at.
func TestTheKeysAreNotEndedBehindAGap(t *testing.T) {
	w := newWorld(t)
	x, _ := w.copies(w.a)
	one := w.nameAt(x, vault.LogID{Device: x.Keys.ID(), Number: 1}, 0, x.Epochs()[0].ID)
	w.host.objects[one] = bytes.Repeat([]byte{7}, 4096)
	next := newKeys(t)
	s := w.replacement(x, next)
	s.Place.Log.Number = 2
	w.publish(x, s, next)
	for range 3 {
		for _, d := range []*journaltest.Device{w.a, w.c} {
			if err := d.Sync(w.host); err != nil && !errors.Is(err, journal.ErrUnreadable) {
				t.Errorf("%s: %v", d.Name, err)
			}
		}
	}
	if err := w.a.Journal.Remove(ctx, next.ID()); err != nil {
		t.Fatal(err)
	}
	if err := w.a.Journal.MayEnd(); !errors.Is(err, journal.ErrUnreadable) {
		t.Errorf("it may end its keys: %v", err)
	}
	if _, err := w.a.Journal.End(ctx, newKeys(t), secret.Random(32), secret.Random(32)); !errors.Is(err, journal.ErrUnreadable) {
		t.Errorf("it ends its keys: %v", err)
	}
}

// Whoever has a device's keys ends them and keeps nothing of what it wrote: with one
// segment all of that would go, and whom it let in. Expected to wait for a word. Seen to
// succeed, at each device, when only tombstones and purges were counted.
func TestAnEndThatKeepsNothingWaits(t *testing.T) {
	for _, founder := range []bool{false, true} {
		w := newWorld(t)
		of := w.b
		if founder {
			of = w.a
		}
		for i := range 60 {
			of.Add(t, note(fmt.Sprint("kept", i), 1))
		}
		w.agree(of, w.a, w.b, w.c)
		x, _ := w.copies(of)
		next := newKeys(t)
		payload := segment.Member{Replace: segment.Replace(x.VaultID(), x.Keys.ID(), next, true)}.Encode()
		s := w.replacement(x, next)
		s.Entries = []vault.Header{header(payload)}
		s.Prev = vault.Hash{}
		s.Heads = slices.DeleteFunc(s.Heads, func(p vault.Place) bool { return founder || p.Log.Device == x.Keys.ID() })
		s.Sign(x.Keys)
		n := w.nameAt(x, s.Place.Log, 0, s.Epoch)
		object, err := segment.Seal(s, [][]byte{packed(payload)}, x.VaultID(), w.keys(x, s.Epoch), n)
		if err != nil {
			t.Fatal(err)
		}
		w.host.objects[n] = object
		w.sync(w.c)
		st, err := w.c.Journal.Status(ctx)
		if err != nil || len(st.Deletions) != 1 || !st.Deletions[0].Ends || st.Deletions[0].Records < 60 || st.Deletions[0].Self != founder {
			t.Errorf("founder %v: held %+v, %v", founder, st.Deletions, err)
		}
		if !w.c.Has(t, note("kept7", 1)) || len(w.c.Journal.Members()) != 3 {
			t.Errorf("founder %v: it was taken", founder)
		}
		if !founder { // and with a word it is
			if err := w.c.Journal.Confirm(ctx, s.Place); err != nil || w.c.Has(t, note("kept7", 1)) {
				t.Errorf("confirmed: %v", err)
			}
		}
	}
}

// The ended keys are kept to read with until every member knows that they ended, and
// not longer. Seen to fail with the keys forgotten at once, and with them kept.
func TestEndedKeysAreForgottenWhenAllKnow(t *testing.T) {
	w := newWorld(t)
	w.rekeyed()
	has := func() bool {
		b, err := w.a.Store.State(ctx, "before")
		if err != nil {
			t.Fatal(err)
		}
		return b != nil
	}
	w.sync(w.a, w.c, w.a)
	if !has() {
		t.Error("they are forgotten before b knows")
	}
	w.agree(w.a, w.b, w.c)
	w.b.Add(t, note("b", 1))
	w.c.Add(t, note("c", 1))
	w.agree(w.a, w.b, w.c)
	w.a.Crash(t)
	w.sync(w.a)
	if has() {
		t.Error("they are kept when all know")
	}
}
