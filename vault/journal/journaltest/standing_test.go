package journaltest

import (
	"context"
	"testing"
	"time"

	"phivault/sync/remote"
	"phivault/sync/remote/malicious"
	"phivault/sync/remote/memory"
	"phivault/vault/journal/segment"
)

// moved syncs and gives how many objects that put.
func moved(t TB, d *Device, r remote.Remote) int {
	t.Helper()
	before, _ := stored(t, r)
	check(t, d.Sync(r))
	after, _ := stored(t, r)
	return after - before
}

func TestADeviceOfSeveralShowsOnceADayThatItLives(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	dir, r := t.TempDir(), memory.New()
	a := Found(t, dir, "a")
	defer func() { a.Close() }()
	a.Clock = func() time.Time { return now }
	a.Crash(t)
	a.Add(t, patient("p1"))
	check(t, a.Sync(r))
	now = now.Add(48 * time.Hour)
	if n := moved(t, a, r); n != 0 {
		t.Errorf("alone: %d objects", n)
	}
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	for _, d := range []*Device{b, a, b, a} {
		check(t, d.Sync(r))
	}
	for day := range 3 {
		for _, d := range []*Device{a, b, a, b} {
			if n := moved(t, d, r); n != 0 {
				t.Errorf("day %d, %s: %d objects within a day", day, d.Name, n)
			}
		}
		now = now.Add(25 * time.Hour)
		if f, err := preview(a, r); err != nil || f.Push.Segments != 1 {
			t.Errorf("day %d: a preview foresees %+v, %v", day, f.Push, err)
		}
		for _, d := range []*Device{a, b} {
			if n := moved(t, d, r); n != 1 {
				t.Errorf("day %d, %s: %d objects, want a sign of life", day, d.Name, n)
			}
		}
	}
	// Signs of life are seen, so everything becomes stable but the last of them.
	check(t, a.Sync(r))
	nobody := func([16]byte) bool { return false }
	if stable, all := a.Journal.Stability(nobody); all-stable > 1 {
		t.Errorf("%d of %d segments are stable", stable, all)
	}
	a.Add(t, patient("p2"))
	check(t, a.Sync(r))
	stable, all := a.Journal.Stability(nobody)
	if stable >= all {
		t.Errorf("%d of %d stable, and b has not seen the last", stable, all)
	}
	if s, n := a.Journal.Stability(func(d [16]byte) bool { return d == b.Keys.ID() }); s != n {
		t.Errorf("without b: %d of %d stable", s, n)
	}
}

func TestWhatDoesNotArriveIsNamed(t *testing.T) {
	ctx, dir, r := context.Background(), t.TempDir(), malicious.New(memory.New())
	a := Found(t, dir, "a")
	defer a.Close()
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	c := Join(t, a, r, dir, "c", segment.RoleMember)
	defer c.Close()
	for range 2 {
		for _, d := range []*Device{a, b, c} {
			check(t, d.Sync(r))
		}
	}
	past, err := r.Remember(ctx)
	check(t, err)
	for _, id := range []string{"p1", "p2"} {
		b.Add(t, patient(id))
		check(t, b.Sync(r))
	}
	all, err := r.Remember(ctx)
	check(t, err)
	var fresh []remote.Name
	for n := range all {
		if _, old := past[n]; !old {
			fresh = append(fresh, n)
		}
	}
	check(t, c.Sync(r))
	c.Add(t, patient("p3"))
	check(t, c.Sync(r))
	r.Hide(fresh...)
	check(t, a.Sync(r))
	w := a.Journal.Waiting()
	if len(w) != 1 || w[0].By != "C" || w[0].To != w[0].From+1 || w[0].Log.Device != [16]byte(b.Keys.ID()) || w[0].Beside {
		t.Fatalf("%+v", w)
	}
	if a.Journal.Arrived(w[0].Log, w[0].To) {
		t.Error("it has arrived")
	}
	if w[0].From, w[0].To = 6, 7; w[0].Text("E") != "E 6–7, cited by C" {
		t.Errorf("%q", w[0].Text("E"))
	}
	r.Show(fresh...)
	check(t, a.Sync(r))
	if w := a.Journal.Waiting(); len(w) > 0 {
		t.Errorf("still %+v", w)
	}
}
