package journaltest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

func TestMain(m *testing.M) {
	flag.Parse()
	n := "8" // of each half of the histories
	if os.Getenv("PHIVAULT_SLOW") != "" {
		n = "400" // -rapid.checks 1500 makes it thousands, in a quarter of an hour
	}
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", n); err != nil {
			panic(err)
		}
	}
	// A history leaves nothing behind: collecting after every few megabytes would
	// be a third of what it costs.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(256 << 20)
	os.Exit(m.Run())
}

// flaky fails after some calls, a Put either before or after it took effect.
type flaky struct {
	remote.Remote
	left  int
	after bool
}

var errCut = errors.New("the line was cut")

func (f *flaky) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if f.left--; f.left < 0 {
		return nil, 0, errCut
	}
	return f.Remote.Get(ctx, n)
}

func (f *flaky) Put(ctx context.Context, n remote.Name, r io.Reader, size int64) error {
	if f.left--; f.left < 0 {
		if f.after {
			_ = f.Remote.Put(ctx, n, r, size)
		}
		return errCut
	}
	return f.Remote.Put(ctx, n, r, size)
}

// known are the errors that a history may bring without a cheating host.
func known(err error) bool {
	if err == nil {
		return true
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			if !known(e) {
				return false
			}
		}
		return true
	}
	return errors.Is(err, errCut) || errors.Is(err, journal.ErrWaiting)
}

// TestHistoriesConverge lets devices import, edit and delete at random, sync over
// a line that is cut, with two remotes, by wrong clocks, crash, draw fresh keys, join
// late and are removed. At the end all agree, and what was pushed whole is everywhere.
func TestHistoriesConverge(t *testing.T) {
	for _, half := range []string{"one half", "the other"} { // one on each core
		t.Run(half, func(t *testing.T) {
			t.Parallel()
			histories(t)
		})
	}
}

// objects counts what lies at remotes.
func objects(remotes []*memory.Remote) (n int) {
	for _, r := range remotes {
		for range r.List(context.Background(), remote.Space{}) {
			n++
		}
	}
	return n
}

func histories(t *testing.T) {
	base := Scratch(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		dir := fmt.Sprintf("%s/%d", base, n)
		defer os.RemoveAll(dir)
		// Old databases are put back only with one remote: with two, a copy that
		// meets another remote than the original did is a fork, and is to be one.
		remotes := []*memory.Remote{memory.New(), memory.New()}[:rapid.IntRange(1, 2).Draw(rt, "remotes")]
		devices := []*Device{Found(rt, dir, "a")}
		defer func() {
			for _, d := range devices {
				d.Close()
			}
		}()
		for i, role := range []uint8{segment.RoleOwner, segment.RoleMember} {
			devices = append(devices, Join(rt, devices[0], remotes[0], dir, fmt.Sprint("b", i), role))
		}
		acknowledged := map[string][]*Device{} // by whom
		removed := map[*Device]bool{}
		unsent := map[*Device][]string{}
		saved, restored := map[*Device]int{}, map[*Device]bool{}
		rekeyed := 0
		sync := func(d *Device, which int, r remote.Remote) bool {
			err := Sync(context.Background(), d.Journal, fmt.Sprint("r", which), r)
			if !known(err) && !(restored[d] && errors.Is(err, journal.ErrRestored)) {
				rt.Fatalf("%s: %v", d.Name, err)
			}
			if err == nil && !removed[d] {
				for _, v := range unsent[d] {
					acknowledged[v] = append(acknowledged[v], d)
				}
				delete(unsent, d)
			}
			return err == nil
		}
		rt.Repeat(map[string]func(*rapid.T){
			"edit": func(rt *rapid.T) {
				d := devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")]
				v := rapid.IntRange(1, 6).Draw(rt, "value")
				doc := fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"pulse"},"valueInteger":%d}`, rapid.IntRange(0, 3).Draw(rt, "id"), v)
				// What is here already is no write of this device's: it goes with the
				// one who wrote it, when that one turns out to be removed.
				if !d.Has(rt, doc) {
					unsent[d] = append(unsent[d], doc)
				}
				d.Add(rt, doc)
			},
			"delete": func(rt *rapid.T) {
				devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")].Delete(rt, "Observation", fmt.Sprint("o", rapid.IntRange(0, 3).Draw(rt, "id")))
			},
			"sync": func(rt *rapid.T) {
				which := rapid.IntRange(0, len(remotes)-1).Draw(rt, "remote")
				sync(devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")], which, remotes[which])
			},
			"cut": func(rt *rapid.T) {
				which := rapid.IntRange(0, len(remotes)-1).Draw(rt, "remote")
				f := &flaky{remotes[which], rapid.IntRange(0, 12).Draw(rt, "calls"), rapid.Bool().Draw(rt, "after")}
				sync(devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")], which, f)
			},
			"crash": func(rt *rapid.T) {
				devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")].Crash(rt)
			},
			// Clocks are wrong by years, go back, and decide nothing.
			"clock": func(rt *rapid.T) {
				d := devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")]
				shift := time.Duration(rapid.IntRange(-200_000, 200_000).Draw(rt, "hours")) * time.Hour
				d.Clock = func() time.Time { return time.Now().Add(shift) }
				d.Crash(rt) // opens it with that clock
			},
			// What the owner had not seen of a device that it removes is not kept.
			"remove": func(rt *rapid.T) {
				who := devices[rapid.IntRange(0, 1).Draw(rt, "owner")]
				d := devices[rapid.IntRange(2, len(devices)-1).Draw(rt, "device")]
				if removed[d] || len(removed) > 1 || !rapid.Bool().Draw(rt, "really") {
					rt.Skip("not now")
				}
				err := who.Journal.Remove(context.Background(), d.Keys.ID())
				if errors.Is(err, journal.ErrNotMember) || errors.Is(err, vault.ErrUsage) || errors.Is(err, journal.ErrRestored) {
					rt.Skip("the owner is behind")
				}
				check(rt, err)
				removed[d] = true
				for doc, by := range acknowledged {
					if !who.Has(rt, doc) && !slices.ContainsFunc(by, func(w *Device) bool { return w != d }) {
						delete(acknowledged, doc)
					}
				}
			},
			// As the command does it: after a sync with every remote, or not at all.
			"rekey": func(rt *rapid.T) {
				d := devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")]
				if rekeyed == 2 || removed[d] || rapid.IntRange(0, 3).Draw(rt, "really") > 0 {
					rt.Skip("not now")
				}
				for i, r := range remotes {
					if !sync(d, i, r) {
						rt.Skip("a remote does not answer")
					}
				}
				if d.Journal.MayEnd() != nil {
					rt.Skip("it waits, or was removed")
				}
				d.Rekey(rt)
				delete(saved, d) // opens with other keys
				rekeyed++
			},
			"save": func(rt *rapid.T) {
				d := devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")]
				saved[d] = d.Save(rt)
			},
			"restore": func(rt *rapid.T) {
				d := devices[rapid.IntRange(0, len(devices)-1).Draw(rt, "device")]
				if saved[d] == 0 || len(remotes) > 1 {
					rt.Skip("nothing to restore")
				}
				d.Restore(rt, saved[d])
				restored[d] = true
				delete(unsent, d)
			},
			"join": func(rt *rapid.T) {
				if len(devices) == 5 {
					rt.Skip("enough devices")
				}
				// Another owner than the founder may invite, once it is one.
				who := devices[rapid.IntRange(0, 1).Draw(rt, "owner")]
				if !sync(who, 0, remotes[0]) || len(who.Journal.Members()) < 2 {
					rt.Skip("the owner is behind")
				}
				devices = append(devices, Join(rt, who, remotes[0], dir, fmt.Sprint("c", len(devices)), segment.RoleMember))
			},
		})
		// Fields of the own Join use the remote name "r"; here both have names of
		// their own, so the last rounds also bring what only "r" had seen.
		for range 6 {
			before := objects(remotes)
			for i, r := range remotes {
				for _, d := range devices {
					sync(d, i, r)
				}
			}
			if objects(remotes) == before { // what there is has been there for everybody
				break
			}
		}
		// A restored copy that is behind what its device published knows it by now,
		// publishes nothing, and is no part of what follows.
		devices = slices.DeleteFunc(devices, func(d *Device) bool {
			st, err := d.Journal.Status(context.Background())
			check(rt, err)
			if st.Restored && !restored[d] {
				rt.Fatalf("%s takes itself for a restored copy", d.Name)
			}
			if st.Restored {
				d.Close()
			}
			return st.Restored
		})
		if len(devices) == 0 {
			return
		}
		devices = slices.DeleteFunc(devices, func(d *Device) bool {
			if removed[d] {
				d.Close()
			}
			return removed[d]
		})
		if len(devices) == 0 {
			return
		}
		want := devices[0].Contents(rt)
		for _, d := range devices {
			if got := d.Contents(rt); got != want {
				rt.Fatalf("%s differs:\n%s\n%s", d.Name, want, got)
			}
			st, err := d.Journal.Status(context.Background())
			check(rt, err)
			if len(st.Held)+len(st.Floors)+st.Forks > 0 || st.Quarantined > 0 && len(removed) == 0 || st.Restored {
				rt.Fatalf("%s: %+v", d.Name, st)
			}
			d.Verify(rt)
			for doc := range acknowledged {
				if !d.Has(rt, doc) {
					rt.Fatalf("%s lost %s", d.Name, doc)
				}
			}
		}
		if len(acknowledged) > 0 && !strings.Contains(want, "pulse") {
			rt.Fatalf("nothing arrived")
		}
	})
}
