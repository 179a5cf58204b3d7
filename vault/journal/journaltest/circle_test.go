package journaltest

import (
	"context"
	"fmt"
	"testing"

	"phivault/sync/remote/memory"
	"phivault/vault/journal/segment"
)

// TestACircleOfRemovals: b0 removes b2, a removes b0 and b2 removes a, each
// before it hears of the others, with admissions in between. The founder's counts,
// so b0's does not, so b2's does. That needs b0's to be known: a device that by
// its own unsent removal is none any more says so before it falls silent.
func TestACircleOfRemovals(t *testing.T) {
	base, ctx, r := Scratch(t), context.Background(), memory.New()
	devices := []*Device{Found(t, base, "a")}
	for i, role := range []uint8{segment.RoleOwner, segment.RoleMember, segment.RoleOwner} {
		devices = append(devices, Join(t, devices[0], r, base, fmt.Sprint("b", i), role))
	}
	defer func() {
		for _, d := range devices {
			d.Close()
		}
	}()
	rounds := func(n int) {
		for range n {
			for _, d := range devices {
				check(t, d.Sync(r))
			}
		}
	}
	admit := func(by *Device) {
		devices = append(devices, join(t, by, r, base, fmt.Sprint("c", len(devices)), segment.RoleOwner, func() error {
			return Push(ctx, by.Journal, "r", r)
		}))
	}
	a, b0, b1, b2 := devices[0], devices[1], devices[2], devices[3]
	rounds(2)
	admit(b0)
	check(t, b0.Journal.Remove(ctx, b2.Keys.ID()))
	check(t, a.Journal.Remove(ctx, b0.Keys.ID()))
	admit(a)
	check(t, b2.Journal.Remove(ctx, a.Keys.ID()))
	rounds(5)
	for _, d := range []*Device{b0, b1, b2} {
		for _, o := range devices {
			if got, want := standing(d, o.Keys.ID()), o == b1 || o == b2; got != want {
				t.Errorf("%s takes %s for a member: %v", d.Name, o.Name, got)
			}
		}
	}
	for _, d := range []*Device{b1, b2} {
		if st, err := d.Journal.Status(ctx); err != nil || len(st.Held) > 0 {
			t.Errorf("%s: %v, %v still waits", d.Name, err, st.Held)
		}
	}
}
