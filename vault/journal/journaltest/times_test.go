package journaltest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// What a device made says everywhere when it was made, however late it was sent: before
// the device's keys ended and after, and what a copy of it had not sent, which leaves
// under other keys. Who passes it on gives what was signed. Seen to say when it was sent
// with sign leaving the clocks out.
func TestOthersEditsSayWhenTheyWereMade(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	dir, r, other := t.TempDir(), memory.New(), memory.New()
	a := Found(t, dir, "a")
	defer func() { a.Close() }()
	a.Clock = func() time.Time { return now }
	a.Crash(t)
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	want := map[string]time.Time{}
	add := func(d *Device, id string) {
		t.Helper()
		now = now.Add(time.Hour)
		d.Add(t, patient(id))
		want[id] = now
		now = now.Add(20 * time.Hour)
	}
	sync := func(ds ...*Device) {
		t.Helper()
		for _, d := range ds {
			check(t, d.Sync(r))
		}
	}
	said := func(ds ...*Device) {
		t.Helper()
		for _, d := range ds {
			for id, at := range want {
				h, err := d.Store.History(ctx, vault.RecordIDOf("a", "Patient", id))
				if err != nil || len(h) != 1 || !h[0].At.Equal(at) || h[0].Sent {
					t.Errorf("%s: of %s: %v %+v, not %v", d.Name, id, err, h, at)
				}
			}
			d.Verify(t)
		}
	}
	sync(b, a, b)
	add(b, "p1")
	add(b, "p2")
	sync(b, a)
	said(a, b)
	add(b, "p3")
	b.Rekey(t)
	add(b, "p4")
	sync(b, a, b)
	said(a, b)
	add(b, "p5")
	c := b.Clone(t, b.Save(t), "c")
	defer c.Close()
	b.Close()
	now = now.Add(72 * time.Hour)
	c.Replace(t)
	add(c, "p6")
	sync(c, a, c, a)
	said(a, c)

	there := func() error { return Sync(ctx, a.Journal, "other", other) }
	check(t, there())
	d := join(t, a, other, dir, "d", segment.RoleMember, there)
	defer d.Close()
	check(t, d.Sync(other))
	said(d)
	places, err := a.Store.Places(ctx)
	check(t, err)
	n := 0
	for _, p := range places {
		for seq := uint64(0); seq <= p.Seq; seq++ {
			var got [2][]byte
			for i, x := range []*Device{a, d} {
				l, err := x.Store.Segment(ctx, p.Log, seq)
				check(t, err)
				s, err := segment.FromLedger(l)
				check(t, err)
				got[i] = s.Encode()
				if len(s.Entries) > 0 && len(s.Made) == 0 {
					t.Errorf("%s: segment %d of %x says of %d entries nothing", x.Name, seq, p.Log.Device[:2], len(s.Entries))
				}
			}
			if n++; !bytes.Equal(got[0], got[1]) {
				t.Errorf("segment %d of %x was passed on as another", seq, p.Log.Device[:2])
			}
		}
	}
	if n < 8 {
		t.Errorf("%d segments", n)
	}
}
