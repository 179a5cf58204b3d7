package journaltest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"phivault/crypto/identity"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

// TestRemovalsConverge lets devices write, sync, draw fresh keys and crash at random
// while owners remove others, each other too, and admit new ones, without waiting for
// anybody's news. At the end all members have the same records, and so has a device that is
// admitted then and reads everything from the beginning.
func TestRemovalsConverge(t *testing.T) {
	base, ctx := Scratch(t), context.Background()
	if os.Getenv("PHIVAULT_SLOW") == "" {
		check(t, flag.Set("rapid.checks", "12")) // each is long
		defer flag.Set("rapid.checks", "60")
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		dir, r := fmt.Sprintf("%s/%d", base, n), memory.New()
		defer os.RemoveAll(dir)
		devices := []*Device{Found(rt, dir, "a")}
		defer func() {
			for _, d := range devices {
				d.Close()
			}
		}()
		for i, role := range []uint8{segment.RoleOwner, segment.RoleMember, segment.RoleOwner} {
			devices = append(devices, Join(rt, devices[0], r, dir, fmt.Sprint("b", i), role))
		}
		sync := func(d *Device) {
			if err := d.Sync(r); !known(err) {
				rt.Fatalf("%s: %v", d.Name, err)
			}
		}
		for range 2 {
			for _, d := range devices {
				sync(d)
			}
		}
		one := func(rt *rapid.T) *Device { return devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")] }
		removals, rekeyed, was := 0, 0, map[*Device][]identity.DeviceID{}
		rt.Repeat(map[string]func(*rapid.T){
			"edit": func(rt *rapid.T) {
				one(rt).Add(rt, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"pulse"},"valueInteger":%d}`,
					rapid.IntRange(0, 3).Draw(rt, "id"), rapid.IntRange(1, 6).Draw(rt, "value")))
			},
			"delete": func(rt *rapid.T) {
				one(rt).Delete(rt, "Observation", fmt.Sprint("o", rapid.IntRange(0, 3).Draw(rt, "id")))
			},
			"sync": func(rt *rapid.T) { sync(one(rt)) },
			"push": func(rt *rapid.T) {
				if err := Push(ctx, one(rt).Journal, "r", r); !known(err) {
					rt.Fatalf("%v", err)
				}
			},
			"crash": func(rt *rapid.T) { one(rt).Crash(rt) },
			"remove": func(rt *rapid.T) {
				by, who := one(rt), one(rt)
				if removals == 3 || by == who {
					rt.Skip("enough")
				}
				id := who.Keys.ID()
				if old := was[who]; len(old) > 0 && rapid.Bool().Draw(rt, "under its old keys") {
					id = old[0] // which by may not know to have ended
				}
				if err := by.Journal.Remove(ctx, id); err == nil {
					removals++
				} else if !errors.Is(err, journal.ErrNotMember) && !errors.Is(err, vault.ErrUsage) {
					rt.Fatalf("%v", err)
				}
			},
			"rekey": func(rt *rapid.T) {
				d := one(rt)
				if rekeyed == 2 || d.Journal.MayEnd() != nil {
					rt.Skip("enough, or no member")
				}
				was[d] = append(was[d], d.Keys.ID())
				d.Rekey(rt)
				rekeyed++
			},
			"join": func(rt *rapid.T) {
				by := one(rt)
				if len(devices) == 6 || !owner(by) {
					rt.Skip("enough, or no owner")
				}
				devices = append(devices, join(rt, by, r, dir, fmt.Sprint("c", len(devices)), segment.RoleOwner, func() error {
					return Push(ctx, by.Journal, "r", r)
				}))
			},
		})
		for range 5 {
			for _, d := range devices {
				sync(d)
			}
		}
		members := agreed(devices)
		i := slices.IndexFunc(members, owner)
		if i < 0 {
			rt.Fatalf("no owner is left")
		}
		fresh := Join(rt, members[i], r, dir, "fresh", segment.RoleMember)
		devices = append(devices, fresh)
		for range 3 {
			for _, d := range append(slices.Clone(members), fresh) {
				sync(d)
			}
		}
		want := fresh.Contents(rt)
		for _, d := range append(members, fresh) {
			if got := d.Contents(rt); got != want {
				rt.Fatalf("%s differs from a fresh device:\n%s\n%s", d.Name, want, got)
			}
			for _, m := range members {
				if !standing(d, m.Keys.ID()) {
					rt.Fatalf("%s and %s do not agree on who is a member", d.Name, m.Name)
				}
			}
			st, err := d.Journal.Status(ctx)
			check(rt, err)
			if len(st.Held)+len(st.Floors)+st.Forks > 0 || st.Restored {
				rt.Fatalf("%s: %+v", d.Name, st)
			}
			d.Verify(rt)
		}
	})
}

func owner(d *Device) bool {
	return slices.ContainsFunc(d.Journal.Members(), func(m journal.Member) bool { return m.Self && m.Owner && !m.Removed })
}

// agreed are the devices that all of them take for the members. One that was
// removed may not be able to read so: what was written since is not sealed for it.
func agreed(devices []*Device) []*Device {
	of := func(d *Device) (out []*Device) {
		for _, o := range devices {
			if standing(d, o.Keys.ID()) {
				out = append(out, o)
			}
		}
		return out
	}
	for _, d := range devices {
		if m := of(d); len(m) > 0 && !slices.ContainsFunc(m, func(o *Device) bool { return !slices.Equal(of(o), m) }) {
			return m
		}
	}
	return nil
}

// standing reports whether a device is a member, as d sees it.
func standing(d *Device, who identity.DeviceID) bool {
	return slices.ContainsFunc(d.Journal.Members(), func(m journal.Member) bool { return m.Device == who && !m.Removed })
}
