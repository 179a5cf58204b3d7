package attacktest

import (
	"testing"
	"time"

	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// Attack 31, at the store. Who has an epoch's key and the store, a removed member, seals
// a member's segment again with other times of its entries, as made later or of none.
// Expected: forged, nothing applied; the member's own says when it was made. Seen to
// succeed with takeSegment's Verify removed.
func TestAttack31ClocksOfAnotherHand(t *testing.T) {
	made := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for name, change := range map[string]func(*segment.Segment){
		"later":    func(s *segment.Segment) { s.Made[0].At = s.Made[0].At.Add(time.Hour) },
		"joined":   func(s *segment.Segment) { s.Made = []vault.Run{{Entries: len(s.Entries), At: s.Made[0].At}} },
		"left out": func(s *segment.Segment) { s.Made = nil },
		"sent":     func(s *segment.Segment) { s.Clock = s.Clock.Add(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			now := made
			w.b.Clock = func() time.Time { return now }
			w.b.Crash(t)
			w.b.Add(t, note("t", 1))
			now = now.Add(time.Minute)
			w.b.Add(t, note("u", 1))
			now = now.Add(48 * time.Hour)
			w.sync(w.b)
			s := w.last(w.b, w.b)
			n, k := w.name(w.b, s), w.keys(w.b, s.Epoch)
			honest := w.host.objects[n]
			plain, bodies, err := segment.Open(honest, w.b.VaultID(), k, n)
			if err != nil || len(plain.Made) != 2 {
				t.Fatalf("%v: %+v", err, plain)
			}
			change(plain)
			object, err := segment.Seal(plain, bodies, w.b.VaultID(), k, n)
			if err != nil {
				t.Fatal(err)
			}
			w.host.objects[n] = object
			w.refuses(w.a, journal.ErrForged)
			w.host.objects[n] = honest
			w.sync(w.a)
			if at, sent := timeOf(t, w.a, "t"); !at.Equal(made) || sent {
				t.Errorf("%v, sent %v", at, sent)
			}
			if at, sent := timeOf(t, w.a, "u"); !at.Equal(made.Add(time.Minute)) || sent {
				t.Errorf("%v, sent %v", at, sent)
			}
		})
	}
}

func timeOf(t *testing.T, d *journaltest.Device, id string) (time.Time, bool) {
	t.Helper()
	h, err := d.Store.History(ctx, vault.RecordIDOf("a", "Condition", id))
	if err != nil || len(h) != 1 {
		t.Fatalf("%v: %+v", err, h)
	}
	return h[0].At, h[0].Sent
}

// A member's segments say when their entries were made or do not, as an earlier build's
// do not, in one log: both are taken, and each says what it knows. Seen to fail with the
// flag demanded by the decoder.
func TestSegmentsWithAndWithoutClocks(t *testing.T) {
	w := newWorld(t)
	made := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	cut := made.Add(24 * time.Hour)
	for _, c := range []struct {
		id   string
		made []vault.Run
	}{{"p", nil}, {"q", []vault.Run{{Entries: 1, At: made}}}, {"r", nil}, {"s", []vault.Run{{Entries: 1, At: time.UnixMilli(0)}}}} {
		p := []byte("\x01\x00\x01a\x00\x00" + note(c.id, 1))
		w.forgeAfter(w.b, w.last(w.a, w.b), [][]byte{packed(p)}, func(s *segment.Segment) {
			s.Entries = entries(vault.KindPut, p)
			s.Entries[0].Record = vault.RecordIDOf("a", "Condition", c.id)
			s.Clock, s.Made = cut, c.made
		})
		w.sync(w.a, w.c)
		for _, d := range []*journaltest.Device{w.a, w.c} {
			want, wantSent := cut, true
			if c.made != nil {
				want, wantSent = c.made[0].At, false
			}
			if at, sent := timeOf(t, d, c.id); !at.Equal(want) || sent != wantSent {
				t.Errorf("%s: of %s: %v, sent %v", d.Name, c.id, at, sent)
			}
			d.Verify(t)
		}
	}
	if w.a.Contents(t) != w.c.Contents(t) || w.last(w.a, w.b).Place != w.last(w.c, w.b).Place {
		t.Error("they differ")
	}
}
