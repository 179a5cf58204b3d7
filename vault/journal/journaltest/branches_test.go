package journaltest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

// split is a host that helps a cheat: what its two copies put, it shows on one side
// each; all else to everybody. In the end it shows each side what it has not seen.
type split struct {
	shared map[remote.Name][]byte
	sides  [2]map[remote.Name][]byte
	joined bool
}

// side is the host as one side sees it.
type side struct {
	*split
	n     int
	cheat bool
}

func (s side) find(n remote.Name) []byte {
	for _, m := range []map[remote.Name][]byte{s.sides[s.n], s.shared} {
		if b := m[n]; b != nil {
			return b
		}
	}
	if s.joined {
		return s.sides[1-s.n][n]
	}
	return nil
}

func (s side) Put(_ context.Context, n remote.Name, r io.Reader, _ int64) error {
	if s.find(n) != nil {
		return remote.Fail("put", n, remote.ErrExists, "")
	}
	b, err := io.ReadAll(r)
	if to := s.shared; s.cheat || s.sides[1-s.n][n] != nil {
		s.sides[s.n][n] = b
	} else {
		to[n] = b
	}
	return err
}

func (s side) Get(_ context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	b := s.find(n)
	if b == nil {
		return nil, 0, remote.Fail("get", n, remote.ErrNotFound, "")
	}
	return io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
}

func (s side) Close() error { return nil }

// TestBranchesConverge lets an owner live twice, in two branches of one log, which a host
// shows to one half of the devices each: it lets devices in and removes others in either. Meanwhile the owners
// admit, remove each other and draw fresh keys, apart. In the end the founder, who is
// senior to the cheat, ends the fork, with nothing else agreed on before. Then all have
// the same members, in the same order, and the same records.
func TestBranchesConverge(t *testing.T) {
	base, ctx := Scratch(t), context.Background()
	if os.Getenv("PHIVAULT_SLOW") == "" {
		check(t, flag.Set("rapid.checks", "6")) // each is long
		defer flag.Set("rapid.checks", "60")
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		dir := fmt.Sprintf("%s/%d", base, n)
		defer os.RemoveAll(dir)
		host := &split{map[remote.Name][]byte{}, [2]map[remote.Name][]byte{{}, {}}, false}
		devices := []*Device{Found(rt, dir, "a")}
		on := map[*Device]side{devices[0]: {host, 0, false}}
		var cheats []*Device
		defer func() {
			for _, d := range append(devices, cheats...) {
				d.Close()
			}
		}()
		tolerated := func(err error) bool { return err == nil || onlyForks(err) }
		sync := func(d *Device) {
			if err := d.Sync(on[d]); !tolerated(err) {
				rt.Fatalf("%s: %v", d.Name, err)
			}
		}
		for i := range 4 {
			role := uint8(segment.RoleOwner)
			if i == 3 {
				role = segment.RoleMember
			}
			d := Join(rt, devices[0], on[devices[0]], dir, fmt.Sprint("b", i), role)
			devices, on[d] = append(devices, d), side{host, i % 2, false}
		}
		for range 2 {
			for _, d := range devices {
				sync(d)
			}
		}
		cheat := devices[1]
		copied := cheat.Clone(rt, cheat.Save(rt), "other")
		devices, cheats = slices.Delete(devices, 1, 2), []*Device{cheat, copied}
		on[cheat], on[copied] = side{host, 0, true}, side{host, 1, true}
		id := cheat.Keys.ID()
		one := func(rt *rapid.T, of []*Device) *Device { return of[rapid.IntRange(0, len(of)-1).Draw(rt, "device")] }
		admits := func(by *Device, name string) *Device {
			if !owner(by) {
				rt.Skip("no owner")
			}
			i := len(cheats) + len(devices)
			return join(rt, by, on[by], dir, fmt.Sprint(name, i), segment.RoleOwner, func() error { return Push(ctx, by.Journal, "r", on[by]) })
		}
		removes := func(by, who *Device) {
			// b3 stays to tell the founder; and who cannot read on where it is waits for what
			// others cite.
			if on[by].cheat && on[by].n == on[who].n || by == who || who == devices[0] || who == devices[3] || who.Keys.ID() == id {
				rt.Skip("not that one")
			}
			err := by.Journal.Remove(ctx, who.Keys.ID())
			if err != nil && !errors.Is(err, journal.ErrNotMember) && !errors.Is(err, vault.ErrUsage) && !errors.Is(err, journal.ErrRestored) {
				rt.Fatalf("%v", err)
			}
		}
		// It reads nothing any more: it would find itself out.
		writes := func(d *Device) {
			d.Add(rt, fmt.Sprintf(`{"resourceType":"Condition","id":"cheat","code":{"text":"%s %d"}}`, d.Name, wrote(d)))
			check(rt, Push(ctx, d.Journal, "r", on[d]))
		}
		rekeyed := map[*Device]bool{}
		rt.Repeat(map[string]func(*rapid.T){
			"edit": func(rt *rapid.T) {
				one(rt, append(cheats[:2:2], devices...)).Add(rt, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"pulse"},"valueInteger":%d}`,
					rapid.IntRange(0, 3).Draw(rt, "id"), rapid.IntRange(1, 6).Draw(rt, "value")))
			},
			"sync":   func(rt *rapid.T) { sync(one(rt, devices)) },
			"cheats": func(rt *rapid.T) { writes(one(rt, cheats[:2])) },
			"push": func(rt *rapid.T) {
				d := one(rt, devices)
				if err := Push(ctx, d.Journal, "r", on[d]); !tolerated(err) {
					rt.Fatalf("%v", err)
				}
			},
			"crash":         func(rt *rapid.T) { one(rt, devices).Crash(rt) },
			"remove":        func(rt *rapid.T) { removes(one(rt, devices), one(rt, devices)) },
			"cheat removes": func(rt *rapid.T) { removes(one(rt, cheats[:2]), one(rt, devices)) },
			"rename": func(rt *rapid.T) {
				by, who := one(rt, append(cheats[:2:2], devices...)), one(rt, devices)
				_ = by.Journal.Rename(ctx, who.Keys.ID(), fmt.Sprint("n", rapid.IntRange(0, 9).Draw(rt, "name")))
			},
			"rekey": func(rt *rapid.T) {
				d := one(rt, devices)
				if rekeyed[d] || d == devices[0] || d == devices[3] || d.Journal.MayEnd() != nil { // an heir may be junior
					rt.Skip("enough, or no member")
				}
				d.Rekey(rt)
				rekeyed[d] = true
			},
			"join": func(rt *rapid.T) {
				by := one(rt, devices)
				if len(devices) == 7 {
					rt.Skip("enough")
				}
				d := admits(by, "c")
				devices, on[d] = append(devices, d), on[by]
			},
			"cheat admits": func(rt *rapid.T) {
				if len(cheats) == 4 {
					rt.Skip("enough")
				}
				by := one(rt, cheats[:2])
				cheats = append(cheats, admits(by, "z"))
			},
		})
		// No branch ends before the other, else its readers wait for what others cite.
		for _, d := range cheats[:2] {
			writes(d)
		}
		for wrote(cheat) != wrote(copied) {
			if wrote(cheat) < wrote(copied) {
				writes(cheat)
			} else {
				writes(copied)
			}
		}
		rounds := func(n int) {
			for range n {
				for _, d := range devices {
					sync(d)
				}
			}
		}
		rounds(2)
		host.joined = true
		for i, d := range devices { // which cites what it has of the cheat
			d.Add(rt, fmt.Sprintf(`{"resourceType":"Condition","id":"end%d","code":{"text":"done"}}`, i))
		}
		rounds(3)
		check(rt, devices[0].Journal.EndFork(ctx, id))
		rounds(6)
		var want string
		for _, d := range devices {
			if !standing(devices[0], d.Keys.ID()) {
				continue
			}
			st, err := d.Journal.Status(ctx)
			check(rt, err)
			got := roll(d) + d.Contents(rt)
			if want == "" {
				want = got
			}
			if got != want || len(st.Held)+len(st.Floors)+st.Forks > 0 || st.Restored {
				rt.Fatalf("%s differs from %s, waits for %v, %d forks:\n%s\n%s", d.Name, devices[0].Name, st.Held, st.Forks, got, want)
			}
			d.Verify(rt)
		}
	})
}

// wrote counts the segments of a device's log.
func wrote(d *Device) uint64 {
	for _, m := range d.Journal.Members() {
		if m.Self && len(m.Last) > 0 {
			return m.Last[len(m.Last)-1].Seq + 1
		}
	}
	return 0
}

// roll tells the members, by seniority.
func roll(d *Device) string {
	var b strings.Builder
	for _, m := range d.Journal.Members() {
		if !m.Removed {
			fmt.Fprintf(&b, "%x %q owner=%v\n", m.Device[:3], m.Name, m.Owner)
		}
	}
	return b.String()
}

// onlyForks are the errors that two histories of one device bring.
func onlyForks(err error) bool {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			if !onlyForks(e) {
				return false
			}
		}
		return true
	}
	return errors.Is(err, journal.ErrFork) || errors.Is(err, journal.ErrWaiting)
}
