package journaltest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/vault/journal/segment"
)

// run syncs with the engine that the product has.
func (d *Device) run(t TB, r remote.Remote) engine.Result {
	t.Helper()
	rep, err := engine.Sync(context.Background(), d.Journal, []engine.Target{{Name: "r", Remote: r}}, engine.Options{})
	check(t, err)
	return rep.Remotes[0]
}

// With nothing new a sync asks at most three times a log that is in use. One
// edit costs one object of at most 5 KiB here, and three requests more there. The
// vault's size and the length of its logs play no part.
func TestRequestsGrowWithTheChange(t *testing.T) {
	for _, edits := range []int{1, 70} {
		dir, r := Scratch(t), memory.New()
		a := Found(t, dir, "a")
		devices := []*Device{a}
		for _, name := range []string{"b", "c"} {
			devices = append(devices, Join(t, a, r, dir, name, segment.RoleMember))
		}
		for i := range edits {
			for k, d := range devices {
				d.Add(t, strings.Replace(pulse, "o1", fmt.Sprintf("o%d-%d", k, i), 1))
				d.run(t, r)
			}
		}
		for range 2 {
			for _, d := range devices {
				d.run(t, r)
			}
		}
		want := func(what string, d *Device, most, objects int) {
			t.Helper()
			switch got := d.run(t, r); {
			case got.Requests > most:
				t.Errorf("%d edits before, %s: %d requests, want at most %d", edits, what, got.Requests, most)
			case got.Pushed.Objects != objects || got.Pushed.Bytes > int64(objects)*5<<10:
				t.Errorf("%d edits before, %s: %d objects with %d bytes went up", edits, what, got.Pushed.Objects, got.Pushed.Bytes)
			}
		}
		idle := devices[1].run(t, r).Requests
		for _, d := range devices {
			want("nothing new", d, 3*len(devices), 0)
		}
		a.Add(t, strings.Replace(pulse, "60", "61", 1))
		want("one edit here", a, idle+1, 1)
		want("one edit there", devices[1], idle+3, 0)
		want("nothing new after it", devices[1], idle, 0)
		for i := range 40 {
			a.Add(t, strings.Replace(pulse, "60", fmt.Sprint(100+i), 1))
			a.run(t, r)
		}
		// Far behind, questions are asked in growing heaps and few are in vain.
		want("40 segments behind", devices[2], idle+1+40+lookMost, 0)
		if devices[2].Contents(t) != a.Contents(t) {
			t.Error("not all arrived")
		}
		for _, d := range devices {
			d.Close()
		}
	}
}

// lookMost is the number of names of a log that are asked for at once, at most.
const lookMost = 16
