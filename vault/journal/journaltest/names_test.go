package journaltest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

func namesOf(d *Device) (out string) {
	for _, m := range d.Journal.Members() {
		out += m.Name + ","
	}
	return out
}

func TestDevicesAreRenamedApartAndAgree(t *testing.T) {
	ctx, dir, r := context.Background(), t.TempDir(), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	c := Join(t, a, r, dir, "c", segment.RoleOwner)
	defer c.Close()
	rename := func(by, who *Device, name string) error { return by.Journal.Rename(ctx, who.Keys.ID(), name) }
	settled := func(want string) {
		t.Helper()
		for range 2 {
			for _, d := range []*Device{a, b, c} {
				check(t, d.Sync(r))
			}
		}
		for _, d := range []*Device{a, b, c} {
			if got := namesOf(d); got != want {
				t.Errorf("%s calls them %s, want %s", d.Name, got, want)
			}
		}
	}
	settled(",b,c,")
	check(t, rename(a, a, "home"))
	check(t, rename(b, b, "b itself"))
	check(t, rename(c, b, "b by c"))
	check(t, rename(a, b, "b by a")) // apart: the most senior's
	settled("home,b by a,c,")
	check(t, rename(b, b, "b again")) // after it: the later one
	check(t, rename(c, a, "kitchen"))
	settled("kitchen,b again,c,")
	// As they were after the journal is opened anew.
	b.Crash(t)
	if got := namesOf(b); got != "kitchen,b again,c," {
		t.Errorf("after a crash: %s", got)
	}
	for what, err := range map[string]error{"a member": rename(b, c, "x")} {
		if !errors.Is(err, journal.ErrNotMember) {
			t.Errorf("%s names another: %v", what, err)
		}
	}
	for _, name := range []string{"", strings.Repeat("x", 257), "\xff"} {
		if err := rename(a, a, name); !errors.Is(err, vault.ErrUsage) {
			t.Errorf("%s: %v", fmt.Sprintf("%.10q", name), err)
		}
	}
	// The same name again is no act.
	before := a.Logical(t)
	check(t, rename(a, a, "kitchen"))
	if a.Logical(t) != before {
		t.Error("the same name again is written")
	}
	check(t, a.Journal.Remove(ctx, b.Keys.ID()))
	check(t, a.Sync(r))
	_ = b.Sync(r)
	if err := rename(b, b, "gone"); !errors.Is(err, journal.ErrNotMember) {
		t.Errorf("a removed device names itself: %v", err)
	}
}
