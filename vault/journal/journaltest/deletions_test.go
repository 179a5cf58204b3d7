package journaltest

import (
	"context"
	"errors"
	"fmt"
	"testing"

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
