package journaltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phivault/sync/remote/memory"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

func many(n int) (docs []string) {
	for i := range n {
		docs = append(docs, fmt.Sprintf(`{"resourceType":"Basic","id":"m%d"}`, i))
	}
	return docs
}

// deleted deletes the records from to to-1 of many.
func deleted(t *testing.T, d *Device, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if !d.Delete(t, "Basic", fmt.Sprint("m", i)) {
			t.Fatal("nothing to delete")
		}
	}
}

// Unusually many deletions do not leave a device before somebody agrees, and are not
// taken in elsewhere before somebody agrees there; what depends on them waits.
func TestAnUnusualDeletionWaitsForAWord(t *testing.T) {
	for name, parts := range map[string][]int{"at once": {60}, "in parts": {30, 60}} {
		t.Run(name, func(t *testing.T) { testUnusual(t, parts) })
	}
}

func testUnusual(t *testing.T, parts []int) {
	dir, r, ctx := Scratch(t), memory.New(), context.Background()
	a := Found(t, dir, "a")
	a.Add(t, many(120)...)
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	c := Join(t, a, r, dir, "c", segment.RoleMember)
	all := []*Device{a, b, c}
	for range 2 {
		for _, d := range all {
			defer d.Close()
			check(t, d.Sync(r))
		}
	}
	from := 0
	for _, to := range parts {
		deleted(t, b, from, to)
		if len(parts) == 1 {
			objects := objectsOf(r, b)
			if err := b.Sync(r); !errors.Is(err, journal.ErrDeletions) || objectsOf(r, b) != objects {
				t.Fatalf("they left: %v", err)
			}
			d, unusual, err := b.Journal.OwnDeletions(ctx)
			if err != nil || !unusual || d.Records != 60 || d.Live != 120 {
				t.Errorf("%v %v %+v", err, unusual, d)
			}
			b.Journal.ConfirmOwn()
		}
		check(t, b.Sync(r))
		from = to
	}
	b.Add(t, pulse)
	check(t, b.Sync(r))
	c.Journal.ConfirmAll()
	check(t, c.Sync(r))
	if c.Contents(t) != b.Contents(t) {
		t.Fatal("a confirmed deletion did not arrive")
	}
	c.Add(t, `{"resourceType":"Basic","id":"cites"}`)
	check(t, c.Sync(r))
	for range 2 {
		check(t, a.Sync(r))
		st, err := a.Journal.Status(ctx)
		if err != nil || len(st.Deletions) != 1 || st.Deletions[0].Letter != "B" || st.Deletions[0].Records != int64(60/len(parts)) {
			t.Fatalf("%v %+v", err, st.Deletions)
		}
		if _, live, err := a.Store.Live(ctx, nil); err != nil || live != 60+st.Deletions[0].Records {
			t.Fatalf("%d are live: %v", live, err)
		}
		if a.Has(t, pulse) || a.Has(t, `{"resourceType":"Basic","id":"cites"}`) {
			t.Fatal("what depends on it was applied")
		}
		a.Crash(t)
	}
	check(t, a.Sync(r))
	st, err := a.Journal.Status(ctx)
	check(t, err)
	check(t, a.Journal.Confirm(ctx, st.Deletions[0].Place))
	check(t, a.Sync(r))
	if a.Contents(t) != c.Contents(t) {
		t.Errorf("they differ after it was confirmed:\n%s\n%s", a.Contents(t), c.Contents(t))
	}
	if st, err = a.Journal.Status(ctx); err != nil || len(st.Deletions)+len(st.Held) > 0 {
		t.Errorf("%v %+v", err, st)
	}
	// One who joins now is not asked about what was settled before.
	f := Join(t, a, r, dir, "f", segment.RoleMember)
	defer f.Close()
	check(t, f.Sync(r))
	if f.Contents(t) != a.Contents(t) {
		t.Error("a new device is asked about the past")
	}
	a.Verify(t)
}

func objectsOf(r *memory.Remote, d *Device) (n int) {
	for range r.List(context.Background(), segment.Space(d.VaultID())) {
		n++
	}
	return n
}

// A usual deletion passes: 50, or one in twenty.
func TestAUsualDeletionPasses(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	a.Add(t, many(60)...)
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	check(t, b.Sync(r))
	deleted(t, b, 0, 50)
	check(t, b.Sync(r))
	check(t, a.Sync(r))
	if a.Contents(t) != b.Contents(t) {
		t.Error("it was held")
	}
}

// Whoever has a member's device deletes a little in each of many syncs. However that is
// split over a week, no more takes effect than in one sync, also when the reader is
// restarted in between; and what was held stays held.
func TestManySmallDeletionsAreHeldLikeOneLarge(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		dir, host := Scratch(t), memory.New()
		a := Found(t, dir, "a")
		defer func() { a.Close() }()
		a.Clock = func() time.Time { return now }
		a.Crash(t)
		a.Add(t, many(120)...)
		b := Join(t, a, host, dir, "b", segment.RoleMember)
		defer b.Close()
		check(t, b.Sync(host))
		for gone := 0; gone < 100; {
			n := min(rapid.IntRange(1, 50).Draw(r, "deleted"), 100-gone)
			deleted(t, b, gone, gone+n)
			gone += n
			check(t, b.Sync(host))
			if rapid.Bool().Draw(r, "read") {
				check(t, a.Sync(host))
			}
			if rapid.Bool().Draw(r, "restart") {
				a.Crash(t)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(r, "minutes")) * time.Minute)
		}
		check(t, a.Sync(host))
		_, live, err := a.Store.Live(context.Background(), nil)
		if err != nil || live < 120-50 {
			t.Fatalf("%d of 120 are left: %v", live, err)
		}
		now = now.AddDate(0, 1, 0)
		check(t, a.Sync(host))
		st, err := a.Journal.Status(context.Background())
		if err != nil || len(st.Deletions) != 1 || st.Deletions[0].Before+st.Deletions[0].Records <= 50 {
			t.Fatalf("%v: %+v", err, st.Deletions)
		}
	})
}

// The same by a device that takes fresh keys in between: it is one.
func TestADeviceWithFreshKeysIsCountedAsOne(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	a.Add(t, many(150)...)
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer func() { b.Close() }()
	check(t, b.Sync(r))
	for n := range 3 {
		deleted(t, b, 40*n, 40*n+40)
		check(t, b.Sync(r))
		check(t, a.Sync(r))
		b.Rekey(t)
		check(t, b.Sync(r))
		check(t, b.Sync(r))
	}
	if _, live, err := a.Store.Live(context.Background(), nil); err != nil || live != 150-40 {
		t.Fatalf("%d of 150 are left: %v", live, err)
	}
}

// A person deletes a few records every day, for long. Nobody is ever asked.
func TestAFewDeletionsADayAreNeverHeld(t *testing.T) {
	days := 40
	if os.Getenv("PHIVAULT_SLOW") != "" {
		days = 365
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer func() { a.Close() }()
	a.Clock = func() time.Time { return now }
	a.Crash(t)
	a.Add(t, many(7*days+30)...)
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	check(t, b.Sync(r))
	for day := range days {
		deleted(t, b, 7*day, 7*day+7)
		check(t, b.Sync(r))
		check(t, a.Sync(r))
		if st, err := a.Journal.Status(context.Background()); err != nil || len(st.Deletions) > 0 {
			t.Fatalf("day %d: %v %+v", day, err, st.Deletions)
		}
		now = now.AddDate(0, 0, 1)
	}
	if _, live, err := a.Store.Live(context.Background(), nil); err != nil || live != 30 {
		t.Fatalf("%d are left: %v", live, err)
	}
}
