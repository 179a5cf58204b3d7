package attacktest

import (
	"fmt"
	"testing"

	"phivault/sync/remote"
)

// What the owner is told that a store sees is what lies there: every name and size, no
// more and no less.
func TestExposureIsWhatLiesThere(t *testing.T) {
	w := newWorld(t)
	attach(t, w.b, "1", []byte(random(400_000)))
	w.b.Add(t, note("big", random(600_000)))
	w.sync(w.b, w.a, w.c, w.a)
	for i := range 70 { // more than a pack
		w.a.Add(t, note(fmt.Sprint("n", i), i))
		w.sync(w.a)
	}
	if err := w.a.Journal.Remove(ctx, w.c.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	w.sync(w.a, w.b, w.a)
	all, err := w.a.Journal.Exposure(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	here, err := w.a.Journal.Exposure(ctx, "r")
	if err != nil || len(here) != len(all) {
		t.Errorf("%d objects at the remote, %d in all: %v", len(here), len(all), err)
	}
	told := map[remote.Name]int64{}
	for _, e := range all {
		told[e.Name] = e.Size
	}
	there := 0
	for n, b := range w.host.objects {
		if n.Space() == remote.Join {
			continue
		}
		there++
		if size, ok := told[n]; !ok || size != int64(len(b)) {
			t.Errorf("an object of %d bytes: told %d", len(b), size)
		}
	}
	if there != len(told) || there < 75 {
		t.Errorf("%d objects lie there, %d were told", there, len(told))
	}
	if none, err := w.a.Journal.Exposure(ctx, "nowhere"); err != nil || len(none) != 0 {
		t.Errorf("%d objects at a remote that has none: %v", len(none), err)
	}
}
